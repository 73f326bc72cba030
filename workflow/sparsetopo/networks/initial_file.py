"""Initial weights in a file, of networks whose own code draws them. Reading needs no torch.

Drawn once, by one job, and read by every other: whatever the network's code draws from, all jobs start from the same.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.version import package_version

if TYPE_CHECKING:
    from torch import nn

_KIND = "initial weights"


def save_initial(
    path: str | os.PathLike[str], model: "nn.Module", specification: Mapping[str, Any]
) -> None:
    """Write every parameter and buffer of a network, atomically, with a record of how it was built."""
    from sparsetopo.networks.arrays import model_arrays

    metadata = {"kind": _KIND, "specification": dict(specification)}
    write_tensors(path, model_arrays(model), {**metadata, "package_version": package_version()})


def read_initial(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read a file of `save_initial`; a FileFormatError if it is missing, damaged or another file."""
    arrays, metadata = read_tensors(path)
    if metadata.get("kind") != _KIND:
        raise FileFormatError(
            f"{path}: holds '{metadata.get('kind')}', not '{_KIND}'; delete it and run again."
        )
    return arrays


def load_initial(model: "nn.Module", path: str | os.PathLike[str]) -> None:
    """Set every parameter and buffer of a network to what a file of `save_initial` holds.

    Examples
    --------
    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_initial(f"{folder}/initial.safetensors", torch.nn.Linear(2, 1), {"seed": 0})
    ...     model = torch.nn.Linear(2, 1)
    ...     load_initial(model, f"{folder}/initial.safetensors")
    ...     bool((model.weight == torch.tensor(read_initial(f"{folder}/initial.safetensors")["weight"])).all())
    True
    """
    from sparsetopo.networks.arrays import copy_into

    arrays, tensors = read_initial(path), model.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise FileFormatError(
            f"{path}: holds the weights of another network; delete it and run again."
        )
    copy_into(tensors, arrays)
