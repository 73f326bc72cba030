"""One run of a study at a time in a working directory, and nothing to unlock after a killed one.

Snakemake locks its working directory with files that a killed run leaves behind, and two runs that start together can
both miss each other's. An operating system's file lock has neither fault: it dies with its process, and one of two gets
it. So a run holds one for its study; and every Snakemake that has read the workflow, whatever it was told to do and
whatever workflow imports it, shares a second one. Where nobody has either, Snakemake's own files are left-overs.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import IO, Any, NamedTuple

from sparsetopo.errors import RunError
from sparsetopo.files import remove_abandoned
from sparsetopo.locks import lock

_FOLDER = Path(".snakemake/sparsetopo")
_SNAKEMAKE_LOCKS = Path(".snakemake/locks")
# Closing a file gives its lock up.
_HELD: dict[Path, IO[str]] = {}


class Run(NamedTuple):
    """The last run of a study in the working directory."""

    # None where the file system has no locks by which to tell.
    is_going: bool | None
    was_killed: bool
    began: float  # seconds since 1970
    owner: dict[str, Any]  # its process, host and executor


def claim_run(study: str, executor: str, patience: float = 3.0) -> None:
    """Hold the study's lock for the life of this process; another holder is a `RunError`.

    The executor is what runs the jobs ("local", "slurm"): jobs on a cluster outlive the run that submitted them. The
    lock is tried for `patience` seconds, since others look at it for a moment (`clear_killed_run`).
    """
    handle = _opened(_run_lock(study))
    if _locked(handle, patience) is False:
        raise RunError(_busy(study, _read(handle)))
    before = _read(handle)
    try:
        _write(handle, {"process": os.getpid(), "host": socket.gethostname(), "executor": executor})
    except OSError as error:
        raise RunError(f"{_run_lock(study)} cannot be written: {error}") from None
    _HELD[_run_lock(study)] = handle
    # Also jobs that were killed alone leave unfinished files.
    if executor == "local" and _was_local(before):
        remove_abandoned(Path("results") / study)


def read_study(study: str, is_module: bool) -> None:
    """Tell others, for the life of this process, that it knows the study; first clear what a killed run left.

    If another workflow imports this one, nothing is cleared, since its locks are of other results, too.
    """
    try:
        readers = _opened(_reader_lock(study))
    except OSError:  # a full disk, or somebody else's folder; Snakemake says so when it matters
        return
    _HELD[_reader_lock(study)] = readers
    if not is_module and _locked(readers):
        clear_killed_run(study)
    lock(readers, shared=True, wait=False)


def clear_killed_run(study: str) -> None:
    """Remove the locks that a killed run of the study left to Snakemake, if it can be known that it is dead.

    Nothing is removed while the study's lock is held or cannot be asked for, nor if its last run was on another machine
    (whose locks some network file systems do not show) or had jobs on a cluster, which may still be going. With the
    locks go files that the run was writing. To be called where no other process knows the study (`read_study`).
    """
    left = _locks_of(study)
    if not left:
        return
    with _opened(_run_lock(study)) as handle:
        if _locked(handle) and _was_local(_read(handle)):
            for path in left:
                path.unlink(missing_ok=True)
            remove_abandoned(Path("results") / study)


def explain_locks(study: str) -> str | None:
    """Say what to do about Snakemake's locks of the study, if there are any.

    Snakemake's own message is that they may be removed. To be asked after `clear_killed_run`: what is there then was
    not left by a killed run of this machine.
    """
    if not _locks_of(study):
        return None
    with _opened(_run_lock(study)) as handle:
        is_free, owner = _locked(handle), _read(handle)
    if is_free is None:
        return (
            f"Snakemake's lock of the study '{study}' is there, and this file system has no locks (flock) by which to "
            "tell whether anybody holds it: if no other run is going, call snakemake with --unlock once, and run the "
            "same command again."
        )
    if not is_free:
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
    with _opened(_run_lock(study)) as handle:
        lock(handle)


def is_running(study: str, patience: float = 0.0) -> bool:
    """Whether a process holds the study's lock; one that has only begun is given some seconds to take it."""
    end = time.monotonic() + patience
    while True:
        with _opened(_run_lock(study)) as handle:
            if _locked(handle) is False:
                return True
        if time.monotonic() >= end or not _locks_of(study):
            return False
        time.sleep(0.05)


def last_run(study: str) -> Run | None:
    """What is known of the study's last run here, without writing anything; None if there was none."""
    try:
        # A lock for reading is enough to see that somebody has one for writing.
        with open(_run_lock(study), encoding="utf-8") as handle:
            is_free, owner = lock(handle, shared=True, wait=False), _read(handle)
            began = os.fstat(handle.fileno()).st_mtime
    except OSError:
        return None
    if is_free and not owner:  # the file was made by whoever looked
        return None
    is_going = None if is_free is None else not is_free
    was_killed = is_going is False and bool(_locks_of(study))
    return Run(is_going, was_killed, began, owner)


def _run_lock(study: str) -> Path:
    return _FOLDER / f"{study}.lock"


def _reader_lock(study: str) -> Path:
    return _FOLDER / f"{study}.readers"


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not "a+", which could only append; not "w+", which would empty it.
    return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+", encoding="utf-8")


def _locked(handle: IO[str], patience: float = 0.0) -> bool | None:
    """Whether the lock could be had within `patience` seconds; None where the file system has no locks."""
    end = time.monotonic() + patience
    while (is_had := lock(handle, wait=False)) is False and time.monotonic() < end:
        time.sleep(0.05)
    return is_had


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
    """Who held the lock last; nothing if that was never written, or not whole."""
    handle.seek(0)
    try:
        owner = json.loads(handle.read())
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _write(handle: IO[str], owner: dict[str, Any]) -> None:
    # Cut last: a kill in between leaves what cannot be read, rather than nothing.
    handle.seek(0)
    handle.write(json.dumps(owner))
    handle.flush()
    handle.truncate()


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
