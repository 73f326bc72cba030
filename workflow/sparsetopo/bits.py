"""How files store masks (one bit per weight) and the weights that a mask keeps. Torch-free."""

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
    """Mask of one parameter, bool in its shape, from the bits of `pack`.

    Parameters
    ----------
    packed
        uint8 array (ceil(n / 8),).
    shape
        Shape of the parameter, of n weights.
    where
        File and parameter, for the message.

    Raises
    ------
    FileFormatError
        If the number of bits is wrong, or one is set beyond the last weight.
    """
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

    Parameters
    ----------
    kept
        Array (kept weights,), in row-major order.
    mask
        The parameter's mask.
    where
        File and parameter, for the message.

    Returns
    -------
    Array of the mask's shape and the type of `kept`, with the same bits (of NaN too).

    Raises
    ------
    FileFormatError
        If the mask keeps a different number of weights.
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
    """Shape of a parameter as stored in a file's record.

    Raises
    ------
    FileFormatError
        If it is not a list of positive whole numbers, or longer than NumPy allows.
    """
    sizes = shape if isinstance(shape, list) else []
    if not 1 <= len(sizes) <= 64 or any(type(size) is not int or size < 1 for size in sizes):
        raise FileFormatError(
            f"{where} has the shape {shape!r}, but should have a list of whole numbers of at least 1."
        )
    return tuple(sizes)
