"""How files store masks (one bit per weight) and the weights that a mask keeps. Torch-free.

What is read from a file and does not fit raises a `FileFormatError`; `where` names file and parameter in its message.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import FileFormatError


def pack(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pack a mask into one bit per weight, in row-major order, the first weight in the highest bit.

    Bits beyond the last weight are 0, so equal masks give equal bytes.

    Examples
    --------
    >>> packed = pack(np.array([[True, False], [False, True]]))
    >>> packed
    array([144], dtype=uint8)
    >>> unpack(packed, (2, 2), "the example").tolist()
    [[True, False], [False, True]]
    """
    return np.packbits(mask)


def unpack(packed: NDArray[Any], shape: Sequence[int], where: str) -> NDArray[np.bool_]:
    """Mask of one parameter, bool in its shape, from the bits of `pack`: uint8 of shape (ceil(weights / 8),)."""
    size = math.prod(shape)
    expected = (size + 7) // 8
    if packed.dtype != np.uint8 or packed.shape != (expected,):
        raise FileFormatError(
            f"{where} has a mask of type {packed.dtype} and shape {packed.shape}, but should have "
            f"{expected} bytes of packed bits."
        )
    bits = np.unpackbits(packed).view(np.bool_)
    if bits[size:].any():
        raise FileFormatError(f"{where} has bits set beyond the end of its mask; it is damaged.")
    return bits[:size].reshape(shape)


def scatter(kept: NDArray[Any], mask: NDArray[np.bool_], where: str) -> NDArray[Any]:
    """Weights of one parameter from ``weights[mask]``, with 0 where the mask removes them.

    `kept` has the shape (kept weights,), in row-major order. Its bits stay the same, also those of NaN.
    """
    count = np.count_nonzero(mask)
    if kept.shape != (count,):
        raise FileFormatError(
            f"{where} has weights of shape {kept.shape}, but its mask keeps {count}."
        )
    weights = np.zeros(mask.shape, dtype=kept.dtype)
    weights[mask] = kept
    return weights


def read_shape(shape: Any, where: str) -> tuple[int, ...]:
    """Shape of a parameter as stored in a file's record: positive whole numbers, no more of them than NumPy allows."""
    sizes = shape if isinstance(shape, list) else []
    if not 1 <= len(sizes) <= 64 or any(type(size) is not int or size < 1 for size in sizes):
        raise FileFormatError(
            f"{where} has the shape {shape!r}, but should have a list of whole numbers of at least 1."
        )
    return tuple(sizes)
