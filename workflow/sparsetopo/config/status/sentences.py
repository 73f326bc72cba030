"""How far a study is, in lines that a person reads."""

import time
from collections.abc import Iterator

from sparsetopo.config.status.study import StageStatus, StudyStatus
from sparsetopo.runtime.durations import in_words
from sparsetopo.runtime.run_summary import described

_NAMED = 10
"""Failed jobs that are named; the rest are counted."""


def status_lines(status: StudyStatus, now: float | None = None) -> list[str]:
    """Say how far a study is; `now` is in seconds since 1970."""
    now = time.time() if now is None else now
    if status.run is None and status.newest is None:
        return [
            f"The study '{status.study}' was never run here: {status.folder} has none of its {status.wanted} results."
        ]
    name = f"Study '{status.study}' ({status.folder}): {status.done} of {status.wanted} jobs done."
    width = max(map(len, status.stages))
    counts = max(len(_done(stage)) for stage in status.stages.values())
    return [
        name,
        _run(status, now),
        "",
        *(
            f"  {stage:<{width}}  {_done(counted):>{counts}}{_more(counted)}".rstrip()
            for stage, counted in status.stages.items()
        ),
        *_failures(status),
        "",
        *_ending(status, now),
    ]


def _done(stage: StageStatus) -> str:
    return f"{stage.done} of {stage.wanted}"


def _more(stage: StageStatus) -> str:
    said = [
        f"{count} {word}"
        for word, count in (
            ("running", stage.running),
            ("failed", stage.failed),
            ("older than its inputs", stage.older),
        )
        if count
    ]
    missing = stage.missing - stage.older - stage.running - stage.failed
    if missing and missing < stage.wanted:
        said.append(f"{missing} missing")
    return f"   {', '.join(said)}" if said else ""


def _run(status: StudyStatus, now: float) -> str:
    run = status.run
    if run is None:
        return "It was not run in this working directory, or .snakemake was deleted."
    if run.is_going:
        process, host = run.owner.get("process", "?"), run.owner.get("host", "?")
        began = in_words(now - run.began)
        return f"A run is going, by process {process} on {host}, for {began} now."
    if run.is_going is None:
        return "Whether a run is going cannot be told, since this file system has no locks (flock)."
    killed = "; the last one was killed" if run.was_killed else ""
    executor = run.owner.get("executor", "local")
    cluster = f" (its jobs on the cluster, {executor}, may be)" if executor != "local" else ""
    return f"No run is going{killed}{cluster}."


def _failures(status: StudyStatus) -> Iterator[str]:
    if not status.failed:
        return
    yield ""
    yield "Failed:"
    for job, log in status.failed[:_NAMED]:
        yield f"  {described(job)}"
        yield f"    {log}"
    if len(status.failed) > _NAMED:
        yield f"  and {len(status.failed) - _NAMED} more"


def _ending(status: StudyStatus, now: float) -> Iterator[str]:
    if status.left is not None:
        running = f"with as many jobs at once as now ({status.running})"
        at_once = running if status.running else "one job at a time"
        yield f"{str(status.left).capitalize()}, {at_once}, by the time that finished jobs of each stage took."
    if status.newest is not None:
        written, path = status.newest
        yield f"Last result: {path}, {in_words(max(now - written, 0))} ago."
    looked, there = status.looked_at
    part = f" of the {looked} looked at, of {there}," if looked < there else ""
    if status.outdated:
        path, fault = status.outdated[0]
        yield f"Out of date or damaged: {len(status.outdated)} files{part} such as {path} ({fault})."
    elif part:
        yield f"Out of date or damaged: none{part.rstrip(',')}."
