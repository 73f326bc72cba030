"""The file of one mask: a bit a weight, and a record of where the mask comes from. Torch-free.

Format 2 is written; format 1, which had one bool tensor (a byte a weight) a parameter, is read too.
``docs/formats.md`` describes both.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.bits import pack, read_shape, unpack
from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.version import package_version

FORMAT = "sparsetopo mask 2"
BYTES_FORMAT = "sparsetopo mask 1"

Arrays = Mapping[str, NDArray[np.bool_]]


def write_mask(
    path: str | os.PathLike[str],
    arrays: Arrays,
    record: Mapping[str, Any],
    specification: Mapping[str, Any] | None,
) -> None:
    """Write a mask's arrays, its `Mask.record` and the specification that produced it, atomically."""
    header = {
        "format": FORMAT,
        "package_version": package_version(),
        "specification": specification,
        "order": list(arrays),  # safetensors does not keep the order of its arrays
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
        **record,
    }
    write_tensors(path, {name: pack(array) for name, array in arrays.items()}, header)


def read_mask(
    path: str | os.PathLike[str],
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, Any]]:
    """Read a mask's arrays, in the order of the network's layers, and the header's record.

    A FileFormatError says if the file is damaged or not a mask, or contradicts its record.
    """
    tensors, header = read_tensors(path)
    if header.get("format") not in (FORMAT, BYTES_FORMAT):
        raise FileFormatError(f"{path}: this file of sparsetopo is not a mask ('{FORMAT}').")
    try:
        order, kept = header["order"], header["layer_kept"]
        if not isinstance(order, list) or sorted(map(str, order)) != sorted(tensors):
            raise FileFormatError(
                f"{path}: the mask's layers are not those of its record; "
                "it is damaged: delete it and run again."
            )
        arrays = {name: tensors[name] for name in order}
        if header["format"] == FORMAT:
            arrays = _unpacked(arrays, header["shapes"], path)
    except KeyError as error:
        raise FileFormatError(f"{path}: the mask file lacks {error}; it is damaged.") from error
    if kept != {name: int(np.count_nonzero(array)) for name, array in arrays.items()}:
        raise FileFormatError(
            f"{path}: the numbers of kept weights are not those the mask was written with; "
            "it is damaged: delete it and run again."
        )
    return arrays, header


def _unpacked(
    packed: Mapping[str, NDArray[Any]], shapes: Any, path: str | os.PathLike[str]
) -> dict[str, NDArray[np.bool_]]:
    """Masks of all layers, from their bits and the shapes in the record."""
    if not isinstance(shapes, dict) or shapes.keys() != packed.keys():
        raise FileFormatError(
            f"{path}: the mask file's shapes are not those of its layers; "
            "it is damaged: delete it and run again."
        )
    arrays = {}
    for name, bits in packed.items():
        where = f"{path}: layer '{name}'"
        arrays[name] = unpack(bits, read_shape(shapes[name], where), where)
    return arrays
