"""A bundle: the edges between two node layers, none of them stored, no two of them parallel.

Bundles are the normal form that the algorithms work on (``docs/graph.md``, section 3).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.incidence import Incidence, Lookup


class Lists(NamedTuple):
    """For every (tap, channel) the channels at the other end of the kept weights, and their |w|.

    The list of (tap, channel c) is ``starts[tap * channels + c] : starts[tap * channels + c + 1]`` of `ends` and of
    `magnitudes`. The ends of a list are ascending.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int32]
    magnitudes: NDArray[np.float32]

    @classmethod
    def of(cls, flags: NDArray[np.bool_], sizes: NDArray[np.float32]) -> "Lists":
        """Lists of (tap, group, near, far) arrays, whose channels are numbered within the group."""
        taps, groups, near_channels, far_channels = flags.shape
        flags, sizes = np.ascontiguousarray(flags), np.ascontiguousarray(sizes)
        starts = np.zeros(taps * groups * near_channels + 1, dtype=np.int64)
        np.cumsum(np.count_nonzero(flags, axis=3).ravel(), out=starts[1:])
        kept = np.flatnonzero(flags)
        lists, ends = np.divmod(kept, far_channels)
        if groups > 1:
            ends += lists // near_channels % groups * far_channels
        return cls(starts, ends.astype(np.int32), sizes.ravel()[kept])


@dataclass(frozen=True, eq=False)
class Half:
    """A bundle seen from one end, the *near* one; its edges may point either way.

    The lists, by (tap, near channel), number the channels of both ranges from 0. `rows` and `columns` give the
    positions at the far end by the position at the near end.
    """

    near: int
    far: int
    near_channels: range
    far_channels: range
    rows: Lookup
    columns: Lookup
    lists: Lists

    @property
    def num_taps(self) -> int:
        """Number of (row tap, column tap) pairs."""
        return self.rows.num_taps * self.columns.num_taps


@dataclass(frozen=True, eq=False)
class Bundle:
    """All edges from the node layer `source` to `target`, which has the higher index.

    The lists number the channels that can have edges from 0. `forward` has the kept weights by (tap, source channel),
    `backward` by (tap, target channel), where tap = row tap * columns.num_taps + column tap.
    """

    source: int
    target: int
    source_channels: range
    target_channels: range
    rows: Incidence
    columns: Incidence
    forward: Lists
    backward: Lists

    @cached_property
    def halves(self) -> tuple[Half, Half]:
        """The bundle seen from its source layer, and from its target layer."""
        ends, channels = (self.source, self.target), (self.source_channels, self.target_channels)
        rows, columns = self.rows, self.columns
        return (
            Half(*ends, *channels, rows.from_sources, columns.from_sources, self.forward),
            Half(
                *ends[::-1], *channels[::-1], rows.from_targets, columns.from_targets, self.backward
            ),
        )

    @cached_property
    def pairs_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of (source position, target position) pairs."""
        return np.outer(self.rows.pairs_per_tap, self.columns.pairs_per_tap).ravel()

    @cached_property
    def kept_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of kept weights."""
        return np.diff(self.forward.starts[:: len(self.source_channels)])

    @cached_property
    def num_edges(self) -> int:
        """Number of edges: each kept weight is unrolled to all pairs of positions of its tap."""
        pairs, kept = self.pairs_per_tap.tolist(), self.kept_per_tap.tolist()
        return sum(p * k for p, k in zip(pairs, kept, strict=True))
