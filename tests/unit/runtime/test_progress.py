"""How far a run is, from what Snakemake says of its jobs."""

import os

import pytest

from sparsetopo.runtime.progress import RunProgress

LOG = "2026-01-01 10:00:00,000 INFO begun\n2026-01-01 10:00:01,000 ERROR the disk is full.\n"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run_one(progress: RunProgress, clock: Clock, job: int, rule: str, seconds: float) -> bool:
    progress.started(job, rule, {})
    clock.now += seconds
    return progress.finished(job)


def test_targets_that_only_collect_are_no_jobs(clock):
    progress = RunProgress({"train": 2, "all": 1, "all_train": 1, "mine_all": 1}, clock)
    progress.started(9, "all", {})
    assert (progress.total, progress.text()) == (2, "0 of 2 jobs")
    assert not progress.finished(9)


def test_no_time_is_told_before_most_jobs_are_of_measured_stages(clock):
    progress = RunProgress({"data": 1, "train": 10}, clock)
    run_one(progress, clock, 1, "data", 5)
    progress.started(2, "train", {})
    clock.now += 30
    assert progress.text() == "1 of 11 jobs, running train 1"


def test_time_left_counts_what_jobs_at_once_take_together(clock):
    progress = RunProgress({"train": 10, "report": 1}, clock)
    progress.started(1, "train", {})
    progress.started(2, "train", {})
    clock.now += 60
    progress.finished(1)
    progress.finished(2)
    progress.started(3, "train", {})
    progress.started(4, "train", {})
    # Each pair takes 60 s: eight more are 240 s; of the report nothing is known.
    assert progress.text() == "2 of 11 jobs, more than 4 min left, running train 2"
    clock.now += 60
    assert progress.text() == "2 of 11 jobs, more than 3 min left, running train 2"
    clock.now += (
        600  # far longer than the others: what they still need is unknown, the others' time is not
    )
    assert progress.text() == "2 of 11 jobs, more than 3 min left, running train 2"


def test_earlier_runs_tell_the_time_until_this_one_has_measured(tmp_path, clock):
    folder = tmp_path / "results/tiny/benchmarks"
    for path, seconds in (("train/a.tsv", 100), ("train/b.tsv", 140), ("report.tsv", 60)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"s\th:m:s\n{seconds}.0\t0:00:00\n")
    (folder / "train/cut.tsv").write_text("s\th:m")
    progress = RunProgress({"train": 4, "report": 1}, clock)
    progress.started(1, "train", {}, str(folder / "train/a.tsv"))
    assert progress.text() == "0 of 5 jobs, about 9 min left, running train 1"
    clock.now += 10
    progress.finished(1)
    progress.started(2, "train", {}, str(folder / "train/b.tsv"))
    assert progress.text() == "1 of 5 jobs, about 90 s left, running train 1".replace(
        "90 s", "2 min"
    )


def test_a_failed_job_is_named_with_the_reason_of_its_log(tmp_path, clock):
    log = tmp_path / "results/tiny/logs/train/seed-0.log"
    log.parent.mkdir(parents=True)
    log.write_text(LOG)
    os.utime(log, (clock.now + 5, clock.now + 5))
    progress = RunProgress({"train": 2, "report": 1}, clock)
    progress.started(1, "train", {"dataset": "digits", "seed": "0"})
    failure = progress.failed(1, "train", [str(log)], "")
    assert failure == (f"failed: train (dataset digits, seed 0): the disk is full. [{log}]", True)
    assert progress.text() == "0 of 3 jobs, 1 failed"
    progress.started(1, "train", {"dataset": "digits", "seed": "0"})
    assert progress.text() == "0 of 3 jobs, running train 1"


def test_of_a_job_without_a_reason_a_cluster_says_what_it_knows(clock):
    progress = RunProgress({"theirs": 1}, clock)
    progress.is_queued = True
    progress.started(1, "theirs", {})
    assert progress.text() == "0 of 1 jobs, submitted theirs 1"
    told = "SLURM-job '7' failed.For further error details see the cluster/cloud log and the log files of the involved rule(s)."
    assert progress.failed(1, "theirs", ["theirs.log"], told) == (
        "failed: theirs: SLURM-job '7' failed. [theirs.log]",
        False,
    )
    assert progress.end() == "0 of 1 jobs done, 1 failed, in 0 s."


def test_a_log_of_another_run_says_nothing_about_this_one(tmp_path, clock):
    log = tmp_path / "results/tiny/logs/train.log"
    log.parent.mkdir(parents=True)
    log.write_text(LOG)
    os.utime(log, (clock.now - 60, clock.now - 60))
    failure = RunProgress({"train": 1}, clock).failed(1, "train", [str(log)], "")
    assert failure == (f"failed: train [{log}]", False)


@pytest.mark.parametrize("total", [7, 20, 719])
def test_lines_are_asked_for_at_each_twentieth(total, clock):
    progress = RunProgress({"train": total}, clock)
    lines = sum(run_one(progress, clock, job, "train", 1) for job in range(total))
    assert lines == min(total, 20)
