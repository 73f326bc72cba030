# One run of the study: what it holds, and what it says when it ends.

import atexit
import contextlib
import logging
import os
import sys

from snakemake.logging import logger
from snakemake.settings.types import DeploymentMethod

from sparsetopo.errors import RunError
from sparsetopo.runtime.job_log import reason_of_failure
from sparsetopo.runtime.machine import require_locks, require_plain_path
from sparsetopo.runtime.run_end import last_words
from sparsetopo.runtime.run_lock import claim_run, read_study
from sparsetopo.runtime.run_summary import Unfinished, summarise_unfinished

FOLDER = os.getcwd()


def hold_the_study():
    """Hold the study's lock for as long as this process lives; where another run has it, say so and stop."""
    plugin = workflow.executor_plugin
    executor = "local" if plugin.common_settings.local_exec else plugin.name
    try:
        claim_run(CONFIGURATION.study, executor)
    except RunError as error:
        raise WorkflowError(str(error)) from None


def what_is_missing():
    """Text for the end of a run that failed: which jobs failed and why, how many wait for those."""
    start = workflow.start_time.timestamp()
    reasons = {}
    for failed in workflow.scheduler.failed:
        said = {}
        for job in getattr(failed, "jobs", [failed]):
            # As a module: another workflow's rules log as they like.
            ours = [path for path in job.log if f"{ROOT}/logs/" in path]
            said[job] = reason_of_failure(ours[0], since=start) if ours else ""
        # A group fails as a whole: where the log of one says why, those that say nothing only wait.
        reasons |= {job: text for job, text in said.items() if text or not any(said.values())}
    return summarise_unfinished(
        (
            Unfinished(job.rule.name, dict(job.wildcards), reasons.get(job))
            for job in workflow.dag.needrun_jobs()
        ),
        f"{ROOT}/logs",
    )


def say_last_words():
    """Print what stands in the way of the study, after Snakemake's last message."""
    with contextlib.chdir(FOLDER):  # Snakemake has left it
        for words in last_words(CONFIGURATION.study):
            print(words, file=sys.stderr)


if workflow.is_main_process:
    try:
        require_locks()
        # With --sdm conda an environment's own Python is called, by its name.
        if DeploymentMethod.CONDA not in workflow.deployment_settings.deployment_method:
            require_plain_path(sys.executable)
    except RunError as error:
        raise WorkflowError(str(error)) from None

# By it a job knows whether the Snakemake that it belongs to lives.
os.environ.update(SPARSETOPO_RUN=str(os.getpid()))
# What a killed run left locked is free again; a job's own process leaves that to the run it belongs to.
if workflow.is_main_process:
    read_study(CONFIGURATION.study, is_module=IS_MODULE)
if workflow.is_main_process and not IS_MODULE:
    atexit.register(say_last_words)
    # On a full disk every message of Snakemake would bring a traceback, since its log cannot be written.
    logging.raiseExceptions = False
