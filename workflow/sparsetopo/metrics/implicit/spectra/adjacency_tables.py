"""A bundle as the kernels of the adjacency operator read it: a core map and a wide one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.bundles.incidence import Incidence
from sparsetopo.graphs.plan import NodeLayer


class BundleTables(NamedTuple):
    """A bundle between its core maps and its wide maps, as the kernels read it.

    Attributes
    ----------
    core_channels, core_height, core_width, wide_channels, wide_height, wide_width
        Shapes of the maps.
    row_starts, core_rows, wide_rows
        Pairs of rows by row tap: those of tap t are ``row_starts[t]:row_starts[t + 1]``, by core
        row.
    row_is_run
        (row taps,) bool: whether the pairs of a tap are neighbours in both maps.
    column_starts, core_columns, wide_columns, column_lengths
        Runs of neighbouring columns by column tap.
    column_is_identity
        (column taps,) bool: whether a tap joins every column with itself.
    wide_used
        (column taps, wide channels) bool: whether some weight of the column tap reads the channel.
    core_starts, core_ends, core_magnitudes
        Kept weights by (tap, core channel): wide channels and |w|.
    wide_starts, wide_ends, wide_magnitudes
        Kept weights by (tap, wide channel): core channels and |w|.
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
    core_starts: NDArray[np.int64]
    core_ends: NDArray[np.int32]
    core_magnitudes: NDArray[np.float32]
    wide_starts: NDArray[np.int64]
    wide_ends: NDArray[np.int32]
    wide_magnitudes: NDArray[np.float32]


class Side(NamedTuple):
    """Where the channels of one end of a bundle lie in a vector, and the shape of their maps."""

    layer: int
    nodes: slice
    shape: tuple[int, int, int]


def sides_and_tables(
    layers: Sequence[NodeLayer], offsets: list[int], bundle: Bundle, scale: float
) -> tuple[Side, Side, BundleTables]:
    """Core side, wide side and tables of a bundle, its magnitudes divided by `scale`.

    Parameters
    ----------
    layers
        All node layers.
    offsets
        First node of each layer.
    """
    source = _side_of(layers, offsets, bundle.source, bundle.source_channel, bundle.source_channels)
    target = _side_of(layers, offsets, bundle.target, bundle.target_channel, bundle.target_channels)
    source_area, target_area = (side.shape[1] * side.shape[2] for side in (source, target))
    core_is_target = target_area <= source_area
    core, wide = (target, source) if core_is_target else (source, target)
    lists = (bundle.backward, bundle.forward)
    core_lists, wide_lists = lists if core_is_target else lists[::-1]
    row_starts, core_rows, wide_rows = _by_tap(bundle.rows, core_is_target)
    run_starts, core_columns, wide_columns, lengths = _runs(bundle.columns, core_is_target)
    lengths_of_lists = np.diff(wide_lists.starts).reshape(
        bundle.rows.num_taps, bundle.columns.num_taps, -1
    )
    tables = BundleTables(
        *core.shape,
        *wide.shape,
        row_starts,
        core_rows,
        wide_rows,
        _is_run(row_starts, core_rows, wide_rows),
        run_starts,
        core_columns,
        wide_columns,
        lengths,
        _is_identity(run_starts, core_columns, wide_columns, lengths, core, wide),
        lengths_of_lists.sum(axis=0) > 0,
        *(core_lists.starts, core_lists.ends, core_lists.magnitudes / np.float32(scale)),
        *(wide_lists.starts, wide_lists.ends, wide_lists.magnitudes / np.float32(scale)),
    )
    return core, wide, tables


def _side_of(
    layers: Sequence[NodeLayer], offsets: list[int], layer: int, channel: int, channels: int
) -> Side:
    height, width = layers[layer].height, layers[layer].width
    start = offsets[layer] + channel * height * width
    nodes = slice(start, start + channels * height * width)
    return Side(layer, nodes, (channels, height, width))


def _by_tap(
    incidence: Incidence, core_is_target: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Pairs by tap, core position and wide position: (starts, core positions, wide positions)."""
    ends = (incidence.targets, incidence.sources)
    core, wide = ends if core_is_target else ends[::-1]
    order = np.lexsort((wide, core, incidence.taps))
    starts = np.concatenate([[0], np.cumsum(incidence.pairs_per_tap)])
    return starts, core[order], wide[order]


def _continues(
    starts: NDArray[np.int64], core: NDArray[np.int32], wide: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Whether each pair is the next in both maps after the pair before it, of the same tap."""
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
    incidence: Incidence, core_is_target: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Runs of pairs by tap: (starts, first core positions, first wide positions, lengths)."""
    starts, core, wide = _by_tap(incidence, core_is_target)
    firsts = np.flatnonzero(~_continues(starts, core, wide))
    lengths = np.diff(np.append(firsts, len(core))).astype(np.int32)
    return np.searchsorted(firsts, starts), core[firsts], wide[firsts], lengths


def _is_identity(
    starts: NDArray[np.int64],
    core: NDArray[np.int32],
    wide: NDArray[np.int32],
    lengths: NDArray[np.int32],
    core_side: Side,
    wide_side: Side,
) -> NDArray[np.bool_]:
    width = core_side.shape[2]
    whole = np.append((core == 0) & (wide == 0) & (lengths == width), False)
    same_width = wide_side.shape[2] == width
    return (np.diff(starts) == 1) & whole[starts[:-1]] & same_width
