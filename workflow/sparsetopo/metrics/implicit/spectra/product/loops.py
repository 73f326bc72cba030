"""Compiled products of one bundle, in both directions, with several vectors.

A bundle is a convolution with the magnitudes |w| between a *core* map and a *wide* one, which is
at least as large (strides and pooling shrink maps). Each tap joins the core map to a part of the
wide one, row by row and column by column, so both directions work on core-sized maps:

- *gather*: for each column tap, pick the columns of the wide map; for each row tap, pick its rows;
  add multiples of these maps to those of the core.
- *scatter*, the transpose: add multiples of the core's maps to core-sized maps of the wide
  channels, and those to the rows and columns that the taps join.

Maps are cut into bands of core rows, so that what is picked stays in the processor's cache. Nothing
is copied where a tap picks neighbouring rows or all columns.

Maps are flat arrays, read by a start and an unsigned offset: a slice would count its references,
and an index that may be negative keeps LLVM from using vectors.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Lists
from sparsetopo.metrics.implicit.compiled import inlined, loop

if TYPE_CHECKING:
    from sparsetopo.metrics.implicit.spectra.product.tables import BundleTables

Maps = NDArray[np.floating[Any]]

# Numbers that the picked part of a band may hold: half a megabyte in float32, which fits any
# second-level cache.
_BAND = 2**17
# Numbers that a run of neighbouring rows should hold at least: the start of shorter ones takes longer
# than the caches save.
_SHORTEST_RUN = 96


@loop
def gather(tables: "BundleTables", wide: Maps, core: Maps, vectors: int) -> None:
    """Add the product with the wide maps to the core maps.

    Maps of all channels are (channels * height * width * vectors,).
    """
    width = tables.core_width * vectors
    step = _band_height(tables, width)
    stride = tables.wide_height * width
    picked = np.empty(tables.wide_channels * stride, dtype=core.dtype)
    rows = np.empty(tables.wide_channels * step * width, dtype=core.dtype)
    for top in range(0, tables.core_height, step):
        bottom = min(tables.core_height, top + step)
        first, last = _wide_rows(tables, top, bottom)
        for tx in range(len(tables.column_is_identity)):
            if tables.column_is_identity[tx]:
                _gather_rows(tables, tx, wide, stride, 0, core, rows, top, bottom, width)
            elif tables.column_starts[tx] < tables.column_starts[tx + 1]:
                _copy_columns(tables, tx, wide, picked, first, last, vectors, True)
                _gather_rows(tables, tx, picked, stride, first, core, rows, top, bottom, width)


@loop
def scatter(tables: "BundleTables", core: Maps, wide: Maps, vectors: int) -> None:
    """Add the product with the core maps to the wide maps; arguments as of `gather`."""
    width = tables.core_width * vectors
    step = _band_height(tables, width)
    stride = tables.wide_height * width
    placed = np.empty(tables.wide_channels * stride, dtype=core.dtype)
    rows = np.empty(tables.wide_channels * step * width, dtype=core.dtype)
    for top in range(0, tables.core_height, step):
        bottom = min(tables.core_height, top + step)
        first, last = _wide_rows(tables, top, bottom)
        for tx in range(len(tables.column_is_identity)):
            if tables.column_is_identity[tx]:
                _scatter_rows(tables, tx, core, wide, stride, 0, rows, top, bottom, width)
            elif tables.column_starts[tx] < tables.column_starts[tx + 1]:
                for channel in range(tables.wide_channels):
                    if tables.wide_used[tx, channel]:
                        _clear(placed, channel * stride, (last + 1 - first) * width)
                _scatter_rows(tables, tx, core, placed, stride, first, rows, top, bottom, width)
                _copy_columns(tables, tx, wide, placed, first, last, vectors, False)


@loop
def _band_height(tables: "BundleTables", width: int) -> int:
    """Core rows of a band."""
    rows = max(_BAND // (tables.wide_channels * width), _SHORTEST_RUN // width, 1)
    return min(tables.core_height, rows)


@loop
def _wide_rows(tables: "BundleTables", top: int, bottom: int) -> Any:
    """First and last wide row that a band is joined to."""
    first, last = tables.wide_height, -1
    for r in range(len(tables.core_rows)):
        if top <= tables.core_rows[r] < bottom:
            first = min(first, tables.wide_rows[r])
            last = max(last, tables.wide_rows[r])
    return first, last


@inlined
def _clipped(tables: "BundleTables", ty: int, top: int, bottom: int) -> Any:
    """Range of the row tap's pairs whose core row lies in a band."""
    a, b = tables.row_starts[ty], tables.row_starts[ty + 1]
    while a < b and tables.core_rows[a] < top:
        a += 1
    while b > a and tables.core_rows[b - 1] >= bottom:
        b -= 1
    return a, b


@loop
def _gather_rows(
    tables: "BundleTables",
    tx: int,
    maps: Maps,
    stride: int,
    first: int,
    core: Maps,
    rows: Maps,
    top: int,
    bottom: int,
    width: int,
) -> None:
    """Add to a band of the core maps, for all row taps of one column tap.

    `maps` are wide maps of core width, from row `first` on, `stride` apart; `rows` is room for the picked rows of a
    band.
    """
    core_lists = tables.core_lists
    plane = tables.core_height * width
    height = bottom - top
    for ty in range(len(tables.row_is_run)):
        a, b = _clipped(tables, ty, top, bottom)
        if a == b:
            continue
        lists = (ty * len(tables.column_is_identity) + tx) * tables.core_channels
        if tables.row_is_run[ty]:
            source, source_stride = maps, stride
            start, size = (tables.wide_rows[a] - first) * width, (b - a) * width
            target = tables.core_rows[a] * width
        else:
            for channel in range(tables.wide_channels):
                if tables.wide_used[tx, channel]:
                    _clear(rows, channel * height * width, height * width)
                    for r in range(a, b):
                        to = (channel * height + tables.core_rows[r] - top) * width
                        at = channel * stride + (tables.wide_rows[r] - first) * width
                        _add(rows, to, maps, at, width)
            source, source_stride = rows, height * width
            start, size, target = 0, height * width, top * width
        for channel in range(tables.core_channels):
            low, high = core_lists.starts[lists + channel], core_lists.starts[lists + channel + 1]
            to = channel * plane + target
            _add_multiples(core, to, source, source_stride, start, core_lists, low, high, size)


@loop
def _scatter_rows(
    tables: "BundleTables",
    tx: int,
    core: Maps,
    maps: Maps,
    stride: int,
    first: int,
    rows: Maps,
    top: int,
    bottom: int,
    width: int,
) -> None:
    """Add from a band of the core maps, for all row taps of one column tap, to `maps`."""
    wide_lists = tables.wide_lists
    plane = tables.core_height * width
    height = bottom - top
    for ty in range(len(tables.row_is_run)):
        a, b = _clipped(tables, ty, top, bottom)
        if a == b:
            continue
        lists = (ty * len(tables.column_is_identity) + tx) * tables.wide_channels
        for channel in range(tables.wide_channels):
            low, high = wide_lists.starts[lists + channel], wide_lists.starts[lists + channel + 1]
            if low == high:
                continue
            if tables.row_is_run[ty]:
                to = channel * stride + (tables.wide_rows[a] - first) * width
                start, size = tables.core_rows[a] * width, (b - a) * width
                _add_multiples(maps, to, core, plane, start, wide_lists, low, high, size)
                continue
            start, size = top * width, height * width
            _clear(rows, 0, size)
            _add_multiples(rows, 0, core, plane, start, wide_lists, low, high, size)
            for r in range(a, b):
                to = channel * stride + (tables.wide_rows[r] - first) * width
                _add(maps, to, rows, (tables.core_rows[r] - top) * width, width)


@loop
def _copy_columns(
    tables: "BundleTables",
    tx: int,
    wide: Maps,
    narrow: Maps,
    first: int,
    last: int,
    vectors: int,
    picking: bool,
) -> None:
    """Pick the columns of one tap, of the wide rows first to last, or add them to where they lie.

    The `narrow` maps, of core width, are set if `picking`, else added to the wide maps.
    """
    width, wide_width = tables.core_width * vectors, tables.wide_width * vectors
    for channel in range(tables.wide_channels):
        if not tables.wide_used[tx, channel]:
            continue
        start = channel * tables.wide_height * width
        if picking:
            _clear(narrow, start, (last + 1 - first) * width)
        for row in range(first, last + 1):
            in_narrow = start + (row - first) * width
            in_wide = (channel * tables.wide_height + row) * wide_width
            for s in range(tables.column_starts[tx], tables.column_starts[tx + 1]):
                a = in_narrow + tables.core_columns[s] * vectors
                b = in_wide + tables.wide_columns[s] * vectors
                length = tables.column_lengths[s] * vectors
                if picking:
                    _add(narrow, a, wide, b, length)
                else:
                    _add(wide, b, narrow, a, length)


@inlined
def _clear(result: Maps, start: int, size: int) -> None:
    to = np.uint64(start)
    for i in range(np.uint64(size)):
        result[to + i] = 0


@inlined
def _add(result: Maps, result_start: int, source: Maps, source_start: int, size: int) -> None:
    to, at = np.uint64(result_start), np.uint64(source_start)
    for i in range(np.uint64(size)):
        result[to + i] += source[at + i]


@inlined
def _add_multiples(
    result: Maps,
    result_start: int,
    source: Maps,
    stride: int,
    source_start: int,
    lists: Lists,
    first: int,
    stop: int,
    size: int,
) -> None:
    """Add multiples of the maps that a list names: four at a time, to load the result less often."""
    ends, magnitudes = lists.ends, lists.magnitudes
    to, n = np.uint64(result_start), np.uint64(size)
    j = first
    while j + 4 <= stop:
        w0, w1, w2, w3 = magnitudes[j], magnitudes[j + 1], magnitudes[j + 2], magnitudes[j + 3]
        a0 = np.uint64(source_start + ends[j] * stride)
        a1 = np.uint64(source_start + ends[j + 1] * stride)
        a2 = np.uint64(source_start + ends[j + 2] * stride)
        a3 = np.uint64(source_start + ends[j + 3] * stride)
        for i in range(n):
            result[to + i] += (
                w0 * source[a0 + i]
                + w1 * source[a1 + i]
                + w2 * source[a2 + i]
                + w3 * source[a3 + i]
            )
        j += 4
    while j < stop:
        w, a = magnitudes[j], np.uint64(source_start + ends[j] * stride)
        for i in range(n):
            result[to + i] += w * source[a + i]
        j += 1
