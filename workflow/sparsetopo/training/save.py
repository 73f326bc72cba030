"""Files of a trained network: weights as safetensors, outcome as JSON. Reading needs no torch.

A dense network's weights are stored as they are, a sparse network's without the pruned ones. Earlier
versions stored sparse networks like dense ones; their files are still read.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_json, read_tensors, write_json, write_tensors
from sparsetopo.training.result import TrainingResult
from sparsetopo.training.sparse_weights import from_tensors, to_tensors
from sparsetopo.version import package_version

if TYPE_CHECKING:
    from torch import nn

Masks = Mapping[str, NDArray[np.bool_]]

_KIND = "trained weights"
_SPARSE_KIND = "trained weights of a sparse network"


def save_weights(
    path: str | os.PathLike[str],
    model: "nn.Module",
    specification: Mapping[str, Any],
    mask: Masks | None = None,
) -> None:
    """Write every parameter and buffer of a model, atomically, as safetensors.

    The specification is a JSON-able record of what was trained and how. With a mask, only the kept
    weights of its parameters are stored, bit for bit (`to_tensors`, which says what it refuses).
    """
    from sparsetopo.networks.arrays import model_arrays

    arrays = model_arrays(model)
    metadata = {
        "kind": _KIND,
        "specification": dict(specification),
        "package_version": package_version(),
    }
    if mask is not None:
        arrays, shapes = to_tensors(arrays, mask)
        metadata |= {"kind": _SPARSE_KIND, "shapes": shapes}
    write_tensors(path, arrays, metadata)


def load_weights(
    path: str | os.PathLike[str], names: Iterable[str] | None = None
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read a file of `save_weights`: arrays by parameter name, and the specification.

    `names` are the wanted parameters and their order; None reads all. Pruned weights are 0. A
    FileFormatError says if the file is missing, damaged or foreign, or lacks a wanted name.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(f"{folder}/fc.safetensors", torch.nn.Linear(2, 1), {"seed": 0})
    ...     weights, specification = load_weights(f"{folder}/fc.safetensors", ["weight"])
    >>> weights["weight"].shape, specification
    ((1, 2), {'seed': 0})
    """
    arrays, metadata = read_tensors(path)
    if metadata.get("kind") == _SPARSE_KIND:
        arrays = from_tensors(arrays, metadata.get("shapes"), str(path))
    elif metadata.get("kind") != _KIND:
        raise FileFormatError(
            f"{path}: holds '{metadata.get('kind')}', not '{_KIND}'; give the file that the train "
            f"or dense stage wrote."
        )
    wanted = list(arrays if names is None else names)
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise FileFormatError(
            f"{path}: has no weights named {', '.join(missing)}; it belongs to another architecture."
        )
    return {name: arrays[name] for name in wanted}, metadata["specification"]


def save_result(
    path: str | os.PathLike[str], result: TrainingResult, specification: Mapping[str, Any]
) -> None:
    """Write the outcome and the specification of a training run as JSON, atomically.

    The file holds no times, so two runs of the same specification write the same bytes.
    """
    record = asdict(result) | {
        "specification": dict(specification),
        "package_version": package_version(),
    }
    write_json(path, record)


def load_result(path: str | os.PathLike[str]) -> tuple[TrainingResult, dict[str, Any]]:
    """Read a file of `save_result`; a FileFormatError if it is missing, damaged or another file."""
    record = read_json(path)
    keys = ("status", "accuracy", "best_accuracy", "history")
    if not isinstance(record, dict) or any(key not in record for key in (*keys, "specification")):
        raise FileFormatError(
            f"{path}: is not the result of a training run, which has {', '.join(keys)} and specification."
        )
    return TrainingResult(**{key: record[key] for key in keys}), record["specification"]
