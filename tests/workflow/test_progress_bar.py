"""The logger plugin `sparsetopo`: what is printed of Snakemake's records, in a terminal and in a file."""

import io
import logging
import os
import pty
import re
import subprocess
from copy import deepcopy
from pathlib import Path

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from tests.workflow.conftest import ROOT, Study
from tests.workflow.faults import fault

from snakemake_logger_plugin_sparsetopo.printer import Printer
from sparsetopo.config import load_configuration
from sparsetopo.config.stages import stage_code
from sparsetopo.config.status import study_status
from sparsetopo.config.status.sentences import status_lines

LOG = "2026-01-01 10:00:00,000 INFO begun\n2026-01-01 10:00:01,000 ERROR the disk is full.\n"
COMMAND = "RuleException:\nCalledProcessError in file \"x.smk\", line 4:\nCommand 'python x.prune.py' returned ..."


class Screen(io.StringIO):
    """A file, or something that says it is a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def record(event: LogEvent | None = None, message: str = "", **fields: object) -> logging.LogRecord:
    level = logging.ERROR if event in (LogEvent.JOB_ERROR, LogEvent.ERROR) else logging.INFO
    return logging.makeLogRecord(
        {"msg": message, "levelno": level, "levelname": logging.getLevelName(level), "event": event}
        | fields
    )


def begins(job: int, seed: int = 0) -> logging.LogRecord:
    wildcards = {"algorithm": "snip", "seed": str(seed)}
    return record(
        LogEvent.JOB_INFO, jobid=job, rule_name="prune", wildcards=wildcards, benchmark=None
    )


def fails(job: int, log: Path | str, indent: bool = False) -> logging.LogRecord:
    return record(LogEvent.JOB_ERROR, **failed(job, log), indent=indent)


def failed(job: int, log: Path | str) -> dict[str, object]:
    return {"jobid": job, "rule_name": "prune", "log": [str(log)], "rule_msg": None}


def ends(job: int) -> logging.LogRecord:
    return record(LogEvent.JOB_FINISHED, f"Finished jobid: {job}", job_id=job)


def run_info(jobs: int) -> logging.LogRecord:
    return record(
        LogEvent.RUN_INFO, "Job stats: ...", stats={"prune": jobs, "all": 1, "total": jobs + 1}
    )


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("SPARSETOPO_SAYS_WHY", "")  # so that it is put back
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def log(tmp_path) -> Path:
    path = tmp_path / "results/tiny/logs/prune/seed-1.log"
    path.parent.mkdir(parents=True)
    path.write_text(LOG)
    return path


def printed(records: list[logging.LogRecord], is_terminal: bool = False, **options: bool) -> str:
    screen = Screen(is_terminal)
    printer = Printer(screen, **options)
    for entry in records:
        printer.handle(entry)
    printer.close()
    return screen.getvalue()


def a_run(log: Path) -> list[logging.LogRecord]:
    """What Snakemake sends of a run of 40 jobs of which one fails."""
    records = [
        record(LogEvent.WORKFLOW_STARTED),
        record(message="Building DAG of jobs..."),
        record(LogEvent.RESOURCES_INFO, "Provided cores: 2", cores=2),
        run_info(40),
    ]
    for job in range(40):
        records += [record(message="Select jobs to execute..."), begins(job, job)]
        if job == 1:
            records += [record(LogEvent.ERROR, COMMAND), fails(job, log)]
        else:
            records += [ends(job), record(LogEvent.PROGRESS, done=job, total=41)]
    summary = record(message="\nThe study is not complete.")
    return [
        *records,
        record(message="Exiting because a job execution failed. Look above for error messages"),
        summary,
        record(message="Complete log(s): x.log"),
        record(message="Elapsed time: 0:01"),
        record(LogEvent.ERROR, "WorkflowError:\nAt least one job did not complete successfully."),
    ]


def test_in_a_file_a_run_takes_a_line_for_each_twentieth_and_one_for_each_failure(log):
    lines = printed(a_run(log)).splitlines()
    # Of a large grid that takes a while: a sign of life.
    assert lines[:2] == ["Building DAG of jobs...", "40 jobs to run."]
    assert f"failed: prune (algorithm snip, seed 1): the disk is full. [{log}]" in lines
    steps = [line for line in lines if re.fullmatch(r"\d+ of 40 jobs, 1 failed", line)]
    assert steps == [f"{done} of 40 jobs, 1 failed" for done in range(2, 39, 2)]
    assert lines[-3:] == ["39 of 40 jobs done, 1 failed, in 0 s.", "", "The study is not complete."]
    assert len(lines) == 2 + 1 + len(steps) + 3


def test_in_a_terminal_the_bar_is_gone_at_the_end_and_failures_stay(log):
    shown = printed(a_run(log), is_terminal=True, no_color=True)
    assert "━━━━" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert f"failed: prune (algorithm snip, seed 1): the disk is full. [{log}]" in plain
    assert plain.endswith("39 of 40 jobs done, 1 failed, in 0 s.\n\nThe study is not complete.\n")
    assert "\x1b[?25h" in shown  # the cursor is shown again


def test_without_progress_only_failures_are_printed(log):
    lines = printed(a_run(log), has_progress=False).splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("failed: prune")


def test_what_snakemake_knows_is_printed_where_the_log_says_nothing():
    text = printed(
        [run_info(2), begins(1), record(LogEvent.ERROR, COMMAND), fails(1, "theirs.log")]
    )
    assert COMMAND in text
    assert "failed: prune (algorithm snip, seed 0) [theirs.log]" in text


def test_of_a_failed_group_the_job_is_named_whose_log_says_why(log, tmp_path):
    group = record(
        LogEvent.GROUP_ERROR,
        job_error_info=[failed(1, tmp_path / "results/tiny/logs/none.log"), failed(2, log)],
        aux_logs=["slurm.log"],
    )
    jobs = [fails(1, "x", indent=True), fails(2, log, indent=True)]
    text = printed([run_info(2), begins(1, 1), begins(2, 2), group, *jobs])
    assert text.count("failed: ") == 1
    assert "0 of 2 jobs done, 1 failed, in" in text
    assert "failed: prune (algorithm snip, seed 2): the disk is full." in text


def test_a_job_that_is_tried_again_does_not_count_as_failed(log):
    again = record(message="Trying to restart job 1.")
    text = printed([run_info(1), begins(1), fails(1, log), again, begins(1), ends(1)])
    assert "  It is tried again.\n" in text
    assert text.endswith("1 of 1 jobs done, in 0 s.\n")


def test_jobs_that_ctrl_c_ends_are_left_to_the_summary(log):
    stop = record(message="Terminating processes on user request, this might take some time.")
    text = printed([run_info(2), begins(1), stop, record(LogEvent.ERROR, COMMAND), fails(1, log)])
    assert text.splitlines()[1:] == ["0 of 2 jobs done, in 0 s.", stop.getMessage()]


def test_other_messages_are_printed_as_they_are():
    error = record(LogEvent.ERROR, "WorkflowError:\nThe configuration is invalid: [x]")
    nothing = record(message="Nothing to be done (all requested files are present and up to date).")
    assert printed([error, nothing]) == f"{error.getMessage()}\n{nothing.getMessage()}\n"


def in_terminal(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Exit status of a command, and what a terminal got of it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT
    ) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        status = process.wait()
    os.close(ours)
    return status, b"".join(parts).decode(errors="replace")


@pytest.mark.middle
def test_a_study_with_a_job_that_fails_and_its_status(tmp_path, monkeypatch):
    study = Study(tmp_path)
    study.values["grid"] |= {"algorithms": ["uniform"], "sparsities": ["0.9"]}
    study.values["topometrics"] = {"weights": "initial"}  # nothing is trained before the encoding
    path = os.pathsep.join(filter(None, [str(ROOT / "workflow"), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", path)
    wanted = ("all_encode", "--logger", "sparsetopo")
    done = study.run(*wanted, **fault(tmp_path, "/mges/"))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    log = "results/tiny/logs/encode/digits/Resnet-20/uniform/0.9/seed-0.log"
    named = "encode (dataset digits, architecture Resnet-20, algorithm uniform, sparsity 0.9, seed 0): OSError: "
    assert "4 jobs to run." in lines
    (failure,) = (line for line in lines if line.startswith(f"failed: {named}"))
    assert failure.endswith(f"[{log}]")
    assert "3 of 4 jobs done, 1 failed, in" in done.stderr
    assert f"  {named}" in done.stderr.split("The study is not complete.")[1]
    # The job's own words would be the second time, and break the bar.
    assert len(lines) <= 20, done.stderr
    assert "Traceback" not in done.stderr

    monkeypatch.chdir(study.folder)
    configuration = load_configuration(deepcopy(study.values))
    code = stage_code(ROOT / "workflow/scripts")

    def said() -> list[str]:
        return status_lines(study_status(configuration, code, Path("results")))

    lines = said()
    assert lines[1] == "No run is going."
    assert any(re.fullmatch(r"  encode +0 of 1   1 failed", line) for line in lines)
    assert any(re.fullmatch(r"  prune +1 of 1", line) for line in lines)
    assert lines[lines.index("Failed:") + 1].startswith(f"  {named}")
    assert lines[lines.index("Failed:") + 2] == f"    {log}"
    assert not any(line.startswith("Out of date") for line in lines)

    status, text = in_terminal(study.command(*wanted), os.environ | {"TERM": "xterm"})
    assert status == 0, text
    assert "━━━━" in text
    assert re.search(r"running encode 1", text)
    assert "1 of 1 jobs done, in" in text
    assert any(re.fullmatch(r"  encode +1 of 1", line) for line in said())


def test_the_status_knows_every_job_of_the_workflow(study):
    """The jobs of the status are those that Snakemake plans."""
    from sparsetopo.config.expected_results import expected_results
    from sparsetopo.config.status.jobs import study_jobs

    configuration = load_configuration(deepcopy(study.values))
    code = stage_code(ROOT / "workflow/scripts")
    jobs = study_jobs(configuration, expected_results(configuration, code))
    planned = study.planned()
    counted = {stage: sum(job.stage == stage for job in jobs) for stage in {j.stage for j in jobs}}
    assert counted == {rule: len(cells) for rule, cells in planned.items()}
