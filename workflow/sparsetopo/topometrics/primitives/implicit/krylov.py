"""Outer eigenvalues of a symmetric operator by a restarted block Krylov method.

A block Lanczos iteration with full orthogonalisation: a start block of several vectors finds
multiple eigenvalues as often as they occur (up to the block's size), which no single start vector
does. When the basis is full it is replaced by its outer Ritz vectors (a *thick restart*: Wu and
Simon, SIAM J. Matrix Anal. Appl. 22, 2000), so memory stays bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.topometrics.primitives.implicit.workers import Workers

Vectors = NDArray[np.floating[Any]]
Product = Callable[[Vectors], Vectors]


# Rows that a thread works on at a time.
_SLAB = 2**15
# A direction shorter than this part of the operator is cleaned once more.
_SHORT = 0.03


class NotConvergedError(RuntimeError):
    """An iteration did not reach the accuracy asked for in the steps allowed."""


@dataclass(frozen=True)
class RitzPairs:
    """Approximate eigenpairs: the best that a subspace holds.

    Attributes
    ----------
    values
        (size,) float64, descending.
    residuals
        (size,) float64, norms of A x - value x.
    errors
        (size,) float64, estimates of how far eigenvalues lie beyond the values at either end.
    """

    values: NDArray[np.float64]
    residuals: NDArray[np.float64]

    @property
    def errors(self) -> NDArray[np.float64]:
        """The smaller of the estimates for either end of the spectrum."""
        upper = _errors(self.values, self.residuals)
        lower = _errors(-self.values[::-1], self.residuals[::-1])[::-1]
        return np.minimum(upper, lower)


def _errors(values: NDArray[np.float64], residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the eigenvalues may lie above the Ritz values (descending).

    An eigenvalue lies within the residual. Better, if the first k Ritz vectors are taken together
    and R are their residuals, value i misses at most |R|^2 / (value i - value k + 1), provided
    that what the subspace does not hold lies below value k + 1 (Parlett, The Symmetric Eigenvalue
    Problem, section 11.7). The best k is chosen for each.
    """
    size = len(values)
    squares = np.cumsum(residuals**2)
    gaps = values[:, None] - np.append(values[1:], np.nan)[None, :]
    ratios = np.full((size, size), np.inf)
    np.divide(squares[None, :], gaps, out=ratios, where=gaps > 0)
    # k counts from i on: the vectors before i belong to the subspace.
    ratios[np.tril_indices(size, -1)] = np.inf
    return np.minimum(residuals, np.nanmin(ratios, axis=1, initial=np.inf))


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
        Vectors that the basis may hold, at least above + below + 4 blocks.
    max_products
        Products with a block after which the best so far is returned.
    random
        For directions to go on with where the Krylov space is exhausted.
    workers
        Threads; the result does not depend on how many there are.

    Returns
    -------
    pairs, vectors
        All pairs of the last subspace, and the (V, at most above + below) Ritz vectors of the ends.
    """
    basis = _Basis(start, capacity, random, workers)
    satisfied = False
    while True:
        basis.multiply(product)
        values, rotation = np.linalg.eigh(basis.projection)
        values, rotation = values[::-1], rotation[:, ::-1]
        pairs = RitzPairs(values, basis.residual_norms(rotation))
        done = finished(pairs)
        max_products -= 1
        if (done and satisfied) or basis.is_whole or not max_products:
            return pairs, basis.combined(rotation[:, _ends(len(values), above, below)])
        satisfied = done
        if not basis.has_room:
            block = start.shape[1]
            kept = _ends(len(values), above + block, below + block)
            basis.restart(values[kept], rotation[:, kept])
        basis.append()


def _ends(size: int, above: int, below: int) -> NDArray[np.int64]:
    """Indices of the first `above` and the last `below` of `size`, each once."""
    return np.unique(np.concatenate([np.arange(size)[:above], np.arange(size)[::-1][:below]]))


class _Basis:
    """Orthonormal basis, grown by the product with its last block.

    Rows are worked on in slabs, in several threads; sums over slabs are taken in their order.

    Attributes
    ----------
    projection
        (size, size) float64, the operator in the basis, known up to the last block multiplied.
    """

    def __init__(
        self, start: Vectors, capacity: int, random: np.random.Generator, workers: Workers
    ) -> None:
        self._order = start.shape[0]
        self._array = np.empty((self._order, min(capacity, self._order)), dtype=start.dtype)
        self._size = 0
        self._random, self._workers = random, workers
        self._slabs = [
            slice(first, first + _SLAB) for first in range(0, max(self._order, 1), _SLAB)
        ]
        # Directions shorter than this, relative to the operator, are rounding errors.
        self._negligible = 100 * float(np.finfo(start.dtype).eps)
        self.projection = np.zeros((0, 0))
        self._next, self._coupling = self._orthonormal(start, start.T @ start, scale=0.0)
        self.append()

    @property
    def has_room(self) -> bool:
        """Whether the next block fits."""
        return self._size + self._next.shape[1] <= self._array.shape[1]

    @property
    def is_whole(self) -> bool:
        """Whether the basis spans everything, so that its values are the spectrum."""
        return self._size == self._order

    def append(self) -> None:
        """Take the next block into the basis."""
        stop = self._size + self._next.shape[1]
        self._array[:, self._size : stop] = self._next
        self._size = stop

    def multiply(self, product: Product) -> None:
        """Multiply the last block, and make the next one of what is new in the result."""
        first, size = self._size - self._next.shape[1], self._size
        image = product(self._next)
        parts, gram = self._remove_basis(image)
        self.projection = np.pad(self.projection, (0, size - first))
        self.projection[:first, first:] = parts[:first]
        self.projection[first:, :first] = parts[:first].T
        self.projection[first:, first:] = (parts[first:] + parts[first:].T) / 2
        scale = float(np.abs(self.projection).max())
        self._next, self._coupling = self._orthonormal(image, gram, scale)

    def residual_norms(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Norms of the residuals of the Ritz vectors with these coefficients."""
        last = rotation[self._size - self._coupling.shape[1] :]
        norms: NDArray[np.float64] = np.linalg.norm(self._coupling @ last, axis=0)
        return norms

    def restart(self, values: NDArray[np.float64], rotation: NDArray[np.float64]) -> None:
        """Replace the basis by some of its Ritz vectors."""
        kept = self.combined(rotation)
        self._size = kept.shape[1]
        self._array[:, : self._size] = kept
        self.projection = np.diag(values)

    def combined(self, rotation: NDArray[np.float64]) -> Vectors:
        """Vectors with these coefficients, (V, columns of `rotation`)."""
        factors = rotation.astype(self._array.dtype)
        vectors = np.empty((self._order, factors.shape[1]), dtype=factors.dtype)

        def combine(rows: slice) -> None:
            np.matmul(self._array[rows, : self._size], factors, out=vectors[rows])

        self._workers.run([partial(combine, rows) for rows in self._slabs])
        return vectors

    def _remove_basis(self, block: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Subtract a block's part in the basis: (its coefficients, the Gram matrix of the rest)."""

        def coefficients(rows: slice) -> NDArray[np.floating[Any]]:
            return self._array[rows, : self._size].T @ block[rows]

        def subtract(rows: slice) -> NDArray[np.floating[Any]]:
            block[rows] -= self._array[rows, : self._size] @ factors
            return block[rows].T @ block[rows]

        parts = self._summed(coefficients)
        factors = parts.astype(block.dtype)
        return parts, self._summed(subtract)

    def _summed(self, function: Callable[[slice], NDArray[Any]]) -> NDArray[np.float64]:
        slabs = self._workers.run([partial(function, rows) for rows in self._slabs])
        return np.sum([slab.astype(np.float64) for slab in slabs], axis=0)

    def _orthonormal(
        self, block: Vectors, gram: NDArray[Any], scale: float
    ) -> tuple[Vectors, NDArray[np.float64]]:
        """(Q, B) with block = Q B: Q orthonormal and orthogonal to the basis.

        Directions that are nothing but rounding errors are replaced by random ones, whose rows of
        B are 0: the Krylov space is exhausted there, but others may hold further eigenvectors.
        """
        squares, directions = np.linalg.eigh(gram.astype(np.float64))
        lengths = np.sqrt(np.maximum(squares, 0))
        largest = max(scale, float(lengths.max(initial=0)))
        # At most as many as there are dimensions left, the longest first.
        count = min(block.shape[1], self._order - self._size)
        kept = np.argsort(-lengths)[:count]
        kept = kept[lengths[kept] > self._negligible * largest]
        coupling = np.zeros((count, block.shape[1]))
        coupling[: len(kept)] = (directions[:, kept] * lengths[kept]).T
        new: Vectors = block @ (directions[:, kept] / lengths[kept]).astype(block.dtype)
        if len(kept) < count:
            fresh = self._random.standard_normal((self._order, count - len(kept)))
            new = np.hstack([new, fresh.astype(block.dtype)])
        # What rounding left in a short direction, of others and of the basis, is large relative
        # to it.
        if len(kept) < count or lengths[kept].min(initial=largest) < _SHORT * largest:
            for _ in range(2):
                self._remove_basis(new)
                new, _ = np.linalg.qr(new)
            new = np.ascontiguousarray(new)
        return new, coupling
