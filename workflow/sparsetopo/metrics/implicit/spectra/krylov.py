"""Outer eigenvalues of a symmetric operator by a restarted block Krylov method.

A block Lanczos iteration with full orthogonalisation: a start block of several vectors finds
multiple eigenvalues as often as they occur (up to the block's size), which no single start vector
does. When the basis is full it is replaced by its outer Ritz vectors (a *thick restart*: Wu and
Simon, SIAM J. Matrix Anal. Appl. 22, 2000), so memory stays bounded.
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
        Product of the operator with (V, block) vectors, in their precision.
    start
        (V, block) start block; its precision is that of the computation.
    finished
        Whether the pairs will do; asked after every product, and believed when it says so twice in
        a row, so that values must be stable too.
    above, below
        Number of vectors wanted at the upper and at the lower end.
    capacity
        Vectors that the basis may hold: more than a restart keeps, and two blocks.
    max_products
        Products with a block after which the best so far is returned.
    random
        For directions to go on with where the Krylov space is exhausted.
    workers
        Threads; the result does not depend on how many there are.

    Returns
    -------
    pairs, vectors
        The pairs of the last subspace, with values of the last full one between those of the ends;
        and the (V, columns) Ritz vectors of the ends: those wanted and `SPARE` more at either, so
        that how far the wanted ones are off can be told from these alone.
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
