"""The graph of classes of alike positions: a smaller matrix with a part of the same spectrum.

If every node of a class has as many edges of each weight to each other class, the vectors that are
constant on classes are an invariant subspace of A and of D - A. In the basis of the normalised
indicators of the classes, A is a graph of the same form, whose edges between two classes have the
weight N |w|, where N^2 is the product of the numbers of nodes of the other class that either sees.
The other eigenvectors have the sum 0 on every class (`complement`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.axis_taps import AxisTap, Classes
from sparsetopo.metrics.implicit.spectra.product.channel_lists import Kernel, of_tap
from sparsetopo.metrics.implicit.spectra.product.terms import Term
from sparsetopo.metrics.implicit.spectra.quotient.classes import classes_of
from sparsetopo.metrics.implicit.spectra.quotient.complement import Complement
from sparsetopo.metrics.implicit.spectra.quotient.points import (
    FlatTerm,
    Numbers,
    Points,
    flat_term,
    is_running,
)

Vector = NDArray[np.float64]

# How many times smaller than the graph its quotient has to be.
_SMALLER = 2


class Quotient(NamedTuple):
    """The graph of classes.

    Attributes
    ----------
    layers, terms
        As of a graph, whose columns are classes.
    members
        (nodes of it,) a node of the graph of each class.
    sizes
        (nodes of it,) number of nodes of each class.
    complement
        The rest of the spectrum.
    """

    layers: list[NodeLayer]
    terms: list[Term]
    members: Numbers
    sizes: Numbers
    complement: Complement


def quotient(layers: Sequence[NodeLayer], terms: Sequence[Term]) -> Quotient | None:
    """The graph of classes; None if it is hardly smaller, or has not the form of a graph of layers."""
    taps = [tap for term in terms for tap in (*term.rows, *term.columns)]
    # Without attention hardly any positions are alike, and behind running sums none are.
    if all(tap.is_plain for tap in taps) or any(is_running(term) for term in terms):
        return None
    flat = [flat_term(layers, term) for term in terms]
    labels = classes_of([layer.height * layer.width for layer in layers], flat)
    smaller, members, sizes, offset = [], [], [], 0
    for layer, of in zip(layers, labels.positions, strict=True):
        _, first, counts = np.unique(of, return_index=True, return_counts=True)
        smaller.append(replace(layer, height=1, width=len(counts)))
        channels = offset + np.arange(layer.channels) * len(of)
        members.append(np.add.outer(channels, first).ravel())
        sizes.append(np.tile(counts, layer.channels))
        offset += layer.size
    if _SMALLER * sum(layer.size for layer in smaller) > offset:
        return None
    found: list[Term] = []
    for term, core, wide in zip(flat, labels.core, labels.wide, strict=True):
        parts = _of_term(term, labels.positions, core, wide)
        if parts is None:
            return None
        found += parts
    complement = Complement(layers, flat, labels)
    return Quotient(smaller, found, np.concatenate(members), np.concatenate(sizes), complement)


def _of_term(
    term: FlatTerm, positions: list[Numbers], core: Numbers, wide: Numbers
) -> list[Term] | None:
    """Terms between classes; `core` and `wide` are the classes of the points."""
    ends = [
        _sums(points, positions[points.end.layer], labels)
        for points, labels in ((term.core, core), (term.wide, wide))
    ]
    taps = [_of_tap(pairs, core, wide) for pairs in term.pairs]
    if all((factors == 1).all() for _, _, factors in taps):
        columns = [AxisTap(0, None, a, b, *ends) for a, b, _ in taps]
        return [Term(term.core.end, term.wide.end, [_ONE_ROW], columns, term.kernel)]
    # What is summed differs from tap to tap, so each is a term.
    found = []
    for number, (a, b, factors) in enumerate(taps):
        weighted = _weighted(a, b, factors, ends, (int(core.max()) + 1, int(wide.max()) + 1))
        if weighted is None:
            return None
        column = AxisTap(0, None, a, b, *weighted)
        lists = zip(term.kernel, (term.core.end, term.wide.end), strict=True)
        kernel = Kernel(*(of_tap(part, number, end.num_groups) for part, end in lists))
        found.append(Term(term.core.end, term.wide.end, [_ONE_ROW], [column], kernel))
    return found


_ONE_ROW = AxisTap(0, None, np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32))


def _of_tap(
    pairs: tuple[Numbers, Numbers], core: Numbers, wide: Numbers
) -> tuple[NDArray[np.int32], NDArray[np.int32], Vector]:
    """Pairs of classes of points that a tap joins, and their factors N."""
    num_wide = int(wide.max()) + 1
    keys, edges = np.unique(core[pairs[0]] * num_wide + wide[pairs[1]], return_counts=True)
    by_core, by_wide = np.divmod(keys, num_wide)
    sizes = np.bincount(core)[by_core] * np.bincount(wide)[by_wide]
    # The root of a square number is exact.
    return by_core.astype(np.int32), by_wide.astype(np.int32), np.sqrt(edges**2 / sizes)


def _sums(points: Points, positions: Numbers, labels: Numbers) -> Classes | None:
    """The class of points at which each class of positions is summed.

    Its weight is the root of how many of its members belong to one point.
    """
    if points.are_positions:
        return None
    joined = np.flatnonzero(points.of >= 0)
    size = int(positions.max()) + 1
    of = np.full(size, -1, dtype=np.int32)
    of[positions[joined]] = labels[points.of[joined]]
    members = np.bincount(positions[joined], minlength=size)
    weights = np.where(of < 0, 0.0, np.sqrt(members / np.bincount(labels)[of]))
    return Classes(of, int(labels.max()) + 1, weights=weights)


def _weighted(
    core: NDArray[np.int32],
    wide: NDArray[np.int32],
    factors: Vector,
    ends: list[Classes | None],
    sizes: tuple[int, int],
) -> list[Classes | None] | None:
    """The sums at either end with the factors of pairs in the weights of one; None if that cannot be."""
    for number, joined in enumerate((core, wide)):
        if len(np.unique(joined)) == len(joined):
            by_class = np.zeros(sizes[number])
            by_class[joined] = factors
            numbers = np.arange(sizes[number], dtype=np.int32)
            sums = ends[number] or Classes(numbers, sizes[number], weights=np.ones(sizes[number]))
            assert sums.weights is not None
            weights = sums.weights * np.where(sums.of < 0, 0.0, by_class[sums.of])
            weighted = list(ends)
            weighted[number] = sums._replace(weights=weights)
            return weighted
    return None
