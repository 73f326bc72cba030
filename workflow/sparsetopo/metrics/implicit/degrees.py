"""Degrees of all nodes from the kept weights of a bundle, without looking at any edge.

``docs/graph.md`` has the formula. Counts stay far below 2**53, so that float64 is exact.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Half, Lists
from sparsetopo.graphs.plan import NodeLayer


def out_degrees(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> NDArray[np.int64]:
    """(V,) number of outgoing edges."""
    return _summed(layers, [bundle.halves[0] for bundle in bundles], _kept).astype(np.int64)


def in_degrees(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> NDArray[np.int64]:
    """(V,) number of incoming edges."""
    return _summed(layers, [bundle.halves[1] for bundle in bundles], _kept).astype(np.int64)


def weighted_degrees(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> NDArray[np.float64]:
    """(V,) sum of |w| over the edges of a node, in and out."""
    halves = [half for bundle in bundles for half in bundle.halves]
    return _summed(layers, halves, _magnitudes)


def _kept(lists: Lists) -> NDArray[np.float64]:
    """(taps * channels,) number of kept weights."""
    return np.diff(lists.starts).astype(np.float64)


def _magnitudes(lists: Lists) -> NDArray[np.float64]:
    """(taps * channels,) sum of the magnitudes."""
    owners = np.repeat(np.arange(len(lists.starts) - 1), np.diff(lists.starts))
    sums = np.bincount(owners, lists.magnitudes, minlength=len(lists.starts) - 1)
    return sums.astype(np.float64)  # bincount of no entries counts


def _summed(
    layers: Sequence[NodeLayer],
    halves: Iterable[Half],
    per_list: Callable[[Lists], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """(V,) sum over the edges of each node; `per_list` is what each list adds for one edge."""
    totals = [np.zeros((layer.channels, layer.height, layer.width)) for layer in layers]
    for half in halves:
        rows, columns, channels = half.rows, half.columns, half.near_channels
        sums = per_list(half.lists).reshape(rows.num_taps, columns.num_taps, len(channels))
        by_column = sums.transpose(2, 0, 1) @ columns.counts
        totals[half.near][channels.start : channels.stop] += rows.counts.T @ by_column
    return np.concatenate([total.ravel() for total in totals])
