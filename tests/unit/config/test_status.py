"""How far a study is, from files that a test has made up."""

import fcntl
import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from sparsetopo.config import load_configuration
from sparsetopo.config.expected_results import expected_results
from sparsetopo.config.stages import stage_code
from sparsetopo.config.status import StudyStatus, study_status
from sparsetopo.config.status.jobs import Job, study_jobs
from sparsetopo.config.status.sentences import status_lines
from sparsetopo.files import canonical_json, write_tensors
from sparsetopo.runtime.run_lock import claim_run

ROOT = Path(__file__).parents[3]
CONFIGURATION = load_configuration(yaml.safe_load((ROOT / "config/tiny.yaml").read_text()))
CODE = stage_code(ROOT / "workflow/scripts")
EXPECTED = {result.path: result for result in expected_results(CONFIGURATION, CODE)}
JOBS = study_jobs(CONFIGURATION, EXPECTED.values())
RESULTS = Path("results")
FOLDER = RESULTS / "tiny"
NOW = 2_000_000_000.0
# Date, level and last words of a log.
ENTRY = "2026-01-01 10:00:00,000 {} {}\n"


@pytest.fixture(autouse=True)
def working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sparsetopo.runtime.run_lock._HELD", {})


def make(job: Job, moment: float) -> None:
    """Write a job's results, with the record that they must have and nothing else."""
    for file in job.files:
        path = FOLDER / file
        path.parent.mkdir(parents=True, exist_ok=True)
        record = EXPECTED[file].specification if file in EXPECTED else {}
        written = {"specification": json.loads(canonical_json(record))}
        if path.suffix == ".safetensors":
            write_tensors(path, {"nothing": np.zeros(1)}, written)
        else:
            path.write_text(json.dumps(written))
        os.utime(path, (moment, moment))
    log(job, "INFO", "done; peak memory 7 MB")


def log(job: Job, level: str, message: str) -> None:
    path = FOLDER / job.log
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ENTRY.format(level, message))


def make_all(*stages_left_out: str) -> None:
    for number, job in enumerate(JOBS):
        if job.stage not in stages_left_out:
            make(job, NOW + number)


def ran(executor: str = "local") -> None:
    """A run that has ended: its lock file is there, and nobody holds it."""
    path = Path(".snakemake/sparsetopo/tiny.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"process": 1, "host": "h", "executor": executor}))


def status() -> StudyStatus:
    return study_status(CONFIGURATION, CODE, RESULTS)


def text() -> str:
    return "\n".join(status_lines(status(), NOW + 100))


def of(stage: str) -> list[Job]:
    return [job for job in JOBS if job.stage == stage]


def test_a_study_never_run_says_so_and_nothing_is_written():
    assert text() == "The study 'tiny' was never run here: results/tiny has none of its 30 results."
    assert list(Path().iterdir()) == []


def test_a_finished_study():
    make_all()
    ran()
    lines = text().splitlines()
    assert lines[0] == "Study 'tiny' (results/tiny): 30 of 30 jobs done."
    assert lines[1] == "No run is going."
    assert "  topometrics             4 of 4" in lines
    assert "Last result: results/tiny/index.html, 71 s ago." in lines
    found = status()
    assert found.left is None
    assert found.outdated == []
    assert found.looked_at == (len(EXPECTED), len(EXPECTED))


def test_failed_jobs_are_named_with_the_reason_and_their_log():
    make_all("topometrics", "collect", "report")
    ran()
    first, second, *_ = of("topometrics")
    log(first, "ERROR", "the disk is full.")
    log(second, "INFO", "begun")  # killed alone: the run ended, and left nothing locked
    make(of("topometrics")[2], NOW)
    said = text()
    assert "  topometrics             1 of 4   2 failed, 1 missing\n" in said
    assert (
        f"algorithm snip, sparsity 0.9, seed 0): the disk is full.\n    results/tiny/{first.log}\n"
        in said
    )
    assert "sparsity 0.98, seed 0): it was killed or crashed without a word" in said
    # What was made of results that are gone counts as not done.
    assert "  collect_layers          0 of 1   1 older than its inputs\n" in said
    assert "  report                  0 of 1\n" in said


def test_jobs_of_a_run_that_was_killed_or_interrupted_did_not_fail():
    make_all("train")
    ran()
    locks = Path(".snakemake/locks")
    locks.mkdir()
    (locks / "0.input.lock").write_text("results/tiny/data/digits.safetensors\n")
    first, second, *_ = of("train")
    log(first, "INFO", "begun")
    log(second, "ERROR", "interrupted")
    found = status()
    assert found.failed == []
    assert found.stages["train"].missing == 4
    assert "No run is going; the last one was killed." in text()


def test_while_a_run_is_going():
    make_all("train")
    claim_run("tiny", "local")
    began = Path(".snakemake/sparsetopo/tiny.lock").stat().st_mtime
    first, second, third, _ = of("train")
    log(first, "INFO", "begun")
    log(second, "ERROR", "the disk is full.")
    log(third, "ERROR", "of an earlier run, tried again by this one")
    os.utime(FOLDER / third.log, (began - 60, began - 60))
    found = status()
    assert found.run is not None
    assert found.run.is_going
    assert vars(found.stages["train"]) | {"newest": 0} == {
        "wanted": 4, "done": 0, "older": 0, "running": 1, "failed": 1, "newest": 0,
    }  # fmt: skip
    assert f"A run is going, by process {os.getpid()} on " in text()
    # Whoever looks takes no lock that a run would miss.
    with open(".snakemake/sparsetopo/tiny.lock") as handle, pytest.raises(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_time_left_comes_from_measured_jobs_of_each_stage():
    make_all("train", "report")
    make(of("train")[0], NOW)
    ran()
    benchmarks = FOLDER / "benchmarks"
    for stage in {job.stage for job in JOBS}:
        (benchmarks / stage).mkdir(parents=True)
        (benchmarks / stage / "seed-0.tsv").write_text("s\th:m:s\n60.0\t0:01:00\n")
    # Three of train; then the table that reads them, seven analyses and the report.
    assert "About 12 min left, one job at a time, by the time that" in text()


def test_results_of_another_configuration_or_cut_are_told():
    make_all()
    ran()
    path = FOLDER / of("topometrics")[0].files[0]
    record = json.loads(path.read_text())
    record["specification"]["code"] = "older"
    path.write_text(json.dumps(record))
    cut = FOLDER / of("dense")[0].files[0]
    cut.write_text('{"specifica')
    outdated = dict(status().outdated)
    assert outdated[path] == "stage topometrics would now make it with another code"
    assert str(cut) in outdated[cut]


def test_a_cluster_may_go_on_alone():
    make_all("train")
    ran(executor="slurm")
    assert "No run is going (its jobs on the cluster, slurm, may be)." in text()


def test_of_thousands_of_results_not_all_are_looked_at(monkeypatch):
    make_all()
    ran()
    monkeypatch.setattr("sparsetopo.config.status.study._LOOK_SECONDS", -1.0)
    assert text().endswith(f"Out of date or damaged: none of the 0 looked at, of {len(EXPECTED)}.")
