"""A product with a matrix over a flattened map, or over patches, as a kernel with taps."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sparsetopo.graphs.planning.boxes import Box
from sparsetopo.graphs.planning.grids import distinct_rows
from sparsetopo.graphs.planning.recording import Ids


class KernelPart(NamedTuple):
    """Inputs of a matrix as (channels, ky, kx): input ``first + [c, ky, kx] @ steps``.

    `channels` are indices of the grid (-1: that input is not read here), `taps` the numbers of ky and kx, `of_rows`
    (ky, rows) and `of_columns` (kx, columns) what each tap reads at each place.
    """

    channels: Ids
    first: int
    steps: tuple[int, int, int]
    taps: tuple[int, int]
    of_rows: Ids
    of_columns: Ids


def kernel_parts(box: Box) -> Iterator[KernelPart]:
    """Cut the inputs of a box into kernels: one, if they are all channels at all taps in a regular order."""
    row_taps, row_kinds = _kinds(box.of_rows)
    column_taps, column_kinds = _kinds(box.of_columns)
    shape = len(row_kinds), len(column_kinds)
    if shape == (1, 1):
        yield _of_one_tap(box, np.arange(len(box.inputs)))
        return
    channels = box.channels[(row_taps == 0) & (column_taps == 0)]
    whole = _regular(box, channels, row_taps, column_taps, shape)
    if whole is not None:
        first, steps = whole
        yield KernelPart(
            channels, first, steps, shape, box.of_rows[row_kinds], box.of_columns[column_kinds]
        )
        return
    for ky in range(shape[0]):
        for kx in range(shape[1]):
            chosen = np.flatnonzero((row_taps == ky) & (column_taps == kx))
            if len(chosen):
                yield _of_one_tap(box, chosen)


def _kinds(table: Ids) -> tuple[Ids, Ids]:
    """Number of the kind of each row of a table by first occurrence, and the first row of each kind."""
    first, inverse = distinct_rows(table)
    order = np.argsort(first, kind="stable")
    numbers = np.empty(len(first), dtype=np.int64)
    numbers[order] = np.arange(len(first))
    return numbers[inverse], first[order]


def _of_one_tap(box: Box, chosen: Ids) -> KernelPart:
    inputs = box.inputs[chosen]
    first = int(inputs[0])
    channels = np.full(int(inputs[-1]) - first + 1, -1, dtype=np.int64)
    channels[inputs - first] = box.channels[chosen]
    return KernelPart(
        channels,
        first,
        (1, 1, 1),
        (1, 1),
        box.of_rows[chosen[:1]],
        box.of_columns[chosen[:1]],
    )


def _regular(
    box: Box, channels: Ids, row_taps: Ids, column_taps: Ids, shape: tuple[int, int]
) -> tuple[int, tuple[int, int, int]] | None:
    """First input and steps, if every channel occurs once at every tap, all in equal steps."""
    number = {channel: place for place, channel in enumerate(channels.tolist())}
    if len(number) != len(channels) or len(box.inputs) != len(channels) * shape[0] * shape[1]:
        return None
    places = np.array([number.get(channel, -1) for channel in box.channels.tolist()])
    if (places < 0).any():
        return None
    table = np.full((len(channels), *shape), -1, dtype=np.int64)
    table[places, row_taps, column_taps] = box.inputs
    if (table < 0).any():
        return None
    first = int(table[0, 0, 0])
    steps = tuple(
        int(np.take(table, 1, axis=axis).ravel()[0]) - first if table.shape[axis] > 1 else 1
        for axis in range(3)
    )
    expected = first + sum(
        np.arange(size).reshape([-1 if a == axis else 1 for a in range(3)]) * steps[axis]
        for axis, size in enumerate(table.shape)
    )
    if (table != expected).any() or min(steps) < 0:
        return None
    return first, (steps[0], steps[1], steps[2])
