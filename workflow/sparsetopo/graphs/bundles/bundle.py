"""A bundle: the edges between two node layers, none stored, no two parallel.

A bundle is the normal form that the exact algorithms work on. Like a block of the plan it is the
product ::

    kept weights (tap, source channel, target channel)  x  rows incidence  x  columns incidence

with tap = (row tap, column tap), but it holds *all* edges between its two layers, and every
(source row, target row) pair, and every pair of columns, occurs with one tap only. So each edge has
exactly one description, and the edges at a node are found from short lists.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.incidence import Incidence


@dataclass(frozen=True, eq=False)
class Lists:
    """For every (tap, channel) the channels at the other end of the kept weights.

    Attributes
    ----------
    starts
        (taps * channels + 1,) int64; the list of (tap, channel c) is
        ``starts[tap * channels + c] : starts[tap * channels + c + 1]``.
    ends
        (kept weights,) int32 channels at the other end, ascending within a list.
    magnitudes
        (kept weights,) float32 |w|.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int32]
    magnitudes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Bundle:
    """All edges between two node layers.

    Channel c of the lists is channel ``source_channel + c`` (``target_channel + c``) of the layer.

    Attributes
    ----------
    source, target
        Indices of node layers, source < target.
    source_channel, source_channels, target_channel, target_channels
        Ranges of channels that can have edges: first one and how many.
    rows, columns
        Spatial incidences.
    forward, backward
        Kept weights by (tap, source channel) and by (tap, target channel), where
        tap = row tap * columns.num_taps + column tap.
    """

    source: int
    target: int
    source_channel: int
    source_channels: int
    target_channel: int
    target_channels: int
    rows: Incidence
    columns: Incidence
    forward: Lists
    backward: Lists

    @property
    def num_taps(self) -> int:
        """Number of (row tap, column tap) pairs."""
        return self.rows.num_taps * self.columns.num_taps

    @property
    def num_kept(self) -> int:
        """Number of kept weights; each is unrolled to `pairs_per_tap` edges."""
        return len(self.forward.ends)

    @cached_property
    def pairs_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of (source position, target position) pairs."""
        return np.outer(self.rows.pairs_per_tap, self.columns.pairs_per_tap).ravel()

    @cached_property
    def kept_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of kept weights."""
        return np.diff(self.forward.starts[:: self.source_channels])

    @cached_property
    def num_edges(self) -> int:
        """Number of edges."""
        pairs, kept = self.pairs_per_tap.tolist(), self.kept_per_tap.tolist()
        return sum(p * k for p, k in zip(pairs, kept, strict=True))

    def source_kept(self) -> NDArray[np.int64]:
        """(taps, source channels) number of kept weights."""
        return np.diff(self.forward.starts).reshape(self.num_taps, self.source_channels)

    def target_kept(self) -> NDArray[np.int64]:
        """(taps, target channels) number of kept weights."""
        return np.diff(self.backward.starts).reshape(self.num_taps, self.target_channels)
