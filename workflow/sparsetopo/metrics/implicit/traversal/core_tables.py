"""What the peeling of the core numbers works on: degrees by pixel, and kept weights as rows.

A pixel is one (row, column) of a node layer with its channels. The degrees of a pixel's nodes lie
beside one another, so that a vector instruction lowers many of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.compiled import kernel
from sparsetopo.metrics.implicit.neighbours import Neighbours

NO_PIXEL = -1  # end of a queue
UNQUEUED = -2  # link of a pixel in no queue

# Estimated nanoseconds, of which only the ratios matter: of subtracting a row or a list once, and
# of making the rows. Measured on the paper's networks and ResNet-50 at densities of 0.005 to 0.1.
_ROW_ENTRY, _LIST, _LIST_ENTRY = 0.035, 1.0, 1.4
_MADE_ENTRY, _MADE_ONE = 0.2, 2.0


class Remaining(NamedTuple):
    """The graph that is left in the course of the peeling.

    The node of channel c at (y, x) of a layer has the degree ``degrees[layer_offsets[layer] +
    place * channels[layer] + c]``, with place = y * width + x; its pixel is ``first_pixel[layer] +
    place``.

    Attributes
    ----------
    degrees
        (V,) uint16 or uint32. Removed nodes have the type's largest value, less what is subtracted
        later: at most their degree when they were removed.
    lowest
        (pixels,) lowest degree at each pixel, of the same type.
    bound
        Half the type's largest value: degrees above it are those of removed nodes.
    first_pixel
        (layers + 1,) int64.
    channels
        (layers,) int64.
    queue_heads, queue_links
        (layers,) and (pixels,) int64: a queue of pixels for each layer, as a linked list.
    removed
        (largest number of channels,) int64: room for the channels that a pixel loses at once.
    """

    degrees: NDArray[np.unsignedinteger]
    lowest: NDArray[np.unsignedinteger]
    bound: int
    first_pixel: NDArray[np.int64]
    channels: NDArray[np.int64]
    queue_heads: NDArray[np.int64]
    queue_links: NDArray[np.int64]
    removed: NDArray[np.int64]


class Patterns(NamedTuple):
    """Kept weights as rows of 0 and 1, for the halves where rows are faster than lists.

    Attributes
    ----------
    base
        (halves,) int64, where the rows of a half start: one for each of its lists, in their order;
        -1 if it has none.
    far_channel, far_channels
        (halves,) int64, channels at the other end: the first one, and how many. A row has one
        entry for each.
    rows
        uint8.
    """

    base: NDArray[np.int64]
    far_channel: NDArray[np.int64]
    far_channels: NDArray[np.int64]
    rows: NDArray[np.uint8]


def whole_graph(
    layers: Sequence[NodeLayer], neighbours: Neighbours, degrees: NDArray[np.int64]
) -> Remaining:
    """Graph of which nothing is removed yet; `degrees` are (V,) in node order, below 2**31."""
    dtype: type[np.uint16 | np.uint32] = np.uint16 if degrees.max() < 2**15 else np.uint32
    by_pixel = np.empty(len(degrees), dtype=dtype)
    first_pixel = np.cumsum([0, *(layer.height * layer.width for layer in layers)], dtype=np.int64)
    lowest = np.empty(first_pixel[-1], dtype=dtype)
    for index, layer in enumerate(layers):
        nodes = slice(neighbours.layer_offsets[index], neighbours.layer_offsets[index + 1])
        pixels = by_pixel[nodes].reshape(-1, layer.channels)
        pixels[...] = degrees[nodes].reshape(layer.channels, -1).T
        pixels.min(axis=1, out=lowest[first_pixel[index] : first_pixel[index + 1]])
    channels = np.array([layer.channels for layer in layers], dtype=np.int64)
    return Remaining(
        degrees=by_pixel,
        lowest=lowest,
        bound=int(np.iinfo(dtype).max) // 2,
        first_pixel=first_pixel,
        channels=channels,
        queue_heads=np.full(len(layers), NO_PIXEL, dtype=np.int64),
        queue_links=np.full(len(lowest), UNQUEUED, dtype=np.int64),
        removed=np.empty(channels.max(), dtype=np.int64),
    )


def patterns(bundles: Sequence[Bundle], neighbours: Neighbours) -> Patterns:
    """Rows of the bundles for which they are estimated to save time, of both halves of each."""
    near = np.repeat(np.arange(len(neighbours.layer_plane)), np.diff(neighbours.layer_halves))
    pairs = zip(near.tolist(), neighbours.to_layer.tolist(), strict=True)
    numbers = {layers: half for half, layers in enumerate(pairs)}
    base = np.full(len(near), -1, dtype=np.int64)
    far_channel, far_channels = np.empty_like(base), np.empty_like(base)
    sizes = [_row_entries(bundle) if _rows_pay(bundle) else 0 for bundle in bundles]
    rows = np.zeros(2 * sum(sizes), dtype=np.uint8)
    start = 0
    for bundle, size in zip(bundles, sizes, strict=True):
        source, target = bundle.source, bundle.target
        for layers, lists, channel, channels in (
            ((source, target), bundle.forward, bundle.target_channel, bundle.target_channels),
            ((target, source), bundle.backward, bundle.source_channel, bundle.source_channels),
        ):
            half = numbers[layers]
            far_channel[half], far_channels[half] = channel, channels
            if size:
                base[half] = start
                _mark(rows[start : start + size], lists.starts, lists.ends, channels)
                start += size
    return Patterns(base, far_channel, far_channels, rows)


def _row_entries(bundle: Bundle) -> int:
    """Number of entries of all rows of one half."""
    return bundle.num_taps * bundle.source_channels * bundle.target_channels


def _rows_pay(bundle: Bundle) -> bool:
    """Whether making and subtracting rows is estimated to be faster than subtracting lists.

    The rows or lists of a tap are subtracted once for every pair of positions that it joins, if
    the pixel there still has nodes: about half of them do.
    """
    uses, kept = bundle.pairs_per_tap / 2, 2 * bundle.kept_per_tap
    entries = 2 * bundle.source_channels * bundle.target_channels
    lists = bundle.source_channels + bundle.target_channels
    by_rows = uses * entries * _ROW_ENTRY + entries * _MADE_ENTRY + kept * _MADE_ONE
    by_lists = uses * (lists * _LIST + kept * _LIST_ENTRY)
    return bool(by_rows.sum() < by_lists.sum())


@kernel
def _mark(
    rows: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int32], length: int
) -> None:
    """Set the ones of rows of a given length, 0 before, one for each list."""
    for row in range(len(starts) - 1):
        for entry in range(starts[row], starts[row + 1]):
            rows[row * length + ends[entry]] = 1
