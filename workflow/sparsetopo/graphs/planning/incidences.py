"""Which rows (or columns) of a node layer reach which of another, by which tap: triples, as arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sparsetopo.graphs.planning.boxes import Box
from sparsetopo.graphs.planning.readings import Frame
from sparsetopo.graphs.planning.recording import Convolution, Ids
from sparsetopo.graphs.planning.windows import Windows


class Incidence(NamedTuple):
    """Triples (source position, tap, target position), in any order."""

    sources: Ids
    taps: Ids
    targets: Ids


def pointwise_incidence(windows: Windows, targets: Ids, table: Ids) -> Incidence:
    """Position targets[p] reads, by tap t, the positions windows[table[t, p]]; none where that is negative."""
    lengths = np.array([*map(len, windows), 0], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    listed = np.array([position for window in windows for position in window], dtype=np.int64)
    taps, places = np.nonzero(table >= 0)
    chosen = table[taps, places]
    counts = lengths[chosen]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return Incidence(
        listed[np.repeat(starts[chosen], counts) + within],
        np.repeat(taps, counts),
        np.repeat(targets[places], counts),
    )


def convolution_incidence(
    kind: Convolution,
    input_shape: Sequence[int],
    output_shape: Sequence[int],
    row_windows: Windows,
    column_windows: Windows,
    box: Box,
    frame: Frame | None,
) -> tuple[Incidence, Incidence]:
    """Rows and columns that a convolution joins; images, depth and rows are folded.

    With a `frame` the convolution reads the framed input, padding included.
    """
    images, _, *sizes = input_shape
    results = output_shape[2:]
    kernel = kind.weight.shape[2:]
    tables = [
        taps_along(kind, axis, kernel[axis], sizes[axis], results[axis], frame)
        for axis in range(len(sizes))
    ]
    if frame is not None:
        sizes = list(frame.enlarged_sizes)
    rows, columns = np.arange(images)[None], tables[-1]
    for table, size in zip(tables[:-1], sizes[:-1], strict=True):
        rows = _folded(rows, table, size)
    if frame is not None:
        return _listed(rows), _listed(columns)
    in_rows, in_columns = images * int(np.prod(sizes[:-1], dtype=np.int64)), sizes[-1]
    row_table = _through(rows, in_rows, box.rows, box.of_rows[0])
    column_table = _through(columns, in_columns, box.columns, box.of_columns[0])
    return (
        pointwise_incidence(row_windows, np.arange(rows.shape[1]), row_table),
        pointwise_incidence(column_windows, np.arange(columns.shape[1]), column_table),
    )


def taps_along(
    kind: Convolution, axis: int, taps: int, size: int, results: int, frame: Frame | None
) -> Ids:
    """(taps, results) position along one axis that each result reads by each tap, or -1."""
    stride, dilation, (before, _) = kind.stride[axis], kind.dilation[axis], kind.padding[axis]
    tap, result = np.arange(taps)[:, None] * dilation, np.arange(results)
    if kind.transposed:
        # Position i contributes to i * stride - before + tap * dilation.
        position, rest = np.divmod(result + before - tap, stride)
        return np.where((rest == 0) & (position >= 0) & (position < size), position, -1)
    position = result * stride - before + tap
    if frame is not None:
        return position + frame.padding[axis][0]
    return np.where((position >= 0) & (position < size), position, -1)


def _folded(outer: Ids, inner: Ids, size: int) -> Ids:
    """Table of two axes, folded into one with the second running faster."""
    both = outer[:, None, :, None] * size + inner[None, :, None, :]
    missing = (outer[:, None, :, None] < 0) | (inner[None, :, None, :] < 0)
    table = np.where(missing, -1, both)
    return table.reshape(len(outer) * len(inner), -1)


def _through(table: Ids, size: int, places: Ids, of_places: Ids) -> Ids:
    """What the positions of a table are in a box: `of_places` at `places`, -1 elsewhere."""
    known = np.full(size + 1, -1, dtype=np.int64)
    known[places] = of_places
    return known[table]


def _listed(table: Ids) -> Incidence:
    taps, targets = np.nonzero(table >= 0)
    return Incidence(table[taps, targets], taps, targets)
