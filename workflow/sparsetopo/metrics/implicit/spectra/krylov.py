"""Outer eigenvalues of a symmetric operator by a block Krylov method with thick restarts (``docs/graph.md``).

It orthogonalises fully, and finds multiple eigenvalues as often as they occur, up to the number of start vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.krylov_basis import KrylovBasis
from sparsetopo.metrics.implicit.spectra.ritz import Product, RitzPairs, Vectors
from sparsetopo.metrics.implicit.workers import Workers

# Ritz vectors that are kept at either end, besides the wanted ones.
SPARE = 2


@dataclass(frozen=True)
class Ends:
    """How many eigenvectors are wanted at the upper and at the lower end of a spectrum.

    Arrays of Ritz vectors hold SPARE more at either end, those of the largest values first, so that the errors of the
    wanted ones can be estimated from these alone.
    """

    above: int
    below: int

    @property
    def kept(self) -> tuple[int, int]:
        """How many Ritz vectors are kept at the upper and at the lower end."""
        return self.above + SPARE, self.below + SPARE

    @property
    def num_folded(self) -> int:
        """Number of start vectors that `folded` makes."""
        return max(self.above, self.below) + 1

    def inner(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values between those that are kept."""
        above, below = self.kept
        return values[above:-below]

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is wanted of numbers that belong to descending values."""
        return np.append(values[: self.above], values[-self.below :])

    def folded(self, vectors: Vectors) -> Vectors:
        """Start vectors that hold the first of (V, vectors) Ritz vectors at either end: their sums, pair by pair.

        One product tells the two of a sum apart, so this takes half the products that all of them would.
        """
        count = self.num_folded
        folded: Vectors = vectors[:, :count] + vectors[:, ::-1][:, :count]
        return np.ascontiguousarray(folded)


def outer_pairs(
    product: Product,
    start: Vectors,
    finished: Callable[[RitzPairs], bool],
    *,
    ends: Ends,
    memory: Vectors,
    max_products: int,
    random: np.random.Generator,
    workers: Workers,
) -> tuple[RitzPairs, Vectors]:
    """Ritz pairs at both ends of the spectrum.

    Parameters
    ----------
    product
        Product of the operator with (V, vectors) vectors, in their precision, and an array for it.
    start
        (V, vectors) start vectors, in the precision of the computation; they are overwritten.
    finished
        Whether the pairs are accurate enough. It is asked after every product and has to say so twice in a row, so that
        the values must be stable too.
    ends
        Number of vectors wanted at either end.
    memory
        (numbers,) array that the basis takes, of the type of the start vectors. It has room for V vectors, or for more
        than a restart keeps, and for twice the start vectors.
    max_products
        Products after which the best so far is returned.
    random
        Source of directions to go on with where the Krylov space is exhausted.

    Returns
    -------
    pairs, vectors
        The pairs of the last subspace, with values of the last full one between those of the ends; and the (V, vectors)
        Ritz vectors at the ends.
    """
    basis = KrylovBasis(start, memory, random, workers)
    del start  # it may be large
    above, below = ends.kept
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
        kept = _outer(len(values), above, below)
        if (done and satisfied) or basis.is_whole or not max_products:
            return pairs, basis.combined(rotation[:, kept])
        satisfied = done
        if not basis.has_room:
            inner = ends.inner(values)
            basis.restart(values[kept], rotation[:, kept])
        basis.append()


def _outer(size: int, above: int, below: int) -> NDArray[np.int64]:
    """Indices of the first `above` and the last `below` of `size`, each once."""
    return np.unique(np.concatenate([np.arange(size)[:above], np.arange(size)[::-1][:below]]))
