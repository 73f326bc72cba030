"""Outer eigenvalues of the weighted adjacency matrix of a graph that is never stored.

Most of the work is done in single precision, which is twice as fast (``docs/graph.md``).
"""

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.bipartite import bipartite_eigenvalues, is_thin
from sparsetopo.metrics.implicit.spectra.krylov import SPARE, outer_pairs
from sparsetopo.metrics.implicit.spectra.quotient.graph import Quotient
from sparsetopo.metrics.implicit.spectra.ritz import (
    NotConvergedError,
    Product,
    RitzPairs,
    Vectors,
)
from sparsetopo.metrics.implicit.spectra.slabs import Slabs
from sparsetopo.metrics.implicit.spectra.waves import WAVES, standing_waves
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.metrics.primitives import AdjacencyEigenvalues
from sparsetopo.seeding import generator

# Graphs of up to this many nodes are solved dense.
_DENSE_ORDER = 400
# Largest exponent of a power of two that single precision holds.
_LARGEST_EXPONENT = 127
# Noise in the start vectors, beside waves of height 1.
_NOISE = np.float32(0.1)
# Vectors of a basis, and bytes that they may take.
_CAPACITY, _SMALLEST_CAPACITY, _BASIS_BYTES = 28, 21, 2**29
_CAPACITY_OF_CLASSES = 80
_MAX_PRODUCTS = 200
# Pairs wanted at the upper and at the lower end. No others can have one of the three largest
# magnitudes: by Perron and Frobenius no magnitude exceeds the largest eigenvalue.
_ABOVE, _BELOW = 3, 2
# Rounding errors of a product in single precision, in units of its precision.
_ROUNDING = 20
# Error allowed in a gap, relative to it, or to the largest eigenvalue where that is more: less than
# half of what is promised. The iteration in single precision has to be better by a factor of four,
# so that the check in double precision mostly confirms it.
_OF_GAP, _OF_LARGEST = 4e-6, 4e-10
_STRICTER = 4


def is_decomposed(layers: Sequence[NodeLayer]) -> bool:
    """Whether a graph of these node layers is small or thin enough to compute all eigenvalues.

    Examples
    --------
    >>> is_decomposed([NodeLayer("input", 3, 32, 32), NodeLayer("class", 10, 1, 1)])
    True
    """
    sizes = tuple(layer.size for layer in layers)
    return is_thin(sizes) or sum(sizes) <= _DENSE_ORDER


def adjacency_eigenvalues(
    graph: WeightedGraph, workers: Workers | None = None
) -> AdjacencyEigenvalues:
    """Three largest magnitudes and two largest eigenvalues of the weighted adjacency matrix.

    No result depends on the number of threads. NotConvergedError if many eigenvalues lie too close together, as those
    of many nearly equal components do.
    """
    layers, degrees = graph.layers, graph.degrees
    largest_degree = float(degrees.max(initial=0.0))
    if largest_degree == 0:
        return AdjacencyEigenvalues((0.0, 0.0, 0.0), (0.0, 0.0))
    # Scaled so that squares of single-precision numbers neither vanish nor overflow, by a power of
    # two, which rounds nothing.
    scale = 2.0 ** min(round(math.log2(largest_degree)), _LARGEST_EXPONENT)
    workers = workers or Workers()
    sizes = tuple(layer.size for layer in layers)
    if is_thin(sizes):
        product = Adjacency.of_terms(layers, graph.terms, scale, workers).product
        return _answer(bipartite_eigenvalues(product, sizes) * scale)
    if len(degrees) > _DENSE_ORDER and graph.quotient is not None:
        # If the iteration does not converge for the classes, it may for all nodes.
        with contextlib.suppress(NotConvergedError):
            found = _answer(_of_classes(graph.quotient, degrees / scale, scale, workers) * scale)
            if graph.quotient.complement.is_below(min(*found.magnitudes, *found.largest)):
                return found
    product = Adjacency.of_terms(layers, graph.terms, scale, workers).product
    values = _outer_eigenvalues(
        product, len(degrees), lambda: _smooth_start(layers, degrees / scale), workers
    )
    return _answer(values * scale)


def _of_classes(
    classes: Quotient, degrees: NDArray[np.float64], scale: float, workers: Workers
) -> NDArray[np.float64]:
    """Eigenvalues of the graph of classes, given the degrees of all nodes, both divided by `scale`.

    It is small enough for a large basis, which takes far fewer products if many eigenvalues lie close
    together, as those of the blocks of a transformer do; in single precision these would not converge.
    """
    product = Adjacency.of_terms(classes.layers, classes.terms, scale, workers).product
    order = len(classes.members)
    if order <= _DENSE_ORDER:
        return _decomposed(product, order)
    # The values at the nodes of a class are those in the basis of its indicators over the root of its size.
    start = _smooth_start(classes.layers, degrees[classes.members] * np.sqrt(classes.sizes))
    pairs, _ = outer_pairs(
        product,
        start.astype(np.float64),
        _gaps_are_accurate,
        above=_ABOVE,
        below=_BELOW,
        capacity=min(_CAPACITY_OF_CLASSES, max(_SMALLEST_CAPACITY, _BASIS_BYTES // (8 * order))),
        max_products=_MAX_PRODUCTS,
        random=generator("eigenvalues", order),
        workers=workers,
    )
    if not _gaps_are_accurate(pairs):
        raise NotConvergedError(f"no accurate eigenvalues in {_MAX_PRODUCTS} products")
    return pairs.values


def _decomposed(product: Product, order: int) -> NDArray[np.float64]:
    """All eigenvalues of a small matrix."""
    return np.linalg.eigvalsh(product(np.eye(order)))[::-1].astype(np.float64)


def _answer(values: NDArray[np.float64]) -> AdjacencyEigenvalues:
    """What is wanted of eigenvalues in descending order."""
    first, second, third = _magnitudes(values, np.zeros_like(values)).tolist()
    largest, next_to_largest = np.append(values, [0.0, 0.0])[:2].tolist()
    return AdjacencyEigenvalues((first, second, third), (largest, next_to_largest))


def _outer_eigenvalues(
    product: Product, order: int, start: Callable[[], Vectors], workers: Workers
) -> NDArray[np.float64]:
    """Eigenvalues, descending; those of a large matrix are accurate at both ends only.

    `start` makes the start vectors, so that they are not kept here.
    """
    if order <= _DENSE_ORDER:
        return _decomposed(product, order)
    options: dict[str, Any] = {
        "above": _ABOVE,
        "below": _BELOW,
        "capacity": min(_CAPACITY, max(_SMALLEST_CAPACITY, _BASIS_BYTES // (4 * order))),
        "max_products": _MAX_PRODUCTS,
        "random": generator("eigenvalues", order),
        "workers": workers,
    }
    pairs, vectors = outer_pairs(product, start(), _single_precision_is_exhausted, **options)
    vectors = vectors.astype(np.float64)
    above, below = _ABOVE + SPARE, _BELOW + SPARE
    inner = pairs.values[above:-below]

    def accurate(found: RitzPairs) -> bool:
        return _gaps_are_accurate(found.kept_apart(inner, above, below) if len(inner) else found)

    polished = _rayleigh_ritz(product, vectors, Slabs(order, workers))
    if not accurate(polished):
        polished, _ = outer_pairs(product, vectors, accurate, **options)
        if not accurate(polished):
            raise NotConvergedError(f"no accurate eigenvalues in {_MAX_PRODUCTS} products")
    return polished.values


def _rayleigh_ritz(product: Product, vectors: Vectors, slabs: Slabs) -> RitzPairs:
    """The pairs in the span of some nearly orthonormal vectors, from one product."""
    image = product(vectors)
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


def _single_precision_is_exhausted(pairs: RitzPairs) -> bool:
    """Whether the gaps are accurate, or the residuals at the ends are only rounding errors."""
    ends = np.append(pairs.residuals[:_ABOVE], pairs.residuals[-_BELOW:])
    rounding = _ROUNDING * float(np.finfo(np.float32).eps)
    return _gaps_are_accurate(pairs, _STRICTER) or bool(ends.max() <= rounding * pairs.values[0])


def _gaps_are_accurate(pairs: RitzPairs, stricter: float = 1.0) -> bool:
    """Whether both gaps are known well enough, or better than that by a factor."""
    values, errors = pairs.values, pairs.errors
    first, _, third = _magnitudes(values, np.zeros_like(values))
    upper = _magnitudes(values, errors)
    gap_error = max(upper[0] - first, upper[2] - third)
    signed_error = errors[:2].max()
    floor = _OF_LARGEST * first
    return bool(
        stricter * gap_error <= max(_OF_GAP * (first - third), floor)
        and stricter * signed_error <= max(_OF_GAP * (first - values[1]), floor)
    )


def _magnitudes(values: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three largest magnitudes if values (descending) miss their eigenvalues by these errors."""
    upper, lower = (values + errors)[:_ABOVE], (errors - values)[-_BELOW:]
    return np.sort(np.concatenate([upper, lower, np.zeros(3)]))[::-1][:3]


def _smooth_start(layers: Sequence[NodeLayer], degrees: NDArray[np.float64]) -> NDArray[np.float32]:
    """Standing waves times the weighted degrees, and a tenth of noise (``docs/graph.md``)."""
    order = len(degrees)
    random = generator("smooth start", order)
    start = random.standard_normal((order, len(WAVES)), dtype=np.float32)
    start *= _NOISE
    start += standing_waves(layers)
    start *= degrees.astype(np.float32)[:, None]
    return start
