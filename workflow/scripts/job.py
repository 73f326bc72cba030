"""What every rule script does around its work: threads, log file, and errors that a user can read."""

import atexit
import errno
import json
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# The library lies beside the scripts; a conda environment does not have it installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sparsetopo.processes import WATCH, die_with_parent
from sparsetopo.runtime.job_log import STOPPED, open_log

INTERRUPTED = threading.Event()


def record_of(snakemake: Any, specification: dict[str, Any]) -> dict[str, Any]:
    """What the job's results carry: its specification and its cell of the grid (data set, architecture, seed ...)."""
    return {**specification, "cell": dict(snakemake.wildcards)}


def require_cell(snakemake: Any, path: str, ignoring: Sequence[str] = ()) -> dict[str, Any]:
    """Return the `record_of` an input file, unless it belongs to another cell of the grid than the job does.

    The file does not depend on the axes of the grid that are ignored.
    """
    from sparsetopo.errors import DataError
    from sparsetopo.files import read_metadata

    record = read_metadata(path)["specification"] or {}
    found = record.get("cell", {})
    for key, value in dict(snakemake.wildcards).items():
        if key not in ignoring and found.get(key) != value:
            raise DataError(
                f"{path}: belongs to {key} '{found.get(key)}', but lies where the file of '{value}' is expected; "
                "delete it and run again."
            )
    return record


def interrupt(*_: object) -> None:
    """Handle Ctrl-C: end by an exception, so that files and processes are cleaned up, but without a traceback."""
    INTERRUPTED.set()  # a compiled module that is being imported turns the exception into another one
    raise KeyboardInterrupt


def leave() -> None:
    """End this process, its work done, without taking the interpreter apart.

    That would take a third of a second with numba or torch (tests/benchmarks/job_end.py). Where there are other
    threads nothing is done: those of a pool (joblib's) must be told in their own way.
    """
    if any(thread.name not in ("MainThread", WATCH) for thread in threading.enumerate()):
        return
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def user_message(error: BaseException) -> str | None:
    """One sentence for a failure that the user can mend; None for a bug in the program."""
    from sparsetopo.errors import SparsetopoError

    if isinstance(error, SparsetopoError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full ({error}); free some room on it and run the same command again."
    if isinstance(error, MemoryError):
        return f"memory ran out{f' ({error})' if str(error) else ''}; run fewer jobs at once (--cores)."
    return None


def run_job(snakemake: Any, work: Callable[[Any, dict[str, Any]], None]) -> None:
    """Run a stage's work with its specification.

    Where results depend on the number of threads, it is that of the specification, never the number that Snakemake
    scaled the rule down to. It is set before `work` imports anything that reads it.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives a script.
    work
        Called with that object and the specification.
    """
    if "SPARSETOPO_RUN" in os.environ:  # set by the Snakefile
        die_with_parent(int(os.environ["SPARSETOPO_RUN"]))
        signal.signal(signal.SIGINT, interrupt)
    specification = json.loads(snakemake.params.specification)
    threads = str(specification.get("threads", snakemake.threads))
    for variable in (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ):
        os.environ[variable] = threads
    logger = logging.getLogger(snakemake.rule)
    try:
        open_log(Path(snakemake.log[0]))
        work(snakemake, specification)
    except BaseException as error:
        if INTERRUPTED.is_set():
            logger.error(STOPPED)
            sys.exit(128 + signal.SIGINT)
        sentence = user_message(error)
        if sentence is None:
            logger.exception("unexpected failure")
        else:
            logger.error("%s", sentence)
        if (
            "SPARSETOPO_SAYS_WHY" in os.environ
        ):  # the run reads it in the log, and must keep its progress bar whole
            sys.exit(1)
        if sentence is None:
            raise
        sys.exit(f"{snakemake.rule} ({dict(snakemake.wildcards)}): {sentence}")
    # Snakemake's benchmark file samples memory every half minute, and misses peaks between.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB on Linux, bytes on macOS
    logger.info("done; peak memory %d MB", peak // (1 << 20 if sys.platform == "darwin" else 1024))
    if "SPARSETOPO_RUN" in os.environ:
        leave()
