"""Arrays of numbers of any magnitude, as sums of float64 arrays times powers of two.

A deep network has more paths than float64 can hold, and two nodes of one layer may differ by as much. So numbers that
are not negative are kept as a few arrays, each with an exponent of its own; mostly one is enough.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Parts = Sequence[tuple[int, NDArray[np.float64]]]
"""The sum of ``array * 2**exponent`` over pairs (exponent, array)."""

# Arrays that `normalised` returns hold 0 and numbers between 2**-_SPAN and 2. Products with float32 weights (2**-149 to
# 2**128), summed over fewer than 2**60 edges, then neither overflow nor become subnormal.
_SPAN = 512
_LEAST = -(2**61)  # the exponent of 0


def normalised(parts: Parts) -> list[tuple[int, NDArray[np.float64]]]:
    """The same numbers with each one in a single array, of magnitudes that a product can take.

    What is smaller than another part of the same number by more than 2**-1000 is lost.

    Examples
    --------
    >>> normalised([(0, np.array([3.0, 0.0])), (1, np.array([1.0, 0.5]))])
    [(2, array([1.25, 0.25]))]
    >>> [exponent for exponent, _ in normalised([(0, np.array([3.0, 0.0])), (900, np.array([0.0, 1.0]))])]
    [901, 389]
    """
    present = [(exponent, array) for exponent, array in parts if array.any()]
    if not present:
        return []
    tops = np.full(present[0][1].shape, _LEAST, dtype=np.int64)
    for exponent, array in present:
        own = np.frexp(array)[1].astype(np.int64) + exponent
        np.maximum(tops, np.where(array > 0, own, _LEAST), out=tops)
    total = np.zeros(tops.shape)
    for exponent, array in present:
        total += np.ldexp(array, np.clip(exponent - tops, -2000, 2000))
    highest = int(tops.max())
    bands = np.where(total > 0, (highest - tops) // _SPAN, -1)
    found = []
    for band in np.unique(bands[bands >= 0]).tolist():
        exponent = highest - _SPAN * band
        shift = np.clip(tops - exponent, -_SPAN, 0)
        found.append((exponent, np.where(bands == band, np.ldexp(total, shift), 0.0)))
    return found


def summed(parts: Parts) -> list[tuple[int, NDArray[np.float64]]]:
    """The sum over all elements, as one number."""
    return normalised([(exponent, np.array([array.sum()])) for exponent, array in parts])


def log_of(number: Parts) -> float:
    """Natural logarithm of one number, as `summed` returns it; minus infinity for 0.

    Examples
    --------
    >>> log_of(summed([(0, np.array([3.0, 5.0]))])) == math.log(8), log_of([])
    (True, -inf)
    """
    for exponent, array in number:
        return math.log(array.item()) + exponent * math.log(2)
    return -math.inf


def log_beyond_one(number: Parts) -> float:
    """Natural logarithm of one more than a number.

    Examples
    --------
    >>> log_beyond_one(summed([(0, np.array([3.0, 4.0]))])) == math.log(8), log_beyond_one([])
    (True, 0.0)
    """
    for exponent, array in number:
        if exponent < 60:  # above it one more changes no bit
            return math.log1p(math.ldexp(array.item(), exponent))
        return log_of(number)
    return 0.0
