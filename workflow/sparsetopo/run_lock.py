"""One run of a study at a time in a working directory, and nothing to unlock after a killed one.

Snakemake locks its working directory with files that a killed run leaves behind, and two runs that start together can
both miss each other's. An operating system's file lock has neither fault: it dies with its process, and one of two gets
it. So a run holds one for its study, and where nobody holds it, Snakemake's own files of that study are left-overs.
"""

import fcntl
import json
import os
import socket
import time
from pathlib import Path
from typing import IO, Any

from sparsetopo.errors import RunError
from sparsetopo.files import remove_abandoned

_FOLDER = Path(".snakemake/sparsetopo")
_SNAKEMAKE_LOCKS = Path(".snakemake/locks")
# Closing a file gives its lock up.
_HELD: dict[str, IO[str]] = {}


def claim_run(study: str, executor: str, patience: float = 3.0) -> None:
    """Hold the study's lock for the life of this process.

    Parameters
    ----------
    study
        Name of the study; its results lie in ``results/<study>`` of the working directory.
    executor
        What runs the jobs ("local", "slurm"): jobs on a cluster outlive the run that submitted them.
    patience
        Seconds to try: others look at the lock for a moment (`clear_killed_run`).

    Raises
    ------
    RunError
        If another process holds it.
    """
    handle = _opened(study)
    if _locked(handle, patience) is False:
        raise RunError(_busy(study, _read(handle)))
    before = _read(handle)
    _write(handle, {"process": os.getpid(), "host": socket.gethostname(), "executor": executor})
    _HELD[study] = handle
    # Also jobs that were killed alone leave unfinished files.
    if executor == "local" and _was_local(before):
        remove_abandoned(Path("results") / study)


def clear_killed_run(study: str) -> None:
    """Remove the locks that a killed run of the study left to Snakemake, if it can be known that it is dead.

    Nothing is removed while the study's lock is held or cannot be asked for, nor if its last run was on another machine
    (whose locks some network file systems do not show) or had jobs on a cluster, which may still be going. With the
    locks go files that the run was writing.
    """
    left = _locks_of(study)
    if not left:
        return
    with _opened(study) as handle:
        if _locked(handle) and _was_local(_read(handle)):
            for path in left:
                path.unlink(missing_ok=True)
            remove_abandoned(Path("results") / study)


def explain_locks(study: str) -> str | None:
    """Say what to do about Snakemake's locks of the study, if there are any.

    Snakemake's own message is that they may be removed. To be asked after `clear_killed_run`: what is there then was
    not left by a killed run of this machine.

    Returns
    -------
    str or None
        A sentence for the user; None if nothing is locked.
    """
    if not _locks_of(study):
        return None
    with _opened(study) as handle:
        held, owner = _locked(handle) is False, _read(handle)
    if held:
        return _busy(study, owner)
    if _was_local(owner):
        return (
            f"Another run of the study '{study}' began in this directory at the same moment: wait until it has ended, "
            "and run the same command again."
        )
    executor, host = owner.get("executor", "local"), owner.get("host")
    if executor != "local":
        return (
            f"The last run of the study '{study}' was killed, and its jobs on the cluster ({executor}) may still be "
            "going: cancel them, then call snakemake with --unlock once, and run the same command again."
        )
    return (
        f"The last run of the study '{study}', on {host}, did not end well or is still going: look there; if it is "
        "dead, call snakemake with --unlock once, and run the same command again."
    )


def wait_for_run(study: str) -> None:
    """Wait until no process of this machine runs the study."""
    if not is_running(study):
        return
    print("An earlier run is still going in this directory; waiting for it to end ...", flush=True)
    with _opened(study) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)


def is_running(study: str, patience: float = 0.0) -> bool:
    """Whether a process holds the study's lock; one that has only begun is given some seconds to take it."""
    end = time.monotonic() + patience
    while True:
        with _opened(study) as handle:
            if _locked(handle) is False:
                return True
        if time.monotonic() >= end or not _locks_of(study):
            return False
        time.sleep(0.05)


def _opened(study: str) -> IO[str]:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    return open(_FOLDER / f"{study}.lock", "a+", encoding="utf-8")


def _locked(handle: IO[str], patience: float = 0.0) -> bool | None:
    """Whether the lock could be had within `patience` seconds; None where the file system has no locks."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        except OSError:
            return None
        else:
            return True


def _was_local(owner: dict[str, Any]) -> bool:
    """Whether a run's processes were all of this machine, as far as is known."""
    here = socket.gethostname()
    return owner.get("executor", "local") == "local" and owner.get("host", here) == here


def _busy(study: str, owner: dict[str, Any]) -> str:
    process, host = owner.get("process", "?"), owner.get("host", "?")
    return (
        f"The study '{study}' is being run in this directory already, by process {process} on {host}: wait until it "
        "has ended, or stop it, and run the same command again. There is nothing to unlock."
    )


def _read(handle: IO[str]) -> dict[str, Any]:
    """Who held the lock last; nothing if that was never written, or not to its end."""
    handle.seek(0)
    try:
        owner = json.loads(handle.read())
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _write(handle: IO[str], owner: dict[str, Any]) -> None:
    handle.seek(0)
    handle.truncate()
    handle.write(json.dumps(owner))
    handle.flush()


def _locks_of(study: str) -> list[Path]:
    """Snakemake's lock files that name a file of the study: each lists what one run reads or writes, a path a line."""
    return [
        path
        for path in sorted(_SNAKEMAKE_LOCKS.glob("*.lock"))
        if any(line.startswith(f"results/{study}/") for line in _lines(path))
    ]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # gone by now, or another user's
        return []
