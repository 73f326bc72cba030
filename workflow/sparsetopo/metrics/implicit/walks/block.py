"""One block of A^2, the walks of two steps between two node layers: sums over its entries (``docs/graph.md``)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Half
from sparsetopo.metrics.exact_sums import product_sum
from sparsetopo.metrics.implicit.walks.classes import WalkClasses
from sparsetopo.metrics.implicit.walks.loops import ClassWalks, EntrySums, sum_entries
from sparsetopo.metrics.implicit.walks.patterns import joined_channels, pattern
from sparsetopo.metrics.implicit.walks.tap_products import TapProducts
from sparsetopo.metrics.implicit.walks.triangles import Triangles

# Bytes of products held at a time: large tiles make matrix products fast, small ones fit the caches.
_TILE_BYTES = 2**23
# Entries that are summed at a time: they should stay in the first-level cache.
_SUMMED_ENTRIES = 2**10
# Below this bound float32 counts exactly.
_FLOAT32_EXACT = 2**24
# Rough seconds on one core, to tell costly blocks of A^2 from cheap ones; only speed depends on them.
_SECONDS_PER_MULTIPLICATION = 1.5e-11
_SECONDS_PER_SUMMAND = 2e-10


@dataclass(frozen=True)
class WalkSums:
    """Sums over the entries t of a block of A^2: number of t > 0, and sum of t^2.

    `triangles` has them by edges, where edges join the two layers.
    """

    positive: int
    squares: int
    triangles: Triangles | None


class _Tile(NamedTuple):
    """Channels of the last and of the first layer, and how many tiles have equal sums."""

    last: range
    first: range
    times: int


@dataclass(frozen=True, eq=False)
class WalkBlock:
    """A block of A^2.

    For each middle layer, `steps` has the edges seen from the first, and those seen from the last layer. The block is
    `symmetric` if the first and the last layer are the same; `direct` are the edges from the first layer (the source)
    to the last.
    """

    first_channels: int
    last_channels: int
    middle_channels: tuple[int, ...]
    steps: tuple[tuple[Half, Half], ...]
    symmetric: bool
    direct: Bundle | None
    rows: WalkClasses
    columns: WalkClasses
    products: TapProducts

    def seconds(self) -> float:
        """Rough time that `sums` takes."""
        of_middles = zip(self.products.of_middles, self.middle_channels, strict=True)
        multiplications = sum(len(made.firsts) * channels for made, channels in of_middles)
        summands = self.products.num_summands
        each = multiplications * _SECONDS_PER_MULTIPLICATION + summands * _SECONDS_PER_SUMMAND
        return each * self.first_channels * self.last_channels

    def sums(self) -> WalkSums:
        """Sum over the entries."""
        row_walks, column_walks = self._class_walks()
        classes = len(self.rows.direct), len(self.columns.direct)
        members = np.outer(self.rows.sizes, self.columns.sizes)
        joined = self.direct is not None
        by_first = np.zeros((*classes, self.first_channels * joined), dtype=np.int64)
        by_last = np.zeros((*classes, self.last_channels * joined), dtype=np.int64)
        positive = squares = closed = diamonds = 0
        for tile, products in self._tile_products():
            sums = EntrySums.zeros(classes, len(tile.first) * joined, len(tile.last) * joined)
            buffer = np.empty(max(_SUMMED_ENTRIES, len(tile.first)), row_walks.counts.dtype)
            walks = self.products.table, row_walks, column_walks, len(self.steps)
            sum_entries(products, *walks, buffer, sums, *self._direct_edges(tile))
            positive += tile.times * product_sum(sums.positive, members)
            squares += tile.times * product_sum(sums.squares, members)
            closed += product_sum(sums.closed, members)
            diamonds += product_sum(sums.diamonds, members)
            by_first[:, :, tile.first.start : tile.first.stop] += sums.by_first
            by_last[:, :, tile.last.start : tile.last.stop] += sums.by_last
        if self.direct is None:
            return WalkSums(positive, squares, None)
        triangles = Triangles(closed, diamonds, self.rows, self.columns, by_first, by_last)
        return WalkSums(positive, squares, triangles)

    @cached_property
    def _largest_entry(self) -> int:
        """A bound of the entries; it is at most the number of nodes of the middle layers."""
        return sum(
            self.rows.most_walks(k) * self.columns.most_walks(k) * channels
            for k, channels in enumerate(self.middle_channels)
        )

    def _class_walks(self) -> tuple[ClassWalks, ClassWalks]:
        """Walks of the rows and of the columns; their indices add up to one in the table of products."""
        counted = np.float32 if self._largest_entry < _FLOAT32_EXACT else np.float64
        strides = np.array([len(pairs.first) for pairs in self.columns.tap_pairs])
        bases = self.products.table_starts
        row_indices = bases[self.rows.middles] + self.rows.walks * strides[self.rows.middles]
        rows, columns = (
            ClassWalks(
                classes.starts, indices, classes.multiplicities.astype(counted), classes.direct
            )
            for classes, indices in ((self.rows, row_indices), (self.columns, self.columns.walks))
        )
        return rows, columns

    def _tiles(self) -> Iterator[_Tile]:
        """Cut the channels of both layers into ranges, such that sums over a tile are exact."""
        area = _TILE_BYTES // (4 * max(self.products.number, 1))
        area = max(min(area, (2**63 - 1) // max(self._largest_entry, 1) ** 2), 1)
        lasts = firsts = isqrt(area)
        if not self.symmetric:
            lasts = min(self.last_channels, max(lasts, area // self.first_channels))
            firsts = area // lasts
        for last in _ranges(self.last_channels, lasts):
            for first in _ranges(self.first_channels, firsts):
                if not self.symmetric:
                    yield _Tile(last, first, 1)
                elif first.start <= last.start:
                    yield _Tile(last, first, 1 if first == last else 2)

    def _tile_products(self) -> Iterator[tuple[_Tile, NDArray[np.float32]]]:
        """Tiles that are not zero, with (products, last channels, first channels) products."""
        number = self.products.number
        buffer = np.zeros(0, dtype=np.float32)
        for tile in self._tiles():
            shape = (number, len(tile.last), len(tile.first))
            size = number * shape[1] * shape[2]
            if len(buffer) < size:
                buffer = np.empty(size, dtype=np.float32)
            products = buffer[:size].reshape(shape)
            if self._multiply(tile, products):
                yield tile, products

    def _multiply(self, tile: _Tile, products: NDArray[np.float32]) -> bool:
        """Set the products of a tile; return whether there may be others than 0."""
        base, found = 0, False
        for (first, last), made in zip(self.steps, self.products.of_middles, strict=True):
            into = products[base : base + len(made.firsts)]
            base += len(into)
            reached = joined_channels(first, tile.first), joined_channels(last, tile.last)
            # Grouped and depthwise layers reach only a small part of the middle layer.
            middle = range(max(r.start for r in reached), min(r.stop for r in reached))
            if not middle:
                into[:] = 0
                continue
            found = True
            firsts = pattern(first, made.first_taps, tile.first, middle)
            lasts = pattern(last, made.last_taps, tile.last, middle)
            for product, i, j in zip(into, made.firsts, made.lasts, strict=True):
                np.matmul(lasts[j], firsts[i].T, out=product)
        return found

    def _direct_edges(self, tile: _Tile) -> tuple[NDArray[np.float32], int]:
        """(taps, last channels, first channels) 1 at direct edges; number of column taps."""
        if self.direct is None:
            return np.zeros((0, 0, 0), dtype=np.float32), 0
        from_last = self.direct.halves[1]
        every_tap = np.arange(from_last.num_taps)
        return pattern(from_last, every_tap, tile.last, tile.first), from_last.columns.num_taps


def _ranges(length: int, step: int) -> list[range]:
    return [range(start, min(start + step, length)) for start in range(0, length, step)]
