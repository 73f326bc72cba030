"""A bundle as the loops of the adjacency operator read it: a core map and a wide one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Half, Lists
from sparsetopo.graphs.bundles.incidence import Lookup
from sparsetopo.graphs.plan import NodeLayer


class BundleTables(NamedTuple):
    """A bundle between its core maps and its wide maps.

    Attributes
    ----------
    row_starts, core_rows, wide_rows
        Pairs of rows by row tap: those of tap t are ``row_starts[t]:row_starts[t + 1]``, by core row.
    row_is_run
        (row taps,) whether the pairs of a tap are neighbours in both maps.
    column_starts, core_columns, wide_columns, column_lengths
        Runs of neighbouring columns by column tap.
    column_is_identity
        (column taps,) whether a tap joins every column with itself.
    wide_used
        (column taps, wide channels) whether some weight of the column tap reads the channel.
    core_lists, wide_lists
        Kept weights by (tap, core channel) and by (tap, wide channel).
    """

    core_channels: int
    core_height: int
    core_width: int
    wide_channels: int
    wide_height: int
    wide_width: int
    row_starts: NDArray[np.int64]
    core_rows: NDArray[np.int32]
    wide_rows: NDArray[np.int32]
    row_is_run: NDArray[np.bool_]
    column_starts: NDArray[np.int64]
    core_columns: NDArray[np.int32]
    wide_columns: NDArray[np.int32]
    column_lengths: NDArray[np.int32]
    column_is_identity: NDArray[np.bool_]
    wide_used: NDArray[np.bool_]
    core_lists: Lists
    wide_lists: Lists


class Side(NamedTuple):
    """The maps of one end of a bundle: their layer, nodes, and (channels, height, width)."""

    layer: int
    nodes: slice
    shape: tuple[int, int, int]


def sides_and_tables(
    layers: Sequence[NodeLayer], offsets: list[int], bundle: Bundle, scale: float
) -> tuple[Side, Side, BundleTables]:
    """Core side, wide side and tables of a bundle, its magnitudes divided by `scale`.

    `offsets` are the first nodes of the layers.
    """
    source, target = layers[bundle.source], layers[bundle.target]
    core_is_target = target.height * target.width <= source.height * source.width
    wide_half, core_half = bundle.halves if core_is_target else bundle.halves[::-1]
    core, wide = (_side(layers, offsets, half) for half in (core_half, wide_half))
    rows, columns = _by_tap(core_half.rows), _by_tap(core_half.columns)
    starts, core_columns, wide_columns, lengths = runs = _runs(*columns)
    taps = core_half.rows.num_taps, core_half.columns.num_taps
    lengths_of_lists = np.diff(wide_half.lists.starts).reshape(*taps, -1)
    tables = BundleTables(
        *core.shape,
        *wide.shape,
        *rows,
        _is_run(*rows),
        starts,
        core_columns,
        wide_columns,
        lengths,
        _is_identity(*runs, core.shape[2]) & (core.shape[2] == wide.shape[2]),
        lengths_of_lists.sum(axis=0) > 0,
        _scaled(core_half.lists, scale),
        _scaled(wide_half.lists, scale),
    )
    return core, wide, tables


def _side(layers: Sequence[NodeLayer], offsets: list[int], half: Half) -> Side:
    """Side of the near channels."""
    height, width = layers[half.near].height, layers[half.near].width
    start, stop = (
        offsets[half.near] + channel * height * width
        for channel in (half.near_channels.start, half.near_channels.stop)
    )
    return Side(half.near, slice(start, stop), (len(half.near_channels), height, width))


def _scaled(lists: Lists, scale: float) -> Lists:
    return lists._replace(magnitudes=lists.magnitudes / np.float32(scale))


def _by_tap(
    from_core: Lookup,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Pairs by tap, core position and wide position: (starts, core positions, wide positions)."""
    core, wide = from_core.positions, from_core.ends
    order = np.lexsort((wide, core, from_core.taps))
    lengths = np.bincount(from_core.taps, minlength=from_core.num_taps)
    return np.concatenate([[0], np.cumsum(lengths)]), core[order], wide[order]


def _continues(
    starts: NDArray[np.int64], core: NDArray[np.int32], wide: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Whether each pair is the next one in both maps after the pair before it of the same tap."""
    continues = np.zeros(len(core), dtype=bool)
    continues[1:] = (np.diff(core) == 1) & (np.diff(wide) == 1)
    continues[starts[:-1][np.diff(starts) > 0]] = False
    return continues


def _is_run(
    starts: NDArray[np.int64], core: NDArray[np.int32], wide: NDArray[np.int32]
) -> NDArray[np.bool_]:
    breaks = np.concatenate([[0], np.cumsum(~_continues(starts, core, wide))])
    return np.diff(breaks[starts]) <= 1


def _runs(
    starts: NDArray[np.int64], core: NDArray[np.int32], wide: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Runs of pairs by tap: (starts, first core positions, first wide positions, lengths)."""
    firsts = np.flatnonzero(~_continues(starts, core, wide))
    lengths = np.diff(np.append(firsts, len(core))).astype(np.int32)
    return np.searchsorted(firsts, starts), core[firsts], wide[firsts], lengths


def _is_identity(
    starts: NDArray[np.int64],
    core: NDArray[np.int32],
    wide: NDArray[np.int32],
    lengths: NDArray[np.int32],
    width: int,
) -> NDArray[np.bool_]:
    """Whether the only run of a tap is as wide as the core map, and begins at 0 in both maps."""
    whole = np.append((core == 0) & (wide == 0) & (lengths == width), False)
    return (np.diff(starts) == 1) & whole[starts[:-1]]
