"""Spatial incidence of a bundle: which positions along one axis are joined, by which tap."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import Axis


@dataclass(frozen=True, eq=False)
class Lookup:
    """Incidence as seen from one end: entries of position p are ``starts[p]:starts[p + 1]``.

    Attributes
    ----------
    starts
        (positions + 1,) int32.
    taps, ends
        (entries,) int32: the tap, and the position at the other end.
    """

    starts: NDArray[np.int32]
    taps: NDArray[np.int32]
    ends: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Incidence:
    """Which positions along one axis are joined, and by which tap; each pair once.

    Attributes
    ----------
    sources, taps, targets
        (pairs,) int32, sorted by (target, source).
    num_sources, num_taps, num_targets
        Exclusive upper bounds of the three.
    """

    sources: NDArray[np.int32]
    taps: NDArray[np.int32]
    targets: NDArray[np.int32]
    num_sources: int
    num_taps: int
    num_targets: int

    @cached_property
    def from_sources(self) -> Lookup:
        """Entries by source position, in the order of the targets."""
        return _lookup(self.sources, self.taps, self.targets, self.num_sources)

    @cached_property
    def from_targets(self) -> Lookup:
        """Entries by target position, in the order of the sources."""
        return _lookup(self.targets, self.taps, self.sources, self.num_targets)

    @cached_property
    def pairs_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of (source, target) pairs."""
        return np.bincount(self.taps, minlength=self.num_taps)

    @cached_property
    def source_counts(self) -> NDArray[np.float64]:
        """(taps, source positions) number of targets."""
        counts = np.zeros((self.num_taps, self.num_sources))
        np.add.at(counts, (self.taps, self.sources), 1)
        return counts

    @cached_property
    def target_counts(self) -> NDArray[np.float64]:
        """(taps, target positions) number of sources."""
        counts = np.zeros((self.num_taps, self.num_targets))
        np.add.at(counts, (self.taps, self.targets), 1)
        return counts


@lru_cache(maxsize=1024)
def incidence_of(axis: Axis, num_sources: int, num_taps: int, num_targets: int) -> Incidence:
    """Incidence of an axis whose pairs have one tap each; equal ones are one object."""
    sources, taps, targets = (
        np.array(values, dtype=np.int32) for values in (axis.sources, axis.taps, axis.targets)
    )
    return Incidence(sources, taps, targets, num_sources, num_taps, num_targets)


@lru_cache(maxsize=4096)
def has_one_tap_a_pair(axis: Axis) -> bool:
    """Whether every pair of positions is joined by one tap only."""
    return len(set(zip(axis.sources, axis.targets, strict=True))) == len(axis.sources)


def _lookup(
    near: NDArray[np.int32], taps: NDArray[np.int32], far: NDArray[np.int32], positions: int
) -> Lookup:
    order = np.argsort(near, kind="stable")
    starts = np.zeros(positions + 1, dtype=np.int32)
    np.cumsum(np.bincount(near, minlength=positions), out=starts[1:])
    return Lookup(starts, taps[order], far[order])
