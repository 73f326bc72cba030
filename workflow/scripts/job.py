"""What every rule script does around its work: threads, log file, and errors a user can read."""

import atexit
import contextlib
import errno
import json
import logging
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# The library lies beside the scripts; a conda environment does not have it installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

INTERRUPTED = threading.Event()
WATCH = "watch over the run"


def cell_of(snakemake: Any) -> dict[str, str]:
    """The job's cell of the grid, as stored in what it writes: data set, architecture, seed ..."""
    return dict(snakemake.wildcards)


def require_cell(
    path: str, record: dict[str, Any], snakemake: Any, but_for: Sequence[str] = ()
) -> None:
    """Refuse an input file that belongs to another cell of the grid than the job.

    Parameters
    ----------
    path
        The file, for the message.
    record
        The specification it carries; its "cell" is what `cell_of` gave when it was written.
    but_for
        Axes of the grid that the file does not depend on.
    """
    from sparsetopo.errors import DataError

    wanted, found = cell_of(snakemake), (record or {}).get("cell", {})
    for key, value in wanted.items():
        if key not in but_for and found.get(key) != value:
            raise DataError(
                f"{path}: belongs to {key} '{found.get(key)}', but it lies where the file of '{value}' is expected; "
                "delete it and run again."
            )


def end_with(run: int) -> None:
    """End this process when the Snakemake that runs its job has died: at once where Linux can do that, or in a second.

    A killed Snakemake leaves its jobs behind; they would compute what the next run computes again, and write it later.

    Parameters
    ----------
    run
        Process id of the Snakemake.
    """
    if sys.platform == "linux":
        import ctypes

        # Its "parent death signal"; it also comes while compiled code lets no other thread run.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)

    def watch() -> None:
        while is_alive(run):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name=WATCH, daemon=True).start()


def is_alive(run: int) -> bool:
    """Whether a process that may be the parent, or the parent of the shell in between, lives."""
    if os.getppid() == run:
        return True
    try:
        os.kill(run, 0)
        # Dead, but nobody asked how it ended: "pid (name) Z ...".
        return Path(f"/proc/{run}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:  # another user's, or no /proc
        return True


def interrupt(*_: object) -> None:
    """On Ctrl-C: end by an exception, so that files and processes are cleared away, but without a traceback."""
    INTERRUPTED.set()  # compiled modules that are being imported turn the exception into another one
    raise KeyboardInterrupt


def leave() -> None:
    """End this process at once, its work done: taking apart an interpreter with torch or numba takes half a second.

    Not if there are threads besides: those of a pool (joblib's) must be told in their own way.
    """
    if any(thread.name not in ("MainThread", WATCH) for thread in threading.enumerate()):
        return
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def explained(error: BaseException) -> str | None:
    """One sentence for a failure that the user can mend; None for what is a fault of the program."""
    from sparsetopo.errors import SparsetopoError

    if isinstance(error, SparsetopoError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full ({error}); free some room on it and run the same command again."
    if isinstance(error, MemoryError):
        return f"memory ran out{f' ({error})' if str(error) else ''}; run fewer jobs at once (--cores)."
    return None


def open_log(path: Path) -> None:
    """Let everything that is logged go to the job's log file, which is begun anew."""
    logging.raiseExceptions = False  # on a full disk every line would be a traceback on the screen
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[logging.FileHandler(path, mode="w")],
    )
    logging.captureWarnings(True)


def run_job(snakemake: Any, work: Callable[[Any, dict[str, Any]], None]) -> None:
    """Run a stage's work with its specification.

    Where the thread count is part of what fixes the result it is that of the specification, never the number
    Snakemake scaled a rule down to. It is set before `work` imports anything that reads it.

    Parameters
    ----------
    snakemake
        The object Snakemake gives a script.
    work
        Called with that object and the specification.
    """
    if "SPARSETOPO_RUN" in os.environ:  # set by the Snakefile
        end_with(int(os.environ["SPARSETOPO_RUN"]))
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
            logger.error("interrupted")
            sys.exit(128 + signal.SIGINT)
        sentence = explained(error)
        if sentence is None:
            logger.exception("unexpected failure")
            raise
        logger.error("%s", sentence)
        sys.exit(f"{snakemake.rule} ({dict(snakemake.wildcards)}): {sentence}")
    # Snakemake's benchmark file samples memory every half minute, and misses peaks between.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB on Linux, bytes on macOS
    logger.info("done; peak memory %d MB", peak // (1 << 20 if sys.platform == "darwin" else 1024))
    if "SPARSETOPO_RUN" in os.environ:
        leave()
