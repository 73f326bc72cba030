"""Spatial incidence of a bundle: which positions along one axis are joined, and by which tap."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import Axis


@dataclass(frozen=True, eq=False)
class Lookup:
    """An incidence seen from one end: position p has the entries ``starts[p]:starts[p + 1]``.

    An entry is a tap, below `num_taps`, and the position at the other end.
    """

    starts: NDArray[np.int32]
    taps: NDArray[np.int32]
    ends: NDArray[np.int32]
    num_taps: int

    @cached_property
    def positions(self) -> NDArray[np.int32]:
        """(entries,) the position at this end."""
        numbers = np.arange(len(self.starts) - 1, dtype=np.int32)
        return np.repeat(numbers, np.diff(self.starts))

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """(taps, positions) number of entries."""
        counts = np.zeros((self.num_taps, len(self.starts) - 1))
        np.add.at(counts, (self.taps, self.positions), 1)
        return counts


@dataclass(frozen=True, eq=False)
class Incidence:
    """Which positions along one axis are joined, and by which tap; each pair once, by (target, source).

    The numbers are exclusive upper bounds.
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
        return self._lookup(self.sources, self.targets, self.num_sources)

    @cached_property
    def from_targets(self) -> Lookup:
        """Entries by target position, in the order of the sources."""
        return self._lookup(self.targets, self.sources, self.num_targets)

    @cached_property
    def pairs_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of (source, target) pairs."""
        return np.bincount(self.taps, minlength=self.num_taps)

    @cached_property
    def pairs_by_tap(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each tap the source and the target positions that it joins."""
        sources, targets = self.sources.astype(np.int64), self.targets.astype(np.int64)
        of_tap = [self.taps == tap for tap in range(self.num_taps)]
        return [(sources[chosen], targets[chosen]) for chosen in of_tap]

    def _lookup(self, near: NDArray[np.int32], far: NDArray[np.int32], positions: int) -> Lookup:
        order = np.argsort(near, kind="stable")
        starts = np.zeros(positions + 1, dtype=np.int32)
        np.cumsum(np.bincount(near, minlength=positions), out=starts[1:])
        return Lookup(starts, self.taps[order], far[order], self.num_taps)


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
    # Triples are sorted by target and source.
    repeated = (np.diff(axis.targets) == 0) & (np.diff(axis.sources) == 0)
    return not repeated.any()
