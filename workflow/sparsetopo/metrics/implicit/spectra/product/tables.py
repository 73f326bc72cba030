"""A bundle as the loops of the adjacency operator read it: a core map and a wide one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Lists
from sparsetopo.metrics.implicit.spectra.product.channel_lists import Kernel


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


Pairs = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]
"""Starts by tap, core positions and wide positions of pairs, by core position and then by wide position."""

Shape = tuple[int, int, int]


def tables_of(
    core: Shape, wide: Shape, rows: Pairs, columns: Pairs, kernel: Kernel
) -> BundleTables:
    """Tables of (channels, height, width) maps that the row pairs and column pairs of taps join."""
    if core[1] == wide[1] == 1 and len(rows[0]) == 2 and len(rows[1]) == 1:
        # Maps of one row, such as tokens: as maps of one column they can be cut into bands.
        core, wide = ((channels, width, 1) for channels, _, width in (core, wide))
        rows, columns = columns, rows
    starts, core_columns, wide_columns, lengths = runs = _runs(*columns)
    lengths_of_lists = np.diff(kernel.wide.starts)
    taps = len(rows[0]) - 1, len(columns[0]) - 1
    return BundleTables(
        *core,
        *wide,
        *rows,
        _is_run(*rows),
        starts,
        core_columns,
        wide_columns,
        lengths,
        _is_identity(*runs, core[2]) & (core[2] == wide[2]),
        lengths_of_lists.reshape(*taps, wide[0]).sum(axis=0) > 0,
        *kernel,
    )


def scaled(tables: BundleTables, scale: float) -> BundleTables:
    """Tables whose magnitudes are divided by `scale`."""
    if scale == 1:
        return tables
    core, wide = (
        lists._replace(magnitudes=lists.magnitudes / np.float32(scale))
        for lists in (tables.core_lists, tables.wide_lists)
    )
    return tables._replace(core_lists=core, wide_lists=wide)


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
