"""Compiled peeling of the core numbers; ``docs/graph.md`` explains the method.

Arrays are read by a start and an unsigned offset, not sliced: a slice counts its references with an
atomic operation each time, and an index that may be negative keeps LLVM from using vectors.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.compiled import inlined, loop
from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal.core_tables import (
    NO_PIXEL,
    NO_ROWS,
    UNQUEUED,
    Patterns,
    Remaining,
)

# Channels that are searched only if one of them is to be removed; a few vectors.
_CHUNK = 64


@loop
def peel(
    neighbours: Neighbours,
    patterns: Patterns,
    remaining: Remaining,
    times: NDArray[np.int32] | None,
    cores: NDArray[np.int64],
) -> None:
    """Remove all nodes, always one of lowest degree, and write their (V,) core numbers, in node order.

    `times` are those of the neighbours, or None if all of them are 1, for which faster loops are compiled.
    """
    layers = len(remaining.channels)
    while True:
        level = remaining.lowest.min()
        if level > remaining.bound:
            return
        for layer in range(layers):
            for pixel in range(remaining.first_pixel[layer], remaining.first_pixel[layer + 1]):
                if remaining.lowest[pixel] == level:
                    _enqueue(remaining, layer, pixel)
        while remaining.queue_heads.max() != NO_PIXEL:
            # Up through the layers and down again: removals spread both ways.
            for step in range(2 * layers):
                layer = min(step, 2 * layers - 1 - step)
                pixel = remaining.queue_heads[layer]
                remaining.queue_heads[layer] = NO_PIXEL
                while pixel != NO_PIXEL:
                    following = remaining.queue_links[pixel]
                    remaining.queue_links[pixel] = UNQUEUED
                    _peel_pixel(neighbours, patterns, remaining, times, layer, pixel, level, cores)
                    pixel = following


@inlined
def _enqueue(remaining: Remaining, layer: int, pixel: int) -> None:
    remaining.queue_links[pixel] = remaining.queue_heads[layer]
    remaining.queue_heads[layer] = pixel


@inlined
def _peel_pixel(
    neighbours: Neighbours,
    patterns: Patterns,
    remaining: Remaining,
    times: NDArray[np.int32] | None,
    layer: int,
    pixel: int,
    level: np.unsignedinteger,
    cores: NDArray[np.int64],
) -> None:
    """Remove the nodes of degree at most `level` from a pixel, and their edges."""
    removed = remaining.removed
    offset, channels = neighbours.layer_offsets[layer], remaining.channels[layer]
    position = pixel - remaining.first_pixel[layer]
    start = offset + position * channels
    count = _remove(remaining.degrees, start, channels, level, removed)
    remaining.lowest[pixel] = _lowest(remaining.degrees, start, channels)
    for i in range(count):
        cores[offset + removed[i] * neighbours.layer_plane[layer] + position] = level
    width = neighbours.layer_width[layer]
    row, column = position // width, position % width
    for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
        first = neighbours.first_channel[half]
        low, high = 0, count
        while low < high and removed[low] < first:
            low += 1
        while low < high and removed[high - 1] >= first + neighbours.num_channels[half]:
            high -= 1
        if low < high:
            _subtract_edges(
                neighbours, patterns, remaining, times, half, row, column, low, high, level
            )


@inlined
def _subtract_edges(
    neighbours: Neighbours,
    patterns: Patterns,
    remaining: Remaining,
    times: NDArray[np.int32] | None,
    half: int,
    row: int,
    column: int,
    low: int,
    high: int,
    level: np.unsignedinteger,
) -> None:
    """Lower the degrees at the other end of a half by the edges of ``removed[low:high]``."""
    layer = neighbours.to_layer[half]
    offset = neighbours.layer_offsets[layer] + patterns.far_channel[half]
    length = patterns.far_channels[half]
    rows, columns = neighbours.rows[half] + row, neighbours.columns[half] + column
    starts = neighbours.position_starts
    by_rows = patterns.taps[half] >= 0
    for r in range(starts[rows], starts[rows + 1]):
        for s in range(starts[columns], starts[columns + 1]):
            position = neighbours.positions[r] * neighbours.to_width[half] + neighbours.positions[s]
            pixel = remaining.first_pixel[layer] + position
            lowest = remaining.lowest[pixel]
            if lowest > remaining.bound:
                continue
            start = offset + position * remaining.channels[layer]
            tap = neighbours.taps[r] * neighbours.column_taps[half] + neighbours.taps[s]
            lists = tap * neighbours.num_channels[half] + neighbours.list_base[half]
            base = patterns.base[patterns.taps[half] + tap] if by_rows else NO_ROWS
            if by_rows and base == NO_ROWS:
                continue
            for i in range(low, high):
                channel = remaining.removed[i] - neighbours.first_channel[half]
                if by_rows:
                    row = base + channel * length
                    if times is None:
                        least = _subtract_row(remaining.degrees, start, patterns.rows, row, length)
                    else:
                        least = _subtract_multiple(
                            remaining.degrees, start, patterns.rows, row, length, times[s]
                        )
                else:
                    first = neighbours.list_starts[lists + channel]
                    stop = neighbours.list_starts[lists + channel + 1]
                    less = 1 if times is None else times[s]
                    least = _subtract_list(
                        remaining.degrees, start, neighbours.ends, first, stop, less
                    )
                lowest = min(lowest, least)
            remaining.lowest[pixel] = lowest
            if lowest <= level and remaining.queue_links[pixel] == UNQUEUED:
                _enqueue(remaining, layer, pixel)


@inlined
def _remove(
    degrees: NDArray[np.unsignedinteger],
    start: int,
    channels: int,
    level: np.unsignedinteger,
    removed: NDArray[np.int64],
) -> int:
    """Mark the nodes of degree at most `level` as removed; list and count their channels."""
    count = 0
    for chunk in range(0, channels, _CHUNK):
        size = min(_CHUNK, channels - chunk)
        if _lowest(degrees, start + chunk, size) > level:
            continue
        for channel in range(chunk, chunk + size):
            node = np.uint64(start + channel)
            if degrees[node] <= level:
                degrees[node] = ~degrees.dtype.type(0)
                removed[count] = channel
                count += 1
    return count


@inlined
def _lowest(degrees: NDArray[np.unsignedinteger], start: int, count: int) -> np.unsignedinteger:
    first = np.uint64(start)
    lowest = degrees[first]
    for i in range(np.uint64(count)):
        degree = degrees[first + i]
        lowest = degree if degree < lowest else lowest
    return lowest


@inlined
def _subtract_row(
    degrees: NDArray[np.unsignedinteger],
    start: int,
    rows: NDArray[np.uint8],
    base: int,
    length: int,
) -> np.unsignedinteger:
    """Subtract a row from as many degrees; return the lowest of them."""
    first, row = np.uint64(start), np.uint64(base)
    lowest = degrees[first]
    for i in range(np.uint64(length)):
        degree = degrees.dtype.type(degrees[first + i] - degrees.dtype.type(rows[row + i]))
        degrees[first + i] = degree
        lowest = degree if degree < lowest else lowest
    return lowest


@inlined
def _subtract_multiple(
    degrees: NDArray[np.unsignedinteger],
    start: int,
    rows: NDArray[np.uint8],
    base: int,
    length: int,
    times: int,
) -> np.unsignedinteger:
    """Subtract a row from as many degrees, some times; return the lowest of them."""
    first, row = np.uint64(start), np.uint64(base)
    factor = degrees.dtype.type(times)
    lowest = degrees[first]
    for i in range(np.uint64(length)):
        less = degrees.dtype.type(factor * degrees.dtype.type(rows[row + i]))
        degree = degrees.dtype.type(degrees[first + i] - less)
        degrees[first + i] = degree
        lowest = degree if degree < lowest else lowest
    return lowest


@inlined
def _subtract_list(
    degrees: NDArray[np.unsignedinteger],
    start: int,
    ends: NDArray[np.int32],
    first: int,
    stop: int,
    times: int,
) -> np.unsignedinteger:
    """Subtract `times` from the degree at every end of a list; return the lowest of them."""
    less = degrees.dtype.type(times)
    lowest = ~degrees.dtype.type(0)
    for entry in range(np.uint64(first), np.uint64(stop)):
        node = np.uint64(start) + np.uint64(ends[entry])
        degree = degrees.dtype.type(degrees[node] - less)
        degrees[node] = degree
        lowest = degree if degree < lowest else lowest
    return lowest
