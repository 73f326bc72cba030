"""A sparse network as the tensors of its file, without the pruned weights. Free of torch.

``docs/formats.md`` describes the tensors.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.bits import pack, read_shape, scatter, unpack
from sparsetopo.errors import FileFormatError, MaskError

_MASK = "mask:"
_KEPT = "weights:"
_WHOLE = "whole:"

Arrays = dict[str, NDArray[Any]]
Masks = Mapping[str, NDArray[np.bool_]]


def to_tensors(arrays: Arrays, masks: Masks) -> tuple[Arrays, dict[str, list[int]]]:
    """Leave the pruned weights out of a network's parameters and buffers.

    Returned are the tensors of the file, and the shapes of the masked parameters for its record. A
    MaskError says if a mask does not fit its parameter, or a pruned weight is not zero (NaN is not).

    Examples
    --------
    >>> weights = {"fc.weight": np.array([[0.5, 0.0]], np.float32)}
    >>> tensors, shapes = to_tensors(weights, {"fc.weight": np.array([[True, False]])})
    >>> tensors["weights:fc.weight"], shapes
    (array([0.5], dtype=float32), {'fc.weight': [1, 2]})
    >>> from_tensors(tensors, shapes, "a file")
    {'fc.weight': array([[0.5, 0. ]], dtype=float32)}
    """
    tensors = {_WHOLE + name: array for name, array in arrays.items() if name not in masks}
    for name, mask in masks.items():
        if name not in arrays or arrays[name].shape != mask.shape:
            found = f"the shape {arrays[name].shape}" if name in arrays else "no such parameter"
            raise MaskError(
                f"the mask of '{name}' has the shape {mask.shape}, the model has {found}."
            )
        lost = np.count_nonzero(arrays[name][~mask])
        if lost:
            raise MaskError(
                f"{lost} pruned weights of '{name}' are not zero, and the file would lose them; "
                f"set them to zero first."
            )
        tensors[_MASK + name] = pack(mask)
        tensors[_KEPT + name] = arrays[name][mask]
    return tensors, {name: list(mask.shape) for name, mask in masks.items()}


def from_tensors(tensors: Arrays, shapes: Any, where: str) -> Arrays:
    """Return the arrays that `to_tensors` was given, with 0 where a weight is pruned.

    `shapes` is what the file's record holds; `where` names the file in the message of the
    FileFormatError that is raised if they contradict the tensors.
    """
    masked = list(shapes) if isinstance(shapes, dict) else []
    arrays = {
        name.removeprefix(_WHOLE): array
        for name, array in tensors.items()
        if name.startswith(_WHOLE)
    }
    expected = {prefix + name for name in masked for prefix in (_MASK, _KEPT)}
    expected |= {_WHOLE + name for name in arrays if name not in masked}
    if not masked or tensors.keys() != expected:
        raise FileFormatError(
            f"{where}: its tensors are not those of its record, so it is damaged: delete it and run again."
        )
    for name in masked:
        parameter = f"{where}: parameter '{name}'"
        mask = unpack(tensors[_MASK + name], read_shape(shapes[name], parameter), parameter)
        kept = tensors[_KEPT + name]
        if kept.dtype.kind != "f":
            raise FileFormatError(
                f"{parameter} has weights of type {kept.dtype}; they must be floating-point numbers."
            )
        arrays[name] = scatter(kept, mask, parameter)
    return arrays
