"""Checkpoints: everything a killed training run needs to go on after its last finished epoch.

A checkpoint carries the digest of the run it belongs to. One of another run (another recipe, mask,
data set, initial weights ...), a truncated or a damaged one is ignored with a logged warning, and
training starts anew.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.checksums import checksum
from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_tensors, write_tensors

logger = logging.getLogger(__name__)

_KIND = "training checkpoint"
_MODEL = "model:"
_MOMENTUM = "momentum:"


@dataclass
class Checkpoint:
    """State of training after an epoch.

    Parameters
    ----------
    status
        "running" or, where training has ended before its last epoch, "diverged".
    history
        One record a finished epoch.
    model
        Parameters and buffers by name.
    momentum
        Momentum of SGD by parameter name.
    """

    status: str
    history: list[dict[str, Any]] = field(default_factory=list)
    model: dict[str, NDArray[Any]] = field(default_factory=dict)
    momentum: dict[str, NDArray[Any]] = field(default_factory=dict)


def write_checkpoint(path: Path, run_digest: str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, atomically.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    run_digest
        Identifies the run: equal for two runs if and only if one may go on where the other stopped.
    checkpoint
        What is written.
    """
    arrays = {_MODEL + name: array for name, array in checkpoint.model.items()}
    arrays |= {_MOMENTUM + name: array for name, array in checkpoint.momentum.items()}
    record = {
        "kind": _KIND,
        "run": run_digest,
        "status": checkpoint.status,
        "history": checkpoint.history,
    }
    write_tensors(path, arrays, record | {"sha256": _sum(arrays, record)})


def _sum(arrays: Mapping[str, NDArray[Any]], record: Mapping[str, Any]) -> str:
    # A scalar comes back from the file with shape (1,); the sum must not depend on that.
    return checksum({name: np.atleast_1d(array) for name, array in arrays.items()}, record)


def read_checkpoint(path: Path, run_digest: str) -> Checkpoint | None:
    """Read the checkpoint of a run; None, with a logged warning if there is a file, if it has none.

    Parameters
    ----------
    path
        File of `write_checkpoint`; it need not be there.
    run_digest
        As given to `write_checkpoint`.
    """
    if not path.exists():
        return None
    try:
        arrays, record = read_tensors(path)
    except FileFormatError as error:
        logger.warning("Checkpoint ignored, training starts anew. %s", error)
        return None
    sha256 = record.pop("sha256", None)
    if record.get("kind") != _KIND or record.get("run") != run_digest:
        logger.warning(
            "Checkpoint %s belongs to another run and is ignored; training starts anew.", path
        )
        return None
    if sha256 != _sum(arrays, record):
        logger.warning("Checkpoint %s is damaged and is ignored; training starts anew.", path)
        return None
    return Checkpoint(
        record["status"],
        record["history"],
        {n.removeprefix(_MODEL): a for n, a in arrays.items() if n.startswith(_MODEL)},
        {n.removeprefix(_MOMENTUM): a for n, a in arrays.items() if n.startswith(_MOMENTUM)},
    )
