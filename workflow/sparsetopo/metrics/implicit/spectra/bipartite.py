"""Adjacency eigenvalues of a graph of two node layers: plus and minus the singular values of one matrix.

The graphs of single layers are of this kind. One decomposition of the narrow matrix between the two node layers costs
less than an iteration, and is exact.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.ritz import Product

# A decomposition is the faster way up to this many multiplications (narrow side squared times wide
# side), which take some 10 ms.
_MOST_WORK = 2**26


def is_thin(sizes: tuple[int, ...]) -> bool:
    """Whether there are two node layers, one of them narrow enough."""
    return len(sizes) == 2 and min(sizes) ** 2 * max(sizes) <= _MOST_WORK


def bipartite_eigenvalues(product: Product, sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """All eigenvalues, descending, of an adjacency matrix, given its product and the sizes of its two layers."""
    first, second = sizes
    sides = slice(0, first), slice(first, first + second)
    narrow, wide = sides if first <= second else sides[::-1]
    units = np.zeros((first + second, min(sizes)))
    units[narrow] = np.eye(min(sizes))
    singular = np.linalg.svd(product(units, np.empty_like(units))[wide], compute_uv=False)
    zeros = np.zeros(max(sizes) - min(sizes))
    return np.concatenate([singular, zeros, -singular[::-1]])
