"""Outer eigenvalues of a large adjacency matrix: products with all nodes and corrections on few in turn.

Most of the work is done in single precision, which is twice as fast (``docs/graph.md``).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.coarse import Coarse
from sparsetopo.metrics.implicit.spectra.krylov import Ends, outer_pairs
from sparsetopo.metrics.implicit.spectra.ritz import (
    NotConvergedError,
    Product,
    RitzPairs,
    Vectors,
)
from sparsetopo.metrics.implicit.spectra.slabs import Slabs
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.seeding import generator

# Pairs wanted at the upper and at the lower end. No others can have one of the three largest
# magnitudes: by Perron and Frobenius no magnitude exceeds the largest eigenvalue.
ENDS = Ends(above=3, below=2)
# Vectors of a basis in single and in double precision, the least and the bytes that they may take.
_CAPACITY, _DOUBLE_CAPACITY, _SMALLEST_CAPACITY, _BASIS_BYTES = 28, 80, 21, 2**29
# Products before the first correction, at most after each, and of random vectors beside what was found.
_FIRST_PRODUCTS, _PRODUCTS, _RANDOM_PRODUCTS = 5, 14, 3
_CORRECTIONS = 6
# Residuals, in units of the largest eigenvalue, at which single precision has done its part.
_GOOD = 1e-5
# Products in double precision.
MAX_PRODUCTS = 200
# Rounding error of a value in single precision, in units of its precision.
_ROUNDING_OF_VALUE = 250
# Error allowed in a gap, relative to it, or to the largest eigenvalue where that is more: less than
# half of what is promised. The iteration in single precision has to be better by a factor of four,
# so that the check in double precision mostly confirms it.
_OF_GAP, _OF_LARGEST = 4e-6, 4e-10
_STRICTER = 4


class OuterEigenvalues:
    """The iteration for one matrix of (order, order), given by its product and by what corrects its vectors."""

    def __init__(self, product: Product, order: int, coarse: Coarse, workers: Workers) -> None:
        self._product, self._order, self._coarse = product, order, coarse
        self._workers = workers
        self._random = generator("eigenvalues", order)
        # All eigenvalues of the last graph of patterns, none before the first.
        self._others = np.zeros(0)

    def values(self, start: Vectors) -> NDArray[np.float64]:
        """Eigenvalues, descending, which are accurate at both ends only; NotConvergedError if they are not.

        `start` are (V, vectors) start vectors in single precision, which are overwritten.
        """
        capacity = min(self._capacity(_CAPACITY, 4), self._order)
        memory = np.empty((self._order, capacity), dtype=np.float32)
        found = self._iterated(start, _FIRST_PRODUCTS, memory)
        del start
        for fineness in range(_CORRECTIONS):
            if self._is_good(found[0]):
                break
            self._others, corrected = self._coarse.corrected(found[1], fineness)
            again = ENDS.folded(corrected)
            if fineness:
                # What the patterns leave out is not lost.
                again = np.hstack([again, ENDS.folded(found[1])])
            del corrected, found
            found = self._iterated(again, _PRODUCTS, memory)
        found = self._checked(found[1], memory)
        del memory
        return self._in_double_precision(found[1].astype(np.float64)).values

    def _checked(self, vectors: Vectors, memory: Vectors) -> tuple[RitzPairs, Vectors]:
        """What was found, after random vectors were iterated beside it, and patterns of both on the small graph."""
        folded = ENDS.folded(vectors)
        random = self._random.standard_normal(folded.shape, dtype=np.float32)
        random /= np.float32(np.sqrt(self._order))
        found = self._iterated(
            np.hstack([folded, random]), _RANDOM_PRODUCTS, memory, lambda _: False
        )
        self._others, corrected = self._coarse.corrected(found[1], 0)
        if np.isfinite(ENDS.of(self._beside_others(found[0]).residuals)).all():
            return found
        both = np.hstack([ENDS.folded(corrected), ENDS.folded(found[1])])
        del corrected, found
        return self._iterated(both, _PRODUCTS, memory)

    def _in_double_precision(self, vectors: Vectors) -> RitzPairs:
        """Accurate pairs, of which (V, vectors) float64 Ritz vectors are good approximations."""
        pairs = self._rayleigh_ritz(vectors)
        if not self._is_accurate(pairs):
            capacity = self._capacity(_DOUBLE_CAPACITY, 8)
            pairs, _ = self._pairs(ENDS.folded(vectors), self._is_accurate, MAX_PRODUCTS, capacity)
            if not self._is_accurate(pairs):
                raise NotConvergedError(f"no accurate eigenvalues in {MAX_PRODUCTS} products")
        return pairs

    def _capacity(self, most: int, bytes_each: int) -> int:
        """Vectors that a basis may hold, of numbers of so many bytes."""
        return min(most, max(_SMALLEST_CAPACITY, _BASIS_BYTES // (bytes_each * self._order)))

    def _iterated(
        self,
        start: Vectors,
        most: int,
        memory: Vectors,
        finished: Callable[[RitzPairs], bool] | None = None,
    ) -> tuple[RitzPairs, Vectors]:
        """Pairs and vectors after some products in single precision."""
        return self._pairs(start, finished or self._is_good, most, memory.shape[1], memory)

    def _pairs(
        self,
        start: Vectors,
        finished: Callable[[RitzPairs], bool],
        max_products: int,
        capacity: int,
        memory: Vectors | None = None,
    ) -> tuple[RitzPairs, Vectors]:
        return outer_pairs(
            self._product,
            start,
            finished,
            ends=ENDS,
            capacity=capacity,
            max_products=max_products,
            random=self._random,
            workers=self._workers,
            memory=memory,
        )

    def _rayleigh_ritz(self, vectors: Vectors) -> RitzPairs:
        """The pairs in the span of some nearly orthonormal vectors, from one product."""
        slabs = Slabs(self._order, self._workers)
        image = self._product(vectors, np.empty_like(vectors))
        # vectors @ to_orthonormal are orthonormal, by Cholesky's factor of their Gram matrix.
        to_orthonormal = np.linalg.inv(np.linalg.cholesky(slabs.gram(vectors, vectors))).T
        projection = to_orthonormal.T @ slabs.gram(vectors, image) @ to_orthonormal
        values, rotation = np.linalg.eigh(projection)
        factors = to_orthonormal @ rotation

        def squares(rows: slice) -> Vectors:
            residuals = image[rows] @ factors - (vectors[rows] @ factors) * values
            total: Vectors = np.sum(residuals**2, axis=0)
            return total

        return RitzPairs(values[::-1], np.sqrt(slabs.summed(squares))[::-1])

    def _is_accurate(self, pairs: RitzPairs) -> bool:
        return gaps_are_accurate(self._beside_others(pairs))

    def _is_good(self, pairs: RitzPairs) -> bool:
        """Whether double precision should go on: few products there are worth many here."""
        if len(pairs.values) < sum(ENDS.kept):
            return False
        pairs = self._beside_others(pairs)
        return gaps_are_accurate(pairs, _STRICTER) or bool(
            ENDS.of(pairs.residuals).max() <= _GOOD * pairs.values[0]
        )

    def _beside_others(self, pairs: RitzPairs) -> RitzPairs:
        """The pairs with what the last graph of patterns shows of other eigenvalues."""
        if min(len(self._others), len(pairs.values)) < sum(ENDS.kept):
            return pairs
        margin = _ROUNDING_OF_VALUE * float(np.finfo(np.float32).eps) * pairs.values[0]
        return pairs.beside(self._others, *ENDS.kept, margin)


def gaps_are_accurate(pairs: RitzPairs, stricter: float = 1.0) -> bool:
    """Whether both gaps are known well enough, or better than that by a factor."""
    values, errors = pairs.values, pairs.errors
    first, _, third = magnitudes(values, np.zeros_like(values))
    upper = magnitudes(values, errors)
    gap_error = max(upper[0] - first, upper[2] - third)
    signed_error = errors[:2].max()
    floor = _OF_LARGEST * first
    return bool(
        stricter * gap_error <= max(_OF_GAP * (first - third), floor)
        and stricter * signed_error <= max(_OF_GAP * (first - values[1]), floor)
    )


def magnitudes(values: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three largest magnitudes if values (descending) miss their eigenvalues by these errors."""
    upper, lower = (values + errors)[: ENDS.above], (errors - values)[-ENDS.below :]
    return np.sort(np.concatenate([upper, lower, np.zeros(3)]))[::-1][:3]
