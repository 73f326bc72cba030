"""Files of a trained network: weights as safetensors, outcome as JSON. Free of torch to read."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_json, read_tensors, write_json, write_tensors
from sparsetopo.training.result import TrainingResult
from sparsetopo.version import package_version

if TYPE_CHECKING:
    from torch import nn

_KIND = "trained weights"


def save_weights(
    path: str | os.PathLike[str], model: "nn.Module", specification: Mapping[str, Any]
) -> None:
    """Write every parameter and buffer of a model with the specification that led to them.

    Parameters
    ----------
    path
        The file, safetensors; written atomically.
    model
        Its `state_dict` is stored under its own names.
    specification
        JSON-able record of what was trained and how.
    """
    from sparsetopo.training.state import model_arrays

    metadata = {
        "kind": _KIND,
        "specification": dict(specification),
        "package_version": package_version(),
    }
    write_tensors(path, model_arrays(model), metadata)


def load_weights(
    path: str | os.PathLike[str], names: Iterable[str] | None = None
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read weights and their specification, without torch.

    Parameters
    ----------
    path
        File of `save_weights`.
    names
        Parameters wanted, e.g. a mask (whose keys are the prunable weights); None reads everything.

    Returns
    -------
    weights, specification
        Arrays by parameter name, in the order of `names`; the record given to `save_weights`.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated or foreign, or lacks a wanted name.
    """
    arrays, metadata = read_tensors(path)
    if metadata.get("kind") != _KIND:
        raise FileFormatError(
            f"{path}: holds '{metadata.get('kind')}', not '{_KIND}'; give the file that the train "
            f"or dense stage wrote."
        )
    wanted = list(arrays if names is None else names)
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise FileFormatError(
            f"{path}: has no weights named {', '.join(missing)}; it belongs to another "
            f"architecture."
        )
    return {name: arrays[name] for name in wanted}, metadata["specification"]


def save_result(
    path: str | os.PathLike[str], result: TrainingResult, specification: Mapping[str, Any]
) -> None:
    """Write the outcome of a training run, its history and its specification as JSON, atomically.

    The file holds no times: two runs of the same specification write the same bytes.
    """
    record = asdict(result) | {
        "specification": dict(specification),
        "package_version": package_version(),
    }
    write_json(path, record)


def load_result(path: str | os.PathLike[str]) -> tuple[TrainingResult, dict[str, Any]]:
    """Read a file of `save_result`: the outcome and the specification.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, or is not the record of a training run.
    """
    record = read_json(path)
    keys = ("status", "accuracy", "best_accuracy", "history")
    if not isinstance(record, dict) or any(key not in record for key in (*keys, "specification")):
        raise FileFormatError(
            f"{path}: is not the result of a training run, which has {', '.join(keys)} and "
            f"specification."
        )
    return TrainingResult(**{key: record[key] for key in keys}), record["specification"]
