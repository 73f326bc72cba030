"""Walks of two steps along one spatial axis, sorted into classes of equal position pairs.

``docs/graph.md`` defines the classes, and says why they need the *multiset* of walks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.incidence import Incidence, Lookup
from sparsetopo.metrics.implicit.walks.counting import count_walks


class TapPairs(NamedTuple):
    """Taps of a first and a second step that occur together at some middle position."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WalkClasses:
    """Classes of the position pairs (first, last) that some walk of two steps joins.

    Attributes
    ----------
    tap_pairs
        For each middle layer the pairs of taps that occur.
    starts, walks, multiplicities
        The walks of class c through middle k are ``starts[c * middles + k] : starts[c * middles + k + 1]``: indices
        into the middle's `tap_pairs`, and how many middle positions each walk goes through.
    direct
        (classes,) tap of the direct edge; -1 where there is none.
    labels, firsts, lasts
        (position pairs,) class, position in the first and in the last layer.
    """

    tap_pairs: tuple[TapPairs, ...]
    starts: NDArray[np.int64]
    walks: NDArray[np.int64]
    multiplicities: NDArray[np.int64]
    direct: NDArray[np.int64]
    labels: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(classes,) number of position pairs."""
        return np.bincount(self.labels, minlength=len(self.direct))

    @cached_property
    def middles(self) -> NDArray[np.int64]:
        """(entries,) middle layer of each entry of `walks`."""
        layers = np.tile(np.arange(len(self.tap_pairs)), len(self.direct))
        return np.repeat(layers, np.diff(self.starts))

    def most_walks(self, middle: int) -> int:
        """Largest number of walks through a middle layer that a position pair has."""
        counts = np.concatenate([[0], np.cumsum(self.multiplicities)])[self.starts]
        return int(np.diff(counts)[middle :: len(self.tap_pairs)].max(initial=0))

    def members(self, positions: NDArray[np.int64], length: int) -> NDArray[np.float64]:
        """(classes, length) how often each position occurs; `positions` is `firsts` or `lasts`."""
        counts = np.zeros((len(self.direct), length))
        np.add.at(counts, (self.labels, positions), 1)
        return counts


def walk_classes(
    steps: Sequence[tuple[Lookup, ...]], direct: Incidence | None = None
) -> WalkClasses:
    """Sort the position pairs of two layers into classes.

    `steps` are, for each middle layer, its incidence with the first and with the last layer along this axis, both seen
    from the middle layer; `direct` is that of the direct edges from the first (source) to the last layer, if there are
    any.
    """
    counted = [count_walks(first, last) for first, last in steps]
    length = 1 + max(int(walks.lasts.max(initial=0)) for walks in counted)
    tap_pairs, position_pairs, walks = [], [], []
    before = 0
    for of_middle in counted:
        span = int(of_middle.last_taps.max(initial=0)) + 1
        joint = of_middle.first_taps * span + of_middle.last_taps
        distinct, numbers = np.unique(joint, return_inverse=True)
        tap_pairs.append(TapPairs(*np.divmod(distinct, span)))
        position_pairs.append(of_middle.firsts * length + of_middle.lasts)
        walks.append(before + numbers)
        before += len(distinct)
    # For each position pair its walks in ascending order, and how often each occurs.
    entry_pairs, entry_walks = np.concatenate(position_pairs), np.concatenate(walks)
    order = np.lexsort((entry_walks, entry_pairs))
    entry_pairs, entry_walks = entry_pairs[order], entry_walks[order]
    counts = np.concatenate([of_middle.times for of_middle in counted])[order]
    pairs, begins, lengths = np.unique(entry_pairs, return_index=True, return_counts=True)
    taps = _direct_taps(direct, pairs, length)
    labels, samples = _grouped(entry_walks, counts, begins, lengths, taps)
    entries = np.repeat(begins[samples], lengths[samples]) + _within(lengths[samples])
    sizes = [len(of_middle.first) for of_middle in tap_pairs]
    middles = np.repeat(np.arange(len(steps)), sizes)[entry_walks[entries]]
    classes = np.repeat(np.arange(len(samples)), lengths[samples])
    per_middle = np.bincount(classes * len(steps) + middles, minlength=len(samples) * len(steps))
    return WalkClasses(
        tuple(tap_pairs),
        starts=np.concatenate([[0], np.cumsum(per_middle)]),
        walks=entry_walks[entries] - (np.cumsum(sizes) - sizes)[middles],
        multiplicities=counts[entries],
        direct=taps[samples],
        labels=labels,
        firsts=pairs // length,
        lasts=pairs % length,
    )


def _within(lengths: NDArray[np.integer]) -> NDArray[np.int64]:
    """0, 1, ..., n - 1 for each length n, behind one another."""
    ends = np.cumsum(lengths, dtype=np.int64)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


def _direct_taps(
    direct: Incidence | None, pairs: NDArray[np.int64], length: int
) -> NDArray[np.int64]:
    """(position pairs,) tap of the direct edge, or -1; `pairs` are ascending."""
    taps = np.full(len(pairs), -1)
    if direct is not None:
        # No walk ends at a last position beyond `length`; it must not be taken for another pair.
        inside = direct.targets < length
        edges = direct.sources[inside].astype(np.int64) * length + direct.targets[inside]
        _, of_pairs, of_edges = np.intersect1d(
            pairs, edges, assume_unique=True, return_indices=True
        )
        taps[of_pairs] = direct.taps[inside][of_edges]
    return taps


def _grouped(
    walks: NDArray[np.int64],
    counts: NDArray[np.int64],
    begins: NDArray[np.int64],
    lengths: NDArray[np.int64],
    taps: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Class of each position pair, and one pair of each class."""
    keys = np.full((2 * lengths.max(initial=0) + 1, len(lengths)), -1)
    pairs, ranks = np.repeat(np.arange(len(lengths)), lengths), _within(lengths)
    keys[2 * ranks, pairs] = walks
    keys[2 * ranks + 1, pairs] = counts
    keys[-1] = taps
    order = np.lexsort(keys)
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (np.diff(keys[:, order]) != 0).any(axis=0)
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = np.cumsum(fresh) - 1
    return labels, order[fresh]
