"""Which channels a half of a bundle joins, as ranges and as 0/1 arrays for matrix products."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Half
from sparsetopo.metrics.implicit.walks.loops import far_range, set_ones


def joined_channels(half: Half, near: range) -> range:
    """Range of the far channels that some near channels are joined to."""
    begin, end = _listed(half, near)
    low, high = far_range(half.lists, len(half.near_channels), begin, end)
    return range(low + half.far_channels.start, high + half.far_channels.start)


def pattern(half: Half, taps: NDArray[np.int64], near: range, far: range) -> NDArray[np.float32]:
    """(taps chosen, near channels, far channels) array of 1 where a weight is kept, else 0."""
    ones = np.zeros((len(taps), len(near), len(far)), dtype=np.float32)
    begin, end = _listed(half, near)
    row = begin + half.near_channels.start - near.start
    column = half.far_channels.start - far.start
    set_ones(ones, row, column, half.lists, taps, len(half.near_channels), begin, end)
    return ones


def _listed(half: Half, near: range) -> tuple[int, int]:
    """The lists of some near channels: the first one, and the one after the last."""
    known = half.near_channels
    begin = max(near.start - known.start, 0)
    return begin, max(min(near.stop - known.start, len(known)), begin)
