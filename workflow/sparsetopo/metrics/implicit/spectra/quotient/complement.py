"""A bound of the eigenvalues whose vectors have the sum 0 on every class of alike positions.

On these vectors the matrix of a tap, which positions it joins, has some norm of at most n, which is
0 if it sees only sums over whole classes. So A has at most the norm there of the matrix B of channels
that has the entries sum over taps of n |w|, and no eigenvalue of D - A there is above those of
E + B, where E has the largest degree of each channel. By Collatz and Wielandt the largest eigenvalue
of E + B is at most max (E x + B x) / x for any x > 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Lists
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.compiled import loop
from sparsetopo.metrics.implicit.spectra.product.terms import End
from sparsetopo.metrics.implicit.spectra.quotient.classes import Labels
from sparsetopo.metrics.implicit.spectra.quotient.points import FlatTerm, Numbers, Points

Vector = NDArray[np.float64]

# Vectors x that are tried, each nearly the product with the one before.
_MAX_PRODUCTS = 30
# Smallest number in a vector, beside a largest one of 1.
_SMALLEST = 1e-9
# What rounding may add to the bound.
_ROUNDED_DOWN = 1 - 1e-9


class Complement:
    """The part of a graph that vectors of sum 0 on all classes see."""

    def __init__(
        self, layers: Sequence[NodeLayer], terms: Sequence[FlatTerm], labels: Labels
    ) -> None:
        self._layers = layers
        self._offsets = np.cumsum([0, *(layer.channels for layer in layers)]).tolist()
        norms = [
            np.array([_norm(term, pairs, core, wide) for pairs in term.pairs])
            for term, core, wide in zip(terms, labels.core, labels.wide, strict=True)
        ]
        self._parts = [(term, norm) for term, norm in zip(terms, norms, strict=True) if norm.any()]

    def largest_degrees(self, degrees: Vector) -> Vector:
        """(channels,) largest of the (V,) degrees in each channel."""
        offsets = np.cumsum([0, *(layer.size for layer in self._layers)])
        parts = np.split(degrees, offsets[1:-1])
        largest = [
            part.reshape(layer.channels, -1).max(axis=1)
            for part, layer in zip(parts, self._layers, strict=True)
        ]
        return np.concatenate(largest)

    def is_below(self, value: float, diagonal: Vector | float = 0.0) -> bool:
        """Whether no magnitude of an eigenvalue of A is above `value`, or no eigenvalue of D - A, given E."""
        vector: Vector = np.ones(self._offsets[-1])
        for _ in range(_MAX_PRODUCTS):
            image: Vector = diagonal * vector + self._product(vector)
            if (image <= _ROUNDED_DOWN * value * vector).all():
                return True
            if value <= 0:
                return False
            # A part of the vector itself keeps it from swinging between the layers.
            mixed = image / value + vector / 2
            vector = np.maximum(mixed / mixed.max(), _SMALLEST)
        return False

    def _product(self, vector: Vector) -> Vector:
        result = np.zeros_like(vector)
        for term, norms in self._parts:
            core, wide = term.core.end, term.wide.end
            for near, far, lists in (
                (core, wide, term.kernel.core),
                (wide, core, term.kernel.wide),
            ):
                values = _by_group(vector[self._channels(far)], far)
                sums = _weighted_sums(lists, norms, values)
                result[self._channels(near)] += _of_members(sums, near)
        return result

    def _channels(self, end: End) -> slice:
        first = self._offsets[end.layer]
        return slice(first + end.channels.start, first + end.channels.stop)


def _by_group(values: Vector, end: End) -> Vector:
    """Sums over groups of channels."""
    if end.groups is None:
        return values
    joined = end.groups >= 0
    return np.bincount(end.groups[joined], values[joined], end.num_groups).astype(np.float64)


def _of_members(values: Vector, end: End) -> Vector:
    """Values of groups at each of their channels."""
    return values if end.groups is None else np.append(values, 0.0)[end.groups]


def _norm(
    term: FlatTerm, pairs: tuple[Numbers, Numbers], core_labels: Numbers, wide_labels: Numbers
) -> float:
    """Bound of the norm of which positions a tap joins, on vectors of sum 0 on all classes.

    The norm of a matrix of 0 and 1 is at most the root of its largest row sum times its largest
    column sum. A point that is alike to no other holds classes as a whole.
    """
    squared = 1
    for points, joined, labels in (
        (term.core, pairs[0], core_labels),
        (term.wide, pairs[1], wide_labels),
    ):
        if (np.bincount(labels)[labels[joined]] == 1).all():
            return 0.0
        squared *= int(np.bincount(joined).max()) * _most_members(points)
    return float(np.sqrt(squared))


def _most_members(points: Points) -> int:
    return int(np.bincount(points.of[points.of >= 0]).max())


@loop
def _weighted_sums(lists: Lists, norms: Vector, far: Vector) -> Vector:
    """For each near channel the sum over taps and lists of norm * |magnitude| * far value."""
    channels = (len(lists.starts) - 1) // len(norms)
    sums = np.zeros(channels)
    for tap in range(len(norms)):
        if norms[tap] == 0:
            continue
        for channel in range(channels):
            total = 0.0
            number = tap * channels + channel
            for j in range(lists.starts[number], lists.starts[number + 1]):
                total += abs(lists.magnitudes[j]) * far[lists.ends[j]]
            sums[channel] += norms[tap] * total
    return sums
