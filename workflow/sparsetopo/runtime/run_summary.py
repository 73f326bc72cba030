"""What is missing at the end of a run that did not complete, and why, in a few lines."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

_NAMED = 10
"""Failed jobs that are named; the rest are counted."""


class Unfinished(NamedTuple):
    """A job that should have run and has no finished result."""

    rule: str
    cell: Mapping[str, str]  # its wildcards: data set, architecture, seed ...
    # A sentence that says why it failed, empty if that is not known; None if it only waits for others.
    reason: str | None = None


def summarise_unfinished(jobs: Iterable[Unfinished], logs: str) -> str:
    """Say in some lines which jobs failed and why, how many of each rule were not run, and where the logs are."""
    listed = list(jobs)
    # Those with a reason first: the list is cut.
    failed = [
        described(job)
        for job in sorted(
            (job for job in listed if job.reason is not None),
            key=lambda job: (not job.reason, described(job)),
        )
    ]
    waiting = Counter(job.rule for job in listed if job.reason is None and job.rule != "all")
    lines = ["", "The study is not complete."]
    if failed:
        lines.append(f"{_counted(len(failed))} failed; more is said in {logs}/ and above:")
        lines += [f"  {name}" for name in _shortened(failed)]
    if waiting:
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(waiting.items()))
        reason = "not run because of that" if failed else "not finished"
        lines.append(f"{_counted(sum(waiting.values()))} {reason}: {rules}.")
    lines.append("What was finished is kept; the same command goes on from there.\n")
    return "\n".join(lines)


def described(job: Unfinished) -> str:
    """Name a job by its rule and cell, with the reason why it failed.

    Examples
    --------
    >>> described(Unfinished("prune", {"algorithm": "snip", "seed": "0"}, "the disk is full."))
    'prune (algorithm snip, seed 0): the disk is full.'
    """
    values = ", ".join(f"{key} {value}" for key, value in job.cell.items())
    name = f"{job.rule} ({values})" if values else job.rule
    return f"{name}: {job.reason}" if job.reason else name


def _shortened(names: Sequence[str]) -> list[str]:
    more = len(names) - _NAMED
    return [*names[:_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _counted(jobs: int) -> str:
    return f"{jobs} job{'' if jobs == 1 else 's'}"
