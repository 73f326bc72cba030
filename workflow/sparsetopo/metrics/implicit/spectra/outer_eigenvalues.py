"""Outer eigenvalues of a large adjacency matrix: products with all nodes and corrections on few in turn.

Most of the work is done in single precision, which is twice as fast (``docs/graph.md``).
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.coarse import Coarse
from sparsetopo.metrics.implicit.spectra.krylov import Ends, outer_pairs
from sparsetopo.metrics.implicit.spectra.ritz import (
    NotConvergedError,
    RitzPairs,
    Vectors,
)
from sparsetopo.metrics.implicit.spectra.slabs import Slabs
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.metrics.primitives import Eigenvectors
from sparsetopo.seeding import generator

# Pairs wanted at the upper and at the lower end. No others can have one of the three largest
# magnitudes: by Perron and Frobenius no magnitude exceeds the largest eigenvalue.
ENDS = Ends(above=3, below=2)
# Those kept of random vectors.
_OUTERMOST = Ends(above=1, below=1)
# Vectors of a basis in single and in double precision, the least and the bytes that they may take.
_CAPACITY, _DOUBLE_CAPACITY, _SMALLEST_CAPACITY, _BASIS_BYTES = 28, 80, 20, 2**29
# Products before the first correction, and at most after each.
_FIRST_PRODUCTS, _PRODUCTS = 5, 14
# Where a product is cheap, in multiplications and nodes together, or nodes are few, and so maps small, as many products
# as are mostly enough cost less than corrections.
_CHEAP, _COST_OF_NODE, _FEW_NODES, _CHEAP_PRODUCTS = 6e7, 30, 350_000, 24
# Random vectors beside what was found, products with them, and how often they are drawn at most, if they show others.
_NUM_RANDOM, _RANDOM_PRODUCTS, _LOOKS = 2, 4, 3
_CORRECTIONS = 6
# Residuals, in units of the largest eigenvalue, at which corrections have done their part.
_GOOD = 5e-5
# Products in double precision.
_MAX_PRODUCTS = 200
# Rounding errors of residuals, relative to the largest eigenvalue, and of values, in units of single precision.
_ROUNDING, _ROUNDING_OF_VALUE = 20, 250
# Error allowed in a gap, relative to it, or to the largest eigenvalue where that is more: less than
# half of what is promised. The iteration in single precision has to be better by a factor of four,
# so that the check in double precision mostly confirms it.
_OF_GAP, _OF_LARGEST = 4e-6, 4e-10
_STRICTER = 4


class OuterEigenvalues:
    """The iteration for one matrix of (order, order), and what corrects its vectors."""

    def __init__(self, adjacency: Adjacency, coarse: Coarse, workers: Workers) -> None:
        self._product, self._order, self._coarse = adjacency.product, adjacency.order, coarse
        cost = adjacency.cost + _COST_OF_NODE * self._order
        self._is_cheap = cost <= _CHEAP or self._order <= _FEW_NODES
        self._workers = workers
        self._slabs = Slabs(self._order, workers)
        self._random = generator("eigenvalues", self._order)
        # All eigenvalues of the last graph of patterns, none before the first.
        self._others = np.zeros(0)

    def values(
        self, start: Callable[[], Vectors], known: Eigenvectors | None = None
    ) -> NDArray[np.float64]:
        """Eigenvalues, descending, which are accurate at both ends only; NotConvergedError if they are not.

        `start` makes the (V, vectors) start vectors in single precision, so that they are not kept here. Where products
        come before corrections, those of known eigenvectors are better, and are replaced by the ones found here.
        """
        if not self._is_cheap:
            known = None
        if (
            known is not None
            and known.adjacency is not None
            and len(known.adjacency) == self._order
        ):
            start = partial(self._beside_noise, known.adjacency)
        memory = self._memory(_CAPACITY, np.float32)
        products = _CHEAP_PRODUCTS if self._is_cheap else _FIRST_PRODUCTS
        pairs, vectors = self._corrected(start(), products, memory)
        for _ in range(_LOOKS):
            others = self._newly_seen(pairs, vectors, memory)
            if others is None:
                break
            both = np.hstack([others, ENDS.folded(vectors)])
            del others, vectors
            pairs, vectors = self._corrected(both, _PRODUCTS, memory)
        del memory
        if known is not None:
            known.adjacency = ENDS.folded(vectors)
        vectors = vectors.astype(np.float64)
        return self._in_double_precision(vectors).values

    def _beside_noise(self, vectors: Vectors) -> Vectors:
        """Some vectors of norms about 1, plus random ones of a tenth of that, which reach what they do not."""
        start: Vectors = self._random.random(vectors.shape, dtype=np.float32)
        start -= 0.5
        start *= np.float32(0.1 * np.sqrt(12 / self._order))
        start += vectors
        return start

    def _corrected(
        self, start: Vectors, products: int, memory: Vectors
    ) -> tuple[RitzPairs, Vectors]:
        """Good pairs and vectors, by products from a start, and corrections on the small graph and products in turn."""
        pairs, vectors = self._iterated(start, products, memory)
        del start
        for fineness in range(_CORRECTIONS):
            if self._is_good(pairs):
                break
            self._others, again = self._coarse.corrected(vectors, fineness, memory)
            if fineness:
                # What the patterns leave out is not lost.
                again = np.hstack([again, ENDS.folded(vectors)])
            del vectors
            pairs, vectors = self._iterated(again, _PRODUCTS, memory)
        if not self._is_exhausted(pairs):
            # A new start is free of the rounding errors that a restart leaves in all that follows.
            products = memory.size // (self._order * ENDS.num_folded)
            again = ENDS.folded(vectors)
            del vectors
            pairs, vectors = self._pairs(again, self._is_exhausted, products, memory)
        return pairs, vectors

    def _newly_seen(self, pairs: RitzPairs, vectors: Vectors, memory: Vectors) -> Vectors | None:
        """Start vectors that hold eigenvectors which are not among those found; None if none is seen.

        Random vectors are iterated in the space orthogonal to those found, and the patterns of both are solved for.
        """
        others = self._iterated_beside(vectors, memory)
        self._others, seen = self._coarse.seen([vectors, others], memory)
        is_new = np.isinf(ENDS.of(self._beside_others(pairs).residuals)).any()
        return seen() if is_new else None

    def _iterated_beside(self, vectors: Vectors, memory: Vectors) -> Vectors:
        """Ritz vectors of random vectors in the space orthogonal to some."""

        def product(others: Vectors, result: Vectors) -> Vectors:
            image = self._product(others, result)
            self._slabs.remove(vectors, image)
            return image

        random = self._random.random((self._order, _NUM_RANDOM), dtype=np.float32)
        random -= 0.5
        self._slabs.remove(vectors, random)
        _, others = outer_pairs(
            product,
            random,
            lambda _: False,
            ends=_OUTERMOST,
            memory=memory[: _NUM_RANDOM * _RANDOM_PRODUCTS * self._order],
            max_products=_RANDOM_PRODUCTS,
            random=self._random,
            workers=self._workers,
        )
        return others

    def _in_double_precision(self, vectors: Vectors) -> RitzPairs:
        """Accurate pairs, of which (V, vectors) float64 Ritz vectors are good approximations."""
        pairs = self._rayleigh_ritz(vectors)
        if not self._is_accurate(pairs):
            memory = self._memory(_DOUBLE_CAPACITY, np.float64)
            pairs, _ = self._pairs(ENDS.folded(vectors), self._is_accurate, _MAX_PRODUCTS, memory)
            if not self._is_accurate(pairs):
                raise NotConvergedError(f"no accurate eigenvalues in {_MAX_PRODUCTS} products")
        return pairs

    def _memory(self, most: int, dtype: DTypeLike) -> Vectors:
        """Numbers for a basis of at most so many vectors."""
        bytes_each = np.dtype(dtype).itemsize * self._order
        capacity = min(most, max(_SMALLEST_CAPACITY, _BASIS_BYTES // bytes_each), self._order)
        return np.empty(self._order * capacity, dtype=dtype)

    def _iterated(self, start: Vectors, most: int, memory: Vectors) -> tuple[RitzPairs, Vectors]:
        """Pairs and vectors after some products in single precision."""
        finished = self._is_exhausted if self._is_cheap else self._is_good
        return self._pairs(start, finished, most, memory)

    def _pairs(
        self,
        start: Vectors,
        finished: Callable[[RitzPairs], bool],
        max_products: int,
        memory: Vectors,
    ) -> tuple[RitzPairs, Vectors]:
        return outer_pairs(
            self._product,
            start,
            finished,
            ends=ENDS,
            memory=memory,
            max_products=max_products,
            random=self._random,
            workers=self._workers,
        )

    def _rayleigh_ritz(self, vectors: Vectors) -> RitzPairs:
        """The pairs in the span of some nearly orthonormal vectors, from one product."""
        slabs = self._slabs
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
        return _gaps_are_accurate(self._beside_others(pairs))

    def _is_good(self, pairs: RitzPairs) -> bool:
        """Whether corrections on the small graph have done their part."""
        return self._is_settled(pairs, _GOOD)

    def _is_exhausted(self, pairs: RitzPairs) -> bool:
        """Whether single precision has done its part."""
        return self._is_settled(pairs, _ROUNDING * float(np.finfo(np.float32).eps))

    def _is_settled(self, pairs: RitzPairs, residual: float) -> bool:
        """Whether the gaps are accurate, or the residuals at the ends at most this part of the largest value."""
        if len(pairs.values) < sum(ENDS.kept):
            return False
        pairs = self._beside_others(pairs)
        return _gaps_are_accurate(pairs, _STRICTER) or bool(
            ENDS.of(pairs.residuals).max() <= residual * pairs.values[0]
        )

    def _beside_others(self, pairs: RitzPairs) -> RitzPairs:
        """The pairs with what the last graph of patterns shows of other eigenvalues."""
        if min(len(self._others), len(pairs.values)) < sum(ENDS.kept):
            return pairs
        return pairs.beside(self._others, *ENDS.kept, self._margin(pairs))

    @staticmethod
    def _margin(pairs: RitzPairs) -> float:
        """Rounding error of a value in single precision."""
        return _ROUNDING_OF_VALUE * float(np.finfo(np.float32).eps * pairs.values[0])


def _gaps_are_accurate(pairs: RitzPairs, stricter: float = 1.0) -> bool:
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
