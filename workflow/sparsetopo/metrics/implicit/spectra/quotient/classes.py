"""Positions that the graph cannot tell apart.

Two positions of a layer are alike if, by every kernel, they are joined to as many positions of each
class of other layers: the coarsest *equitable partition* of the positions. It is found by refinement:
all positions of a layer begin in one class, and classes are split until nothing changes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.quotient.points import FlatTerm, Numbers, Points

_ODD, _OTHER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


class Labels(NamedTuple):
    """Classes, numbered from 0 in every array by first member.

    `positions` has an array for each layer, `core` and `wide` one for the points of each term.
    """

    positions: list[Numbers]
    core: list[Numbers]
    wide: list[Numbers]


class _Edges:
    """Which things look at which by what: positions of all layers, then points of all terms."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.starts = [0]
        for size in sizes:
            self._room(size)
        self.near: list[Numbers] = []
        self.far: list[Numbers] = []
        self.keys: list[int] = []

    def _room(self, size: int) -> int:
        self.starts.append(self.starts[-1] + size)
        return self.starts[-2]

    def points(self, points: Points) -> int:
        """Where the points of an end are numbered from; they look at their members, and are looked at."""
        first = self._room(points.size)
        members = np.flatnonzero(points.of >= 0)
        self.join(self.starts[points.end.layer] + members, first + points.of[members])
        return first

    def join(self, one: Numbers, other: Numbers) -> None:
        """Let things look at one another, differently from all before."""
        key = len(self.keys)
        self.near += [one, other]
        self.far += [other, one]
        self.keys += [key, key + 1]


def classes_of(sizes: Sequence[int], terms: Sequence[FlatTerm]) -> Labels:
    """Coarsest classes of the positions of layers, given how many each has, and of points."""
    edges = _Edges(sizes)
    for term in terms:
        core, wide = edges.points(term.core), edges.points(term.wide)
        for core_points, wide_points in term.pairs:
            edges.join(core + core_points, wide + wide_points)
    labels = np.split(_refined(edges), edges.starts[1:-1])
    numbered = [_numbered(part) for part in labels]
    points = numbered[len(sizes) :]
    return Labels(numbered[: len(sizes)], points[::2], points[1::2])


def _refined(edges: _Edges) -> Numbers:
    """Label of each thing once labels no longer split."""
    starts = np.array(edges.starts)
    labels = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    nothing = np.zeros(0, dtype=np.int64)
    near, far = (np.concatenate([nothing, *parts]) for parts in (edges.near, edges.far))
    keys = np.repeat(np.array(edges.keys, dtype=np.uint64), [len(part) for part in edges.near])
    order = np.argsort(near, kind="stable")
    near, far, keys = near[order], far[order], _mixed(keys[order])
    # What each thing sees: the sum over its edges of a number for the key and the label at the end.
    seen = np.zeros(len(labels), dtype=np.uint64)
    looking, change = _sums(near, _mixed(keys + _mixed(labels[far])))
    seen[looking] = change
    suspected = np.arange(len(labels))
    while True:
        new = _split(labels, seen, suspected)
        hit = np.flatnonzero((new != labels)[far])
        if not len(hit):
            return new
        ends = far[hit]
        more, less = (_mixed(keys[hit] + _mixed(part[ends])) for part in (new, labels))
        looking, change = _sums(near[hit], more - less)
        seen[looking] += change
        labels = new
        is_suspected = np.zeros(int(labels.max()) + 1, dtype=bool)
        is_suspected[labels[looking]] = True
        suspected = np.flatnonzero(is_suspected[labels])


def _sums(near: Numbers, values: NDArray[np.uint64]) -> tuple[Numbers, NDArray[np.uint64]]:
    """The things of an ascending array, each once, and the sum of the values of each."""
    things, first = np.unique(near, return_index=True)
    return things, np.add.reduceat(values, first) if len(first) else values


def _split(labels: Numbers, seen: NDArray[np.uint64], suspected: Numbers) -> Numbers:
    """New labels in which the suspected things have different ones where they see different things.

    The part of a class that has its first member keeps the label.
    """
    _, first, inverse = np.unique(
        seen[suspected] + _mixed(labels[suspected]), return_index=True, return_inverse=True
    )
    olds = labels[suspected[first]]
    order = np.argsort(first)
    _, keeping = np.unique(olds[order], return_index=True)
    names = olds.copy()
    fresh = np.ones(len(first), dtype=bool)
    fresh[order[keeping]] = False
    names[fresh] = int(labels.max()) + 1 + np.arange(int(fresh.sum()))
    new = labels.copy()
    new[suspected] = names[inverse]
    return new


def _mixed(values: NDArray[np.uint64] | Numbers) -> NDArray[np.uint64]:
    """Numbers that look random (as in splitmix64), so that their sums differ where multisets do."""
    values = (values.astype(np.uint64) + _ODD) * _OTHER
    values = (values ^ (values >> np.uint64(31))) * _ODD
    return values ^ (values >> np.uint64(29))


def _numbered(labels: Numbers) -> Numbers:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    numbers: Numbers = np.argsort(np.argsort(first))[inverse].astype(np.int64)
    return numbers
