"""What every rule script does around its work: threads, log file, and errors a user can read."""

import json
import logging
import os
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# The library lies beside the scripts; a conda environment does not have it installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


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


def write_record(snakemake: Any, specification: dict[str, Any]) -> None:
    """Write what made a table beside it: a CSV has no place for it."""
    from sparsetopo.files import write_json
    from sparsetopo.version import package_version

    tables = [Path(path).name for path in snakemake.output if path.endswith(".csv")]
    record = {
        "tables": tables,
        "specification": specification,
        "package_version": package_version(),
    }
    write_json(snakemake.output.record, record)


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
    specification = json.loads(snakemake.params.specification)
    threads = str(specification.get("threads", snakemake.threads))
    for variable in (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ):
        os.environ[variable] = threads
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[logging.FileHandler(log, mode="w")],
    )
    logging.captureWarnings(True)
    from sparsetopo.errors import SparsetopoError

    logger = logging.getLogger(snakemake.rule)
    try:
        work(snakemake, specification)
    except SparsetopoError as error:
        logger.error("%s", error)
        sys.exit(f"{snakemake.rule} ({dict(snakemake.wildcards)}): {error}")
    except Exception:
        logger.exception("unexpected failure")
        raise
    # Snakemake's benchmark file samples memory every half minute, and misses peaks between.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB on Linux, bytes on macOS
    logger.info("done; peak memory %d MB", peak // (1 << 20 if sys.platform == "darwin" else 1024))
