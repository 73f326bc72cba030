"""Checkpoints: everything a killed training run needs to go on after its last finished epoch."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from sparsetopo.checksums import checksum
from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.networks.arrays import copy_into, model_arrays, to_array
from sparsetopo.training.optimiser import MaskedSGD

logger = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]

_KIND = "training checkpoint"
_MODEL = "model:"
_MOMENTUM = "momentum:"


class Checkpoint:
    """The checkpoint file of one training run; without a path, nothing is read or written.

    Two runs have equal digests if and only if one may go on where the other stopped.
    """

    def __init__(self, path: Path | None, run_digest: str) -> None:
        self._path = path
        self._run_digest = run_digest

    def write(self, model: nn.Module, optimiser: MaskedSGD, history: list[dict[str, Any]]) -> None:
        """Replace the file, atomically, by the state after an epoch."""
        if self._path is None:
            return
        arrays = _prefixed(_MODEL, model_arrays(model))
        arrays |= _prefixed(_MOMENTUM, {n: to_array(v) for n, v in optimiser.buffers.items()})
        record = {"kind": _KIND, "run": self._run_digest, "history": history}
        write_tensors(self._path, arrays, record | {"sha256": _sum(arrays, record)})

    def resume(self, model: nn.Module, optimiser: MaskedSGD) -> list[dict[str, Any]]:
        """Load the state after the last finished epoch and return the history up to it.

        The history is empty and nothing is loaded if there is no file, or, with a logged warning,
        if the file is damaged or belongs to another run (another recipe, mask, data set ...).
        """
        if self._path is None or not self._path.exists():
            return []
        try:
            arrays, record = read_tensors(self._path)
        except FileFormatError as error:
            logger.warning("Checkpoint ignored, training starts from the beginning. %s", error)
            return []
        sha256 = record.pop("sha256", None)
        ignored = "Checkpoint %s %s and is ignored; training starts from the beginning."
        if record.get("kind") != _KIND or record.get("run") != self._run_digest:
            logger.warning(ignored, self._path, "belongs to another run")
            return []
        if sha256 != _sum(arrays, record):
            logger.warning(ignored, self._path, "is damaged")
            return []
        copy_into(model.state_dict(), _without_prefix(_MODEL, arrays))
        copy_into(optimiser.buffers, _without_prefix(_MOMENTUM, arrays))
        optimiser.enforce_masks()
        history: list[dict[str, Any]] = record["history"]
        logger.info("Resumed after epoch %d.", len(history))
        return history


def _prefixed(prefix: str, arrays: Arrays) -> Arrays:
    return {prefix + name: array for name, array in arrays.items()}


def _without_prefix(prefix: str, arrays: Arrays) -> Arrays:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _sum(arrays: Mapping[str, NDArray[Any]], record: Mapping[str, Any]) -> str:
    # A scalar comes back from the file with shape (1,); the sum must not depend on that.
    return checksum({name: np.atleast_1d(array) for name, array in arrays.items()}, record)
