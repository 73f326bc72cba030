"""Outer eigenvalues of a symmetric operator by a block Krylov method with thick restarts (``docs/graph.md``).

It orthogonalises fully, and finds multiple eigenvalues as often as they occur, up to the number of start vectors.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.krylov_basis import KrylovBasis
from sparsetopo.metrics.implicit.spectra.ritz import Product, RitzPairs, Vectors
from sparsetopo.metrics.implicit.workers import Workers

# Ritz vectors that are kept at either end, besides the wanted ones.
SPARE = 2


def outer_pairs(
    product: Product,
    start: Vectors,
    finished: Callable[[RitzPairs], bool],
    *,
    above: int,
    below: int,
    capacity: int,
    max_products: int,
    random: np.random.Generator,
    workers: Workers,
) -> tuple[RitzPairs, Vectors]:
    """Ritz pairs at both ends of the spectrum.

    Parameters
    ----------
    product
        Product of the operator with (V, vectors) vectors, in their precision.
    start
        (V, vectors) start vectors, in the precision of the computation.
    finished
        Whether the pairs are accurate enough. It is asked after every product and has to say so twice in a row, so that
        the values must be stable too.
    above, below
        Number of vectors wanted at the upper and at the lower end.
    capacity
        Vectors that the basis may hold: more than a restart keeps, and twice the start vectors.
    max_products
        Products after which the best so far is returned.
    random
        Source of directions to go on with where the Krylov space is exhausted.

    Returns
    -------
    pairs, vectors
        The pairs of the last subspace, with values of the last full one between those of the ends; and the (V, vectors)
        Ritz vectors at the ends: those wanted and `SPARE` more at either end, so that the errors of the wanted ones can
        be estimated from these alone.
    """
    basis = KrylovBasis(start, capacity, random, workers)
    del start  # it may be large
    above, below = above + SPARE, below + SPARE
    satisfied, inner = False, np.zeros(0)
    while True:
        basis.multiply(product)
        values, rotation = np.linalg.eigh(basis.projection)
        values, rotation = values[::-1], rotation[:, ::-1]
        pairs = RitzPairs(values, basis.residual_norms(rotation))
        if len(inner) and len(values) < above + len(inner) + below:
            pairs = pairs.kept_apart(inner, above, below)
        done = finished(pairs)
        max_products -= 1
        kept = _ends(len(values), above, below)
        if (done and satisfied) or basis.is_whole or not max_products:
            return pairs, basis.combined(rotation[:, kept])
        satisfied = done
        if not basis.has_room:
            inner = values[above:-below]
            basis.restart(values[kept], rotation[:, kept])
        basis.append()


def _ends(size: int, above: int, below: int) -> NDArray[np.int64]:
    """Indices of the first `above` and the last `below` of `size`, each once."""
    return np.unique(np.concatenate([np.arange(size)[:above], np.arange(size)[::-1][:below]]))
