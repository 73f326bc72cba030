"""Degrees of all nodes from the kept weights of a bundle, without looking at any edge.

The edges that leave node (c, y, x) through one tap are as many as weights of channel c are kept
there, times the row pairs at y, times the column pairs at x. So the degrees of a whole map are::

    sum over taps of  kept[ky, kx, c] * row_pairs[ky, y] * column_pairs[kx, x]

two small matrix products. Weighted degrees are the same with magnitudes in place of counts. Counts
stay far below 2**53, so that float64 is exact.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.plan import NodeLayer

# What a bundle has of each (tap, channel): a count or a sum of magnitudes.
PerTap = Callable[[Lists], NDArray[np.float64]]


def out_degrees(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> NDArray[np.int64]:
    """(V,) number of outgoing edges."""
    return _summed(layers, bundles, _kept, outgoing=True, incoming=False).astype(np.int64)


def in_degrees(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> NDArray[np.int64]:
    """(V,) number of incoming edges."""
    return _summed(layers, bundles, _kept, outgoing=False, incoming=True).astype(np.int64)


def weighted_degrees(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> NDArray[np.float64]:
    """(V,) sum of |w| over the edges of a node, in and out."""
    return _summed(layers, bundles, _magnitudes, outgoing=True, incoming=True)


def _kept(lists: Lists) -> NDArray[np.float64]:
    return np.diff(lists.starts).astype(np.float64)


def _magnitudes(lists: Lists) -> NDArray[np.float64]:
    owners = np.repeat(np.arange(len(lists.starts) - 1), np.diff(lists.starts))
    sums = np.bincount(owners, lists.magnitudes, minlength=len(lists.starts) - 1)
    return sums.astype(np.float64)  # bincount of no entries counts


def _summed(
    layers: Sequence[NodeLayer],
    bundles: Sequence[Bundle],
    per_tap: PerTap,
    outgoing: bool,
    incoming: bool,
) -> NDArray[np.float64]:
    totals = [np.zeros((layer.channels, layer.height, layer.width)) for layer in layers]
    for bundle in bundles:
        taps = (bundle.rows.num_taps, bundle.columns.num_taps)
        if outgoing:
            per_channel = per_tap(bundle.forward).reshape(*taps, bundle.source_channels)
            counts = (bundle.rows.source_counts, bundle.columns.source_counts)
            start = bundle.source_channel
            maps = totals[bundle.source][start : start + bundle.source_channels]
            maps += _spread(per_channel, *counts)
        if incoming:
            per_channel = per_tap(bundle.backward).reshape(*taps, bundle.target_channels)
            counts = (bundle.rows.target_counts, bundle.columns.target_counts)
            start = bundle.target_channel
            maps = totals[bundle.target][start : start + bundle.target_channels]
            maps += _spread(per_channel, *counts)
    return np.concatenate([total.ravel() for total in totals])


def _spread(
    per_channel: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(row taps, column taps, channels) over (row taps, y) and (column taps, x): (channels, y, x)."""
    by_column = per_channel.transpose(2, 0, 1) @ columns
    return rows.T @ by_column
