"""How far a study is, and what failed and why, from its files, locks and logs; nothing is written or started."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sparsetopo.config.expected_results import ExpectedResult, expected_results
from sparsetopo.config.schema import Configuration
from sparsetopo.config.stages import StageName
from sparsetopo.config.stale import stale_results
from sparsetopo.config.status.jobs import Job, study_jobs
from sparsetopo.errors import SparsetopoError
from sparsetopo.runtime.durations import TimeLeft, mean_seconds, time_left
from sparsetopo.runtime.job_log import KILLED, STOPPED, reason_of_failure
from sparsetopo.runtime.run_lock import Run, last_run
from sparsetopo.runtime.run_summary import Unfinished

_LOOK_SECONDS = 0.5
"""How long the records of results are looked at: of thousands, only as many as that allows."""


@dataclass
class StageStatus:
    """How many jobs of a stage there are, and how far they are."""

    wanted: int = 0
    done: int = 0
    older: int = 0  # their results are there, but older than what they are made from
    running: int = 0
    failed: int = 0
    newest: float = 0.0  # when its last result was written, in seconds since 1970

    @property
    def missing(self) -> int:
        """Number of jobs whose results are not there, or must be made again."""
        return self.wanted - self.done


@dataclass
class StudyStatus:
    """How far a study is."""

    study: str
    folder: Path
    run: Run | None
    stages: dict[StageName, StageStatus] = field(default_factory=dict)
    # With the paths of their logs.
    failed: list[tuple[Unfinished, Path]] = field(default_factory=list)
    # The result written last, and when (seconds since 1970).
    newest: tuple[float, Path] | None = None
    # Results that would now be made from something else, or cannot be read: paths and what is the matter.
    outdated: list[tuple[Path, str]] = field(default_factory=list)
    # How many results were looked at for that, of those that are there.
    looked_at: tuple[int, int] = (0, 0)
    left: TimeLeft | None = None

    @property
    def done(self) -> int:
        """Number of jobs that are done."""
        return sum(stage.done for stage in self.stages.values())

    @property
    def wanted(self) -> int:
        """Number of jobs that the study consists of."""
        return sum(stage.wanted for stage in self.stages.values())

    @property
    def running(self) -> int:
        """Number of jobs that are running."""
        return sum(stage.running for stage in self.stages.values())


def study_status(
    configuration: Configuration, code: Mapping[str, Mapping[str, str]], results: Path
) -> StudyStatus:
    """Find out how far a study is in the working directory.

    Parameters
    ----------
    configuration
        That of the study.
    code
        What `stage_code` returns: by it results of an older version are known.
    results
        The folder of all studies' results.
    """
    folder = results / configuration.study
    status = StudyStatus(configuration.study, folder, last_run(configuration.study))
    expected: list[ExpectedResult] = []
    if configuration.published is None:
        expected = list(expected_results(configuration, code))
    for job in study_jobs(configuration, expected):
        _note(status, job)
    _note_outdated(status, expected)
    means = mean_seconds(folder / "benchmarks", status.stages)
    remaining: dict[str, int] = {
        name: stage.missing - stage.failed for name, stage in status.stages.items()
    }
    at_once = max(status.running, 1)
    status.left = time_left(remaining, {name: mean / at_once for name, mean in means.items()})
    return status


def _note(status: StudyStatus, job: Job) -> None:
    """Count a job, and say why it failed if it did."""
    stage = status.stages.setdefault(job.stage, StageStatus())
    stage.wanted += 1
    written = [_written(status.folder / file) for file in job.files]
    there = [
        (moment, status.folder / file)
        for moment, file in zip(written, job.files, strict=True)
        if moment is not None
    ]
    if there:
        stage.newest = max(stage.newest, max(there)[0])
        status.newest = max(there + ([status.newest] if status.newest else []))
    if len(there) == len(written):
        read = [status.stages[name] for name in job.reads if name in status.stages]
        if any(before.missing or before.newest > min(there)[0] for before in read):
            stage.older += 1
        else:
            stage.done += 1
        return
    log, run = status.folder / job.log, status.run
    # What failed in an earlier run is tried again by one that is going.
    reason = reason_of_failure(log, since=run.began if run and run.is_going else 0.0)
    if reason == KILLED and run and run.is_going:
        stage.running += 1
    elif reason and reason != STOPPED and not (reason == KILLED and run and run.was_killed):
        stage.failed += 1
        status.failed.append((Unfinished(job.stage, job.cell, reason), log))


def _note_outdated(status: StudyStatus, expected: Iterable[ExpectedResult]) -> None:
    present = [result for result in expected if (status.folder / result.path).exists()]
    end = time.monotonic() + _LOOK_SECONDS
    looked = 0
    for result in present:
        if time.monotonic() > end:
            break
        looked += 1
        status.outdated.extend(_faults(status.folder, result))
    status.looked_at = (looked, len(present))


def _faults(folder: Path, result: ExpectedResult) -> Iterator[tuple[Path, str]]:
    try:
        for stale in stale_results(folder, [result]):
            yield stale.path, f"stage {stale.stage} would now make it with another {stale.key}"
    except (SparsetopoError, OSError) as error:
        if (folder / result.path).exists():  # else its job has begun again
            yield folder / result.path, str(error)


def _written(path: Path) -> float | None:
    """When a file was written, in seconds since 1970; None if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None
