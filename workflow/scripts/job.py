"""What every rule script does around its work: threads, log file, and errors a user can read."""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The library lies beside the scripts; a conda environment does not have it installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def run_job(snakemake: Any, work: Callable[[Any, dict[str, Any]], None]) -> None:
    """Run a stage's work with its specification.

    Thread counts are those of the specification, never the number Snakemake scaled a rule down to: they are part of
    what fixes the result. They are set before `work` imports anything that reads them.

    Parameters
    ----------
    snakemake
        The object Snakemake gives a script.
    work
        Called with that object and the specification.
    """
    specification = json.loads(snakemake.params.specification)
    threads = str(specification.get("threads", 1))
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
    logger.info("done")
