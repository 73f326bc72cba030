"""Outer eigenvalues of the weighted adjacency matrix of a graph that is never stored.

Most of the work is done in single precision, which is twice as fast. It finds good vectors; their
Rayleigh quotients, taken in double precision, are accurate to the square of the vectors' errors.
Should the residuals say that this is not enough, the iteration goes on in double precision.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.seeding import generator
from sparsetopo.topometrics.primitives.base import AdjacencyEigenvalues
from sparsetopo.topometrics.primitives.implicit.adjacency import Adjacency
from sparsetopo.topometrics.primitives.implicit.krylov import (
    NotConvergedError,
    Product,
    RitzPairs,
    Vectors,
    outer_pairs,
)

# Graphs up to this order are solved dense.
_DENSE_ORDER = 400
# Vectors of a block: a multiple eigenvalue is found as often as it occurs, up to this number. The
# answers depend on three.
_BLOCK = 4
# Vectors of a basis, and what they may take.
_CAPACITY, _SMALLEST_CAPACITY, _BASIS_BYTES = 28, 21, 2**29
_MAX_PRODUCTS = 200
# Pairs wanted at the upper and at the lower end. No others can have one of the three largest
# magnitudes: by Perron and Frobenius no magnitude exceeds the largest eigenvalue.
_ABOVE, _BELOW = 3, 2
# Rounding errors of a product in single precision, in units of its precision.
_ROUNDING = 20
# Error allowed in a gap, relative to it, or to the largest eigenvalue where that is more: a tenth
# of what is promised.
_OF_GAP, _OF_LARGEST = 1e-6, 1e-10


def adjacency_eigenvalues(
    layers: Sequence[NodeLayer], bundles: Sequence[Bundle], degrees: NDArray[np.float64]
) -> AdjacencyEigenvalues:
    """Three largest magnitudes and two largest eigenvalues of the weighted adjacency matrix.

    Parameters
    ----------
    layers, bundles
        The graph.
    degrees
        (V,) weighted degrees.

    Raises
    ------
    NotConvergedError
        If many eigenvalues lie too close together, as those of many almost equal components do.
    """
    largest_degree = float(degrees.max(initial=0.0))
    if largest_degree == 0:
        return AdjacencyEigenvalues((0.0, 0.0, 0.0), (0.0, 0.0))
    # Scaled, so that squares of single-precision numbers neither vanish nor overflow; by a power of
    # two, which rounds nothing.
    scale = 2.0 ** round(math.log2(largest_degree))
    adjacency = Adjacency(layers, bundles, scale)
    values = scale * _outer_eigenvalues(adjacency.product, _smooth_start(layers, degrees / scale))
    first, second, third = _magnitudes(values, np.zeros_like(values)).tolist()
    largest, next_to_largest = np.append(values, [0.0, 0.0])[:2].tolist()
    return AdjacencyEigenvalues((first, second, third), (largest, next_to_largest))


def _outer_eigenvalues(product: Product, start: Vectors) -> NDArray[np.float64]:
    """Eigenvalues, descending; of a large matrix only the two at either end are accurate."""
    order = len(start)
    if order <= _DENSE_ORDER:
        return np.linalg.eigvalsh(product(np.eye(order)))[::-1].astype(np.float64)
    options: dict[str, Any] = {
        "above": _ABOVE,
        "below": _BELOW,
        "capacity": min(_CAPACITY, max(_SMALLEST_CAPACITY, _BASIS_BYTES // (4 * order))),
        "max_products": _MAX_PRODUCTS,
        "random": generator("eigenvalues", order),
    }
    pairs, vectors = outer_pairs(product, start, _single_precision_is_exhausted, **options)
    start = vectors.astype(np.float64)
    polished = _polished(product, pairs, start)
    if not _gaps_are_accurate(polished):
        polished, _ = outer_pairs(product, start, _gaps_are_accurate, **options)
        if not _gaps_are_accurate(polished):
            raise NotConvergedError(f"no accurate eigenvalues in {_MAX_PRODUCTS} products")
    return polished.values


def _polished(product: Product, pairs: RitzPairs, vectors: Vectors) -> RitzPairs:
    """The outer pairs by one product in double precision; the others only keep them apart."""
    vectors, _ = np.linalg.qr(vectors)
    image = product(np.ascontiguousarray(vectors))
    values, rotation = np.linalg.eigh(vectors.T @ image)
    values, rotation = values[::-1], rotation[:, ::-1]
    residuals = np.linalg.norm(image @ rotation - (vectors @ rotation) * values, axis=0)
    inner = pairs.values[_ABOVE:-_BELOW]
    unknown = np.full(len(inner), np.inf)
    return RitzPairs(
        np.concatenate([values[:_ABOVE], inner, values[_ABOVE:]]),
        np.concatenate([residuals[:_ABOVE], unknown, residuals[_ABOVE:]]),
    )


def _single_precision_is_exhausted(pairs: RitzPairs) -> bool:
    """Whether the gaps are accurate, or the residuals of the ends mere rounding errors."""
    ends = np.append(pairs.residuals[:_ABOVE], pairs.residuals[-_BELOW:])
    rounding = _ROUNDING * float(np.finfo(np.float32).eps)
    return _gaps_are_accurate(pairs) or bool(ends.max() <= rounding * pairs.values[0])


def _gaps_are_accurate(pairs: RitzPairs) -> bool:
    """Whether both gaps are known well enough."""
    values, errors = pairs.values, pairs.errors
    first, _, third = _magnitudes(values, np.zeros_like(values))
    upper = _magnitudes(values, errors)
    gap_error = max(upper[0] - first, upper[2] - third)
    signed_error = errors[:2].max()
    floor = _OF_LARGEST * first
    return bool(
        gap_error <= max(_OF_GAP * (first - third), floor)
        and signed_error <= max(_OF_GAP * (first - values[1]), floor)
    )


def _magnitudes(values: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Three largest magnitudes if values (descending) miss their eigenvalues by these errors."""
    upper, lower = (values + errors)[:_ABOVE], (errors - values)[-_BELOW:]
    return np.sort(np.concatenate([upper, lower, np.zeros(3)]))[::-1][:3]


def _smooth_start(layers: Sequence[NodeLayer], degrees: NDArray[np.float64]) -> NDArray[np.float32]:
    """Start block for the adjacency matrix.

    The outer eigenvectors vary slowly over a feature map, and more or less as the weighted degrees
    do: times 1, the row, the column. A tenth of noise reaches what these do not.
    """
    order = len(degrees)
    random = generator("smooth start", order)
    start = random.standard_normal((order, _BLOCK), dtype=np.float32)
    start *= 0.1
    start[:, 0] += 1
    offset = 0
    for layer in layers:
        maps = start[offset : offset + layer.size].reshape(
            layer.channels, layer.height, layer.width, _BLOCK
        )
        maps[..., 1] += _ramp(layer.height)[:, None]
        maps[..., 2] += _ramp(layer.width)
        offset += layer.size
    start *= degrees.astype(np.float32)[:, None]
    return start


def _ramp(length: int) -> NDArray[np.float32]:
    """From -1 to 1; a single position is the middle."""
    if length == 1:
        return np.zeros(1, dtype=np.float32)
    return np.linspace(-1, 1, length, dtype=np.float32)
