"""Tall, narrow arrays (V, columns), worked on in slabs of rows by several threads.

The slabs are fixed, and sums over them are taken in a fixed order, in float64: no bit depends on
the number of threads.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.ritz import Vectors
from sparsetopo.metrics.implicit.workers import Workers

# Some 30 columns of a slab in single precision fit a second-level cache.
_ROWS = 2**14


class Slabs:
    """The rows of arrays of one height.

    Examples
    --------
    >>> ones = np.ones((100_000, 1))
    >>> Slabs(100_000, Workers()).gram(ones, ones)
    array([[100000.]])
    """

    def __init__(self, height: int, workers: Workers) -> None:
        self._rows = [slice(first, first + _ROWS) for first in range(0, height, _ROWS)]
        self._workers = workers

    def each(self, function: Callable[[slice], Any]) -> list[Any]:
        """Results of a function for the rows of each slab, in order."""
        return self._workers.run([partial(function, rows) for rows in self._rows])

    def summed(self, function: Callable[[slice], NDArray[Any]]) -> NDArray[np.float64]:
        """Sum of the results of a function over the slabs."""
        return np.sum([part.astype(np.float64) for part in self.each(function)], axis=0)

    def gram(self, left: Vectors, right: Vectors) -> NDArray[np.float64]:
        """Left' @ right."""
        return self.summed(lambda rows: left[rows].T @ right[rows])

    def remove(
        self, basis: Vectors, vectors: Vectors
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Subtract from vectors their part in an orthonormal basis: (its coefficients, the Gram matrix of the rest)."""
        parts = self.gram(basis, vectors)
        factors = parts.astype(vectors.dtype)

        def subtract(rows: slice) -> Vectors:
            vectors[rows] -= basis[rows] @ factors
            gram: Vectors = vectors[rows].T @ vectors[rows]
            return gram

        return parts, self.summed(subtract)

    def combined(
        self, vectors: Vectors, factors: NDArray[np.float64], result: Vectors | None = None
    ) -> Vectors:
        """Linear combinations of vectors by (vectors, results) factors, in their precision; in `result` if given."""
        if result is None:
            result = np.empty((len(vectors), factors.shape[1]), dtype=vectors.dtype)
        rounded = factors.astype(vectors.dtype)

        def combine(rows: slice) -> None:
            np.matmul(vectors[rows], rounded, out=result[rows])

        self.each(combine)
        return result

    def combine_in_place(self, vectors: Vectors, factors: NDArray[np.float64]) -> None:
        """Replace the first of the vectors by linear combinations of as many of them as there are factors."""
        used, results = factors.shape
        rounded = factors.astype(vectors.dtype)

        def combine(rows: slice) -> None:
            vectors[rows, :results] = vectors[rows, :used] @ rounded

        self.each(combine)
