# The configuration, checked before anything else; paths; what each rule's one parameter holds.

import atexit
import contextlib
import logging
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

FOLDER = os.getcwd()
WORKFLOW = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
if not (WORKFLOW / "sparsetopo").is_dir():
    raise WorkflowError(
        f"sparsetopo: its rules were fetched from {workflow.current_basedir}, but their scripts need the library beside them; clone the "
        "repository and name the clone's Snakefile (docs/module.md)."
    )
sys.path.insert(0, str(WORKFLOW))

import sparsetopo
from sparsetopo.config import (
    JobResources,
    Specifications,
    cells,
    dense_cells,
    load_configuration,
)
from sparsetopo.config.layout import BASELINE, NETWORK, SCORED
from sparsetopo.config.stage_code import stage_code
from sparsetopo.errors import ConfigurationError, RunError
from sparsetopo.files import canonical_json
from sparsetopo.job_log import reason_of_failure
from sparsetopo.run_end import last_words
from sparsetopo.run_lock import claim_run, read_study
from sparsetopo.run_summary import Unfinished, summarise_unfinished

# Two modules of two clones: Python imports a package once, so one's rules would be checked by the other's library.
if not Path(sparsetopo.__file__).samefile(WORKFLOW / "sparsetopo/__init__.py"):
    raise WorkflowError(
        f"sparsetopo: the library was imported from {Path(sparsetopo.__file__).parents[1]} already, but these rules are "
        f"those of {WORKFLOW}; let all modules of one workflow name the Snakefile of one clone."
    )
# Imported by another workflow, whose run it then is: that workflow's handlers, report text and locks count.
IS_MODULE = not WORKFLOW.parent.joinpath("Snakefile").samefile(workflow.main_snakefile)

try:
    CONFIGURATION = load_configuration(config)
except ConfigurationError as error:
    raise WorkflowError(
        "The configuration is invalid:\n" + "\n".join(f"  {problem}" for problem in error.problems)
    )

# Values of --config come as text; what scripts read of the machine (device, data folder) is the checked section.
config["compute"] = CONFIGURATION.compute.model_dump()
SPECIFICATIONS = Specifications(CONFIGURATION)
JOBS = JobResources(CONFIGURATION)
ROOT = f"results/{CONFIGURATION.study}"
TRAINED_WEIGHTS_ARE_READ = CONFIGURATION.topometrics.weights == "trained"
RELEASED = CONFIGURATION.published
NETWORKS_ARE_TRAINED = CONFIGURATION.accuracies == "trained" and RELEASED is None
CHECKS = CONFIGURATION.analysis.checks
KEEP = CONFIGURATION.keep


wildcard_constraints:
    dataset=r"[^/]+",
    architecture=r"[^/]+",
    algorithm=r"[^/]+",
    sparsity=r"0\.\d+",
    seed=r"\d+",


CELLS = [] if RELEASED else list(cells(CONFIGURATION))
BASELINES = [] if RELEASED else list(dense_cells(CONFIGURATION))


def of_cells(pattern):
    """Paths of a pattern for every cell of the grid; none if the authors' released results are analysed."""
    return [f"{ROOT}/{pattern}".format(**vars(cell)) for cell in CELLS]


def of_baselines(pattern):
    """Paths of a pattern for every dense baseline; likewise."""
    return [
        f"{ROOT}/{pattern}".format(dataset=dataset, architecture=architecture, seed=seed)
        for dataset, architecture, seed in BASELINES
    ]


def of_pairs(pattern):
    """Paths of a pattern for every (data set, architecture)."""
    return sorted(set(of_baselines(pattern)))


def weights_of(results):
    """Paths of the weights that lie beside the results of training."""
    return [path.removesuffix("json") + "safetensors" for path in results]


def kept(path, wanted):
    """The path of an output; one that Snakemake deletes once no job needs it any more, unless it is wanted."""
    return path if wanted else temp(path)


DATA = of_pairs("data/{dataset}.safetensors")
PLANS = of_pairs("plans/{dataset}/{architecture}.json")
SCORES = sorted(
    {
        f"{ROOT}/scores/{SCORED}.safetensors".format(**vars(cell))
        for cell in CELLS
        if SPECIFICATIONS.is_scored_once(cell.algorithm)
    }
)
MASKS = of_cells(f"masks/{NETWORK}.safetensors")
# With published accuracies nothing is trained.
DENSE_RESULTS = of_baselines(f"dense/{BASELINE}.json") if NETWORKS_ARE_TRAINED else []
DENSE_WEIGHTS = weights_of(DENSE_RESULTS) if KEEP.dense_weights else []
TRAINING_RESULTS = of_cells(f"trained/{NETWORK}.json") if NETWORKS_ARE_TRAINED else []
TRAINED = weights_of(TRAINING_RESULTS) if KEEP.trained_weights else []
MGES = of_cells(f"mges/{NETWORK}.safetensors")
# Weights that are not kept must have been read before they are deleted, or they would be trained a second time.
READERS_OF_TRAINED = MGES if TRAINED_WEIGHTS_ARE_READ and not KEEP.trained_weights else []
TOPOMETRICS = of_cells(f"topometrics/{NETWORK}.json")
LAYERS_ARE_MEASURED = CONFIGURATION.layers.measure
LAYERS = of_cells(f"layers/{NETWORK}.json") if LAYERS_ARE_MEASURED else []


# Computed once a parse, not once a job.
CODE = stage_code(WORKFLOW / "scripts")


def own_file(wildcards):
    """A user's own file of arrays, so that an edit of it is noticed. If it is missing, the job says so."""
    path = os.path.expanduser(SPECIFICATIONS.dataset(wildcards.dataset).options.get("file", ""))
    # Local: a module's prefix is for what the workflow writes.
    return local(path) if os.path.isfile(path) else []


def scores_or_data(wildcards):
    """What a mask is made from."""
    if SPECIFICATIONS.is_scored_once(wildcards.algorithm):
        return {"scores": f"{ROOT}/scores/{SCORED}.safetensors".format(**wildcards)}
    return {"data": f"{ROOT}/data/{wildcards.dataset}.safetensors"}


def gpus_to_prune(wildcards):
    """Selecting from scores, and drawing at random, needs none."""
    return JOBS.gpu("prune") if SPECIFICATIONS.prunes_on_the_device(wildcards.algorithm) else 0


def trained_weights(wildcards):
    """The weights file, unless the graphs carry the initial weights (which follow from the seed)."""
    return f"{ROOT}/trained/{NETWORK}.safetensors" if TRAINED_WEIGHTS_ARE_READ else []


def memory(rule):
    """MB that a rule's jobs ask for, as a function of the job."""
    return lambda wildcards, attempt: JOBS.mem_mb(rule, dict(wildcards), attempt)


def minutes(rule):
    """Time limit of a rule's jobs, as a function of the job."""
    return lambda wildcards, attempt: JOBS.runtime(rule, dict(wildcards), attempt)


def figure(name):
    """The figure's SVG, marked for Snakemake's report."""
    return report(
        f"{ROOT}/figures/{name}.svg",
        category="Figures",
        caption=f"../report/{name}_figure.rst",
        labels={"figure": name},
    )


def table(name):
    """A table, marked for Snakemake's report."""
    return report(
        f"{ROOT}/tables/{name}.csv",
        category="Tables",
        caption=f"../report/{name}.rst",
        labels={"table": name},
    )


def of_stage(stage):
    """The one parameter of an analysis."""
    return lambda wildcards: canonical_json(SPECIFICATIONS.analysis(stage) | CODE[stage])


def known_since(wildcards):
    """An empty file as old as Snakemake's own notes on this study, which tables are made from.

    Where the notes are missing (`.snakemake` was deleted, the results were copied here) Snakemake would take all
    results for good. They are older than this file then, so the tables are made anew, and `collect` checks the rest.
    """
    path = Path(f".snakemake/sparsetopo.{CONFIGURATION.study}.since")
    networks = (rules.released if RELEASED else rules.collect).output.networks
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.touch()
    elif (
        workflow.is_main_process
        and os.path.exists(networks)
        and workflow.persistence.metadata(networks) is None
    ):
        path.touch()
    # Local: a module's prefix is for what the workflow writes.
    return local(str(path))


def hold_the_study():
    """Hold the study's lock for as long as this process lives; where another run has it, say so and stop."""
    plugin = workflow.executor_plugin
    executor = "local" if plugin.common_settings.local_exec else plugin.name
    try:
        claim_run(CONFIGURATION.study, executor)
    except RunError as error:
        raise WorkflowError(str(error)) from None


def calm_scheduler():
    """Take away Snakemake's default limit of 100 jobs a second, which no run here comes near.

    While there is a limit (9.27), every look at the ready jobs brings on another a second later, and so does every job
    that ends: after some hundred jobs the scheduler takes half a core, and more later. A limit of the user's stays.
    """
    scheduler = workflow.scheduler
    limit = getattr(scheduler, "job_rate_limiter", None)
    if limit is not None and (limit.max_jobs, limit.timespan) == (100, 1):
        scheduler.job_rate_limiter = None


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


# By it a job knows whether the Snakemake that it belongs to lives.
os.environ.update(SPARSETOPO_RUN=str(os.getpid()))
# What a killed run left locked is free again; a job's own process leaves that to the run it belongs to.
if workflow.is_main_process:
    read_study(CONFIGURATION.study, is_module=IS_MODULE)
if workflow.is_main_process and not IS_MODULE:
    atexit.register(say_last_words)
    # On a full disk every message of Snakemake would bring a traceback, since its log cannot be written.
    logging.raiseExceptions = False
