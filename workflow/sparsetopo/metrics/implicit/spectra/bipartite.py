"""Adjacency eigenvalues of a graph of two node layers: plus and minus the singular values of one matrix.

The graphs of single layers are such, thin and many: one singular value decomposition of the
narrow matrix that joins the two sides costs less than an iteration, and is exact.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.ritz import Product

# Multiplications of a decomposition, narrow side squared times wide side, up to which it is the
# faster way: some 10 ms.
_MOST_WORK = 2**26


def is_thin(sizes: tuple[int, ...]) -> bool:
    """Whether node layers of these sizes are two, and one of them narrow enough."""
    return len(sizes) == 2 and min(sizes) ** 2 * max(sizes) <= _MOST_WORK


def bipartite_eigenvalues(product: Product, sizes: tuple[int, ...]) -> NDArray[np.float64]:
    """All eigenvalues of the adjacency matrix of a graph of two node layers.

    Parameters
    ----------
    product
        Product of the adjacency matrix with (V, block) vectors.
    sizes
        Nodes of either layer.

    Returns
    -------
    (V,) descending.
    """
    first, second = sizes
    sides = slice(0, first), slice(first, first + second)
    narrow, wide = sides if first <= second else sides[::-1]
    units = np.zeros((first + second, min(sizes)))
    units[narrow] = np.eye(min(sizes))
    singular = np.linalg.svd(product(units)[wide], compute_uv=False)
    zeros = np.zeros(max(sizes) - min(sizes))
    return np.concatenate([singular, zeros, -singular[::-1]])
