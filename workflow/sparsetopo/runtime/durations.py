"""How long jobs took, and from that how long the rest of a study takes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

_SAMPLE = 200
"""Benchmark files read of a stage, about: thousands of small files would take seconds."""


class TimeLeft(NamedTuple):
    """Seconds that the remaining jobs take; a lower bound where some of their stages were never measured."""

    seconds: float
    is_whole: bool

    def __str__(self) -> str:
        return f"{'about' if self.is_whole else 'more than'} {in_words(self.seconds)} left"


def mean_seconds(folder: Path, stages: Iterable[str]) -> dict[str, float]:
    """Mean duration of the jobs of each stage that has finished any, from Snakemake's benchmark files in a folder."""
    means = {}
    for stage in stages:
        single = folder / f"{stage}.tsv"
        paths = [single] if single.exists() else sorted((folder / stage).rglob("*.tsv"))
        # Spread over the cells, whose order is that of data sets and architectures.
        sample = paths[:: len(paths) // _SAMPLE + 1]
        seconds = [value for path in sample if (value := _seconds(path)) is not None]
        if seconds:
            means[stage] = sum(seconds) / len(seconds)
    return means


def time_left(remaining: Mapping[str, int], costs: Mapping[str, float]) -> TimeLeft | None:
    """How long the remaining jobs take together; None while most of them are of stages without a known cost.

    Parameters
    ----------
    remaining
        Number of jobs of each stage that are not finished.
    costs
        Seconds by which a job of a stage lengthens the run: its duration, divided by the jobs that run at once.

    Examples
    --------
    >>> str(time_left({"prune": 10, "train": 20}, {"prune": 1.0, "train": 6.0}))
    'about 2 min left'
    >>> str(time_left({"train": 20, "regression": 1}, {"train": 6.0}))
    'more than 2 min left'
    >>> time_left({"prune": 10, "train": 20}, {"prune": 1.0}) is None
    True
    """
    total = sum(remaining.values())
    known = {stage: jobs for stage, jobs in remaining.items() if stage in costs}
    if not total or 2 * sum(known.values()) < total:
        return None
    seconds = sum(jobs * costs[stage] for stage, jobs in known.items())
    return TimeLeft(seconds, is_whole=sum(known.values()) == total)


def in_words(seconds: float) -> str:
    """A duration as coarse as an estimate of it deserves.

    Examples
    --------
    >>> in_words(12.3), in_words(200), in_words(5000), in_words(200_000)
    ('12 s', '3 min', '1 h 23 min', '2 d 8 h')
    """
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _seconds(path: Path) -> float | None:
    """The first column of a benchmark file; None if the file is cut or gone."""
    try:
        return float(path.read_text(encoding="utf-8").splitlines()[1].split("\t")[0])
    except (OSError, ValueError, IndexError):
        return None
