"""Sums of maps over classes of channels, rows and columns, and their transpose."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.compiled import loop

Maps = NDArray[np.floating[Any]]


class Pooling(NamedTuple):
    """Which maps, rows and columns are summed before they are multiplied.

    Attributes
    ----------
    channels, rows, columns
        Class of each channel, row and column; -1 for those that are not read.
    row_weights, column_weights
        By which rows and columns are multiplied.
    shape
        Number of classes of channels, rows and columns.
    running_rows, running_columns
        Whether a class also counts all classes before it.
    """

    channels: NDArray[np.int32]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    row_weights: NDArray[np.float64]
    column_weights: NDArray[np.float64]
    shape: tuple[int, int, int]
    running_rows: bool
    running_columns: bool

    @property
    def size(self) -> int:
        """Number of sums."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@loop
def pool(pooling: Pooling, maps: Maps, sums: Maps, vectors: int) -> None:
    """Sum maps over their classes, into `sums`, which are 0."""
    _between(pooling, maps, sums, vectors, True)
    _, height, width = pooling.shape
    row = width * vectors
    if pooling.running_rows:
        for channel in range(pooling.shape[0]):
            first = channel * height * row
            for i in range(first + row, first + height * row):
                sums[i] += sums[i - row]
    if pooling.running_columns:
        for first in range(0, len(sums), row):
            for i in range(first + vectors, first + row):
                sums[i] += sums[i - vectors]


@loop
def spread(pooling: Pooling, sums: Maps, maps: Maps, vectors: int) -> None:
    """Add to every map what stands at its class, the transpose of `pool`; running sums are taken in place."""
    _, height, width = pooling.shape
    row = width * vectors
    if pooling.running_rows:
        for channel in range(pooling.shape[0]):
            first = channel * height * row
            for i in range(first + (height - 1) * row - 1, first - 1, -1):
                sums[i] += sums[i + row]
    if pooling.running_columns:
        for first in range(0, len(sums), row):
            for i in range(first + row - vectors - 1, first - 1, -1):
                sums[i] += sums[i + vectors]
    _between(pooling, maps, sums, vectors, False)


@loop
def _between(pooling: Pooling, maps: Maps, sums: Maps, vectors: int, pooling_them: bool) -> None:
    """Add maps to the sums of their classes, or what stands there to the maps."""
    _, height, width = pooling.shape
    wide = len(pooling.columns) * vectors
    # Sums of one row, which are added at once: in single precision a sum of all rows would lose digits.
    of_row = np.zeros(width * vectors, dtype=maps.dtype)
    for channel in range(len(pooling.channels)):
        if pooling.channels[channel] < 0:
            continue
        for row in range(len(pooling.rows)):
            if pooling.rows[row] < 0:
                continue
            at = (channel * len(pooling.rows) + row) * wide
            to = (pooling.channels[channel] * height + pooling.rows[row]) * width * vectors
            if pooling_them:
                of_row[:] = 0
            for column in range(len(pooling.columns)):
                if pooling.columns[column] < 0:
                    continue
                weight = maps.dtype.type(pooling.row_weights[row] * pooling.column_weights[column])
                a = np.uint64(at + column * vectors)
                first = np.uint64(pooling.columns[column] * vectors)
                b = np.uint64(to) + first
                if pooling_them:
                    for i in range(np.uint64(vectors)):
                        of_row[first + i] += weight * maps[a + i]
                else:
                    for i in range(np.uint64(vectors)):
                        maps[a + i] += weight * sums[b + i]
            if pooling_them:
                for i in range(width * vectors):
                    sums[to + i] += of_row[i]
