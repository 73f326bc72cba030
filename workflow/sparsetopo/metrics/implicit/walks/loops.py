"""Compiled loops for walks of two steps: patterns of channels, and sums over the entries of A^2."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Lists
from sparsetopo.metrics.implicit.compiled import loop


class ClassWalks(NamedTuple):
    """The walks of the classes along one axis; `starts` and `direct` as in `WalkClasses`.

    A row class and a column class have the walks ``products[table[rows.indices[i] + columns.indices[j]]]``, each
    ``rows.counts[i] * columns.counts[j]`` times, for all i and j of one middle layer; those where the table is negative
    keep no weights.
    """

    starts: NDArray[np.int64]
    indices: NDArray[np.int64]
    counts: NDArray[np.floating]
    direct: NDArray[np.int64]


class EntrySums(NamedTuple):
    """Sums over the entries t of A^2 in a tile of channels, for each (row class, column class).

    `positive` is the number of t > 0 and `squares` the sum of t^2. The others are taken over the entries at a direct
    edge: `closed` is the number of t > 0, `diamonds` the sum of t (t - 1) / 2, and `by_first` and `by_last` the sum of
    t by the tile's channel in the first and in the last layer (no channels where there are no direct edges).
    """

    positive: NDArray[np.int64]
    squares: NDArray[np.int64]
    closed: NDArray[np.int64]
    diamonds: NDArray[np.int64]
    by_first: NDArray[np.int64]
    by_last: NDArray[np.int64]

    @classmethod
    def zeros(cls, classes: tuple[int, int], firsts: int, lasts: int) -> "EntrySums":
        """Nothing added up yet, for some numbers of classes and channels."""
        by_class = [np.zeros(classes, dtype=np.int64) for _ in range(4)]
        by_channel = [np.zeros((*classes, n), dtype=np.int64) for n in (firsts, lasts)]
        return cls(*by_class, *by_channel)


@loop
def far_range(lists: Lists, channels: int, begin: int, end: int) -> tuple[int, int]:
    """Lowest, and highest + 1, of what the lists of channels `begin` to `end` (exclusive) hold."""
    low, high = np.iinfo(np.int64).max, 0
    for tap in range((len(lists.starts) - 1) // channels):
        for channel in range(tap * channels + begin, tap * channels + end):
            start, stop = lists.starts[channel], lists.starts[channel + 1]
            if start < stop:
                low = min(low, int(lists.ends[start]))
                high = max(high, int(lists.ends[stop - 1]) + 1)
    return min(low, high), high


@loop
def set_ones(
    ones: NDArray[np.float32],
    row: int,
    column: int,
    lists: Lists,
    taps: NDArray[np.int64],
    channels: int,
    begin: int,
    end: int,
) -> None:
    """Set ones[t, row + i, column + e] for each e in the list of (tap taps[t], channel begin + i).

    What lies beyond the columns of the array is left out.
    """
    columns = ones.shape[2]
    for t in range(len(taps)):
        for channel in range(begin, end):
            entry = taps[t] * channels + channel
            for i in range(lists.starts[entry], lists.starts[entry + 1]):
                to = column + lists.ends[i]
                if 0 <= to < columns:
                    ones[t, row + channel - begin, to] = 1


@loop
def _set_entries(
    entries: NDArray[np.floating],
    products: NDArray[np.float32],
    begin: int,
    table: NDArray[np.int64],
    rows: ClassWalks,
    columns: ClassWalks,
    middles: int,
    y: int,
    x: int,
) -> bool:
    """Set entries of A^2 for row class y and column class x, from the tile's entry `begin` on.

    The products are (products, channels in the last layer * channels in the first layer). Without any product the
    answer is False, and the entries are left as they are.
    """
    found = False
    for k in range(middles):
        for i in range(rows.starts[y * middles + k], rows.starts[y * middles + k + 1]):
            for j in range(columns.starts[x * middles + k], columns.starts[x * middles + k + 1]):
                number = table[rows.indices[i] + columns.indices[j]]
                if number < 0:
                    continue
                if not found:
                    entries[:] = 0
                    found = True
                count = rows.counts[i] * columns.counts[j]
                product = products[number, begin:]
                for e in range(len(entries)):
                    entries[e] += count * product[e]
    return found


@loop
def sum_entries(
    products: NDArray[np.float32],
    table: NDArray[np.int64],
    rows: ClassWalks,
    columns: ClassWalks,
    middles: int,
    buffer: NDArray[np.floating],
    sums: EntrySums,
    edges: NDArray[np.float32],
    edge_column_taps: int,
) -> None:
    """Add to `sums` those over the entries t of A^2 in a tile of channels.

    Parameters
    ----------
    products
        (products, channels in the last layer, channels in the first layer): walks of two steps for one choice of taps.
    table, rows, columns
        Which products the entries of a class add up.
    buffer
        (at least the channels in the first layer,) of a type that holds every t exactly.
    edges
        (taps, channels in the last layer, channels in the first layer) 1 at a direct edge, else 0.
    """
    row_classes, column_classes = sums.squares.shape
    num_products, lasts, firsts = products.shape
    flat = products.reshape(num_products, lasts * firsts)
    step = len(buffer) // firsts
    # A few rows of all products stay in the cache while every pair of classes reads them.
    for begin in range(0, lasts, step):
        end = min(begin + step, lasts)
        entries = buffer[: (end - begin) * firsts]
        for y in range(row_classes):
            for x in range(column_classes):
                if not _set_entries(
                    entries, flat, begin * firsts, table, rows, columns, middles, y, x
                ):
                    continue
                positive, squares = np.int64(0), np.int64(0)
                for e in range(len(entries)):
                    t = np.int64(entries[e])
                    positive += t > 0
                    squares += t * t
                sums.positive[y, x] += positive
                sums.squares[y, x] += squares
                if rows.direct[y] < 0 or columns.direct[x] < 0:
                    continue
                tap = rows.direct[y] * edge_column_taps + columns.direct[x]
                for c in range(begin, end):
                    for d in range(firsts):
                        t = np.int64(entries[(c - begin) * firsts + d])
                        if t > 0 and edges[tap, c, d] > 0:
                            sums.closed[y, x] += 1
                            sums.diamonds[y, x] += t * (t - 1) // 2
                            sums.by_first[y, x, d] += t
                            sums.by_last[y, x, c] += t
