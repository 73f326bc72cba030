"""Exact sums of int64 arrays; the sums themselves may not fit 64 bits."""

from operator import mul

import numpy as np
from numpy.typing import NDArray

_INT64_EXACT = 2**63


def exact_sum(values: NDArray[np.int64]) -> int:
    """Sum of the entries, none of them negative."""
    if int(values.max(initial=0)) * values.size < _INT64_EXACT:
        return int(values.sum())
    # Halves of 31 and 32 bits, whose sums fit for up to 2^31 values.
    high, low = values >> 32, values & (2**32 - 1)
    return (int(high.sum()) << 32) + int(low.sum())


def product_sum(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Sum of the entries of a * b, for arrays of one shape with none of them negative."""
    if int(a.max(initial=0)) * int(b.max(initial=0)) * a.size < _INT64_EXACT:
        return int(a.ravel() @ b.ravel())
    return sum(map(mul, a.ravel().tolist(), b.ravel().tolist()))
