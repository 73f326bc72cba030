"""What the peeling of the core numbers works on: degrees by pixel, and kept weights as rows.

A pixel is one (row, column) of a node layer with its channels. The degrees of a pixel's nodes are
adjacent in memory, so that a vector instruction lowers many of them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.compiled import loop
from sparsetopo.metrics.implicit.equal_taps import EMPTY, all_differ, equal_taps
from sparsetopo.metrics.implicit.neighbours import Neighbours, sorted_halves

Uses = Mapping[tuple[int, int], NDArray[np.int64]]

NO_PIXEL = -1  # end of a queue
UNQUEUED = -2  # link of a pixel in no queue
NO_ROWS = -1  # of a tap without kept weights

# Estimated nanoseconds for subtracting a row or a list once, and for making the rows; only their
# ratios matter. Measured on the paper's networks and ResNet-50 at densities of 0.005 to 0.1.
_ROW_ENTRY, _LIST, _LIST_ENTRY = 0.035, 1.0, 1.4
_MADE_ENTRY, _MADE_ONE = 0.2, 2.0


class Remaining(NamedTuple):
    """The graph that is left as the peeling goes on.

    The node of channel c at (y, x) of a layer has the degree ``degrees[layer_offsets[layer] + position *
    channels[layer] + c]``, with position = y * width + x; its pixel is ``first_pixel[layer] + position``.

    Attributes
    ----------
    degrees
        (V,) those of removed nodes are the type's largest value, less what is subtracted afterwards, which is at most
        their degree when they were removed.
    lowest
        (pixels,) lowest degree at each pixel.
    bound
        Half the type's largest value: degrees above it are those of removed nodes.
    queue_heads, queue_links
        (layers,) and (pixels,): a queue of pixels for each layer, as a linked list.
    removed
        (largest number of channels,) room for the channels that a pixel loses at once.
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
    taps
        (halves,) where the taps of a half start in `base`; -1 where lists are faster.
    base
        (taps,) where the rows of a tap start, one for each channel; NO_ROWS if it keeps no weights. Equal taps share
        them.
    far_channel, far_channels
        (halves,) far channels: the first one, and how many. A row has one entry for each.
    """

    taps: NDArray[np.int64]
    base: NDArray[np.int64]
    far_channel: NDArray[np.int64]
    far_channels: NDArray[np.int64]
    rows: NDArray[np.uint8]


def whole_graph(
    layers: Sequence[NodeLayer], neighbours: Neighbours, degrees: NDArray[np.int64]
) -> Remaining:
    """Graph from which nothing is removed yet; `degrees` are (V,) in node order, below 2**31."""
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


def patterns(bundles: Sequence[Bundle], uses: Uses | None = None) -> Patterns:
    """Rows of the bundles for which they are estimated to save time, of both halves of each.

    `uses` are, for each bundle by (source, target), the (taps,) number of pairs of pixels that a tap joins, if they are
    not those of the bundle.
    """
    equal = {
        (bundle.source, bundle.target): equal_taps(bundle)
        for bundle in bundles
        if _rows_pay(
            bundle, bundle.pairs_per_tap if uses is None else uses[bundle.source, bundle.target]
        )
    }
    taps, base, rows = [], [], []
    known = filled = 0
    halves = sorted_halves(bundles)
    for half in halves:
        of_half = equal.get((min(half.near, half.far), max(half.near, half.far)))
        taps.append(-1 if of_half is None else known)
        if of_half is not None:
            size = len(half.near_channels) * len(half.far_channels)
            if all_differ(of_half):
                made = numbers = of_half
            else:
                made, numbers = np.unique(of_half[of_half != EMPTY], return_inverse=True)
            base.append(np.full(len(of_half), NO_ROWS))
            base[-1][of_half != EMPTY] = filled + numbers * size
            rows.append(np.zeros(len(made) * size, dtype=np.uint8))
            _mark(rows[-1], half.lists, made, len(half.near_channels), len(half.far_channels))
            known += len(of_half)
            filled += len(rows[-1])
    return Patterns(
        np.array(taps, dtype=np.int64),
        np.concatenate(base or [np.zeros(0, dtype=np.int64)]),
        np.array([half.far_channels.start for half in halves], dtype=np.int64),
        np.array([len(half.far_channels) for half in halves], dtype=np.int64),
        np.concatenate(rows or [np.zeros(0, dtype=np.uint8)]),
    )


def _rows_pay(bundle: Bundle, uses: NDArray[np.int64]) -> bool:
    """Whether making and subtracting rows is estimated to be faster than subtracting lists.

    The rows or lists of a tap are subtracted once for every pair of pixels that it joins (`uses`), if
    the pixel there still has nodes. About half of the pixels do.
    """
    kept = 2 * bundle.kept_per_tap
    used = uses / 2 * (kept > 0)
    sources, targets = len(bundle.source_channels), len(bundle.target_channels)
    entries, lists = 2 * sources * targets, sources + targets
    by_rows = used * entries * _ROW_ENTRY + (kept > 0) * entries * _MADE_ENTRY + kept * _MADE_ONE
    by_lists = used * (lists * _LIST + kept * _LIST_ENTRY)
    return bool(by_rows.sum() < by_lists.sum())


@loop
def _mark(
    rows: NDArray[np.uint8], lists: Lists, taps: NDArray[np.int64], channels: int, length: int
) -> None:
    """Set the ones of rows of a given length, 0 before, one for each list of some taps."""
    for t in range(len(taps)):
        for channel in range(channels):
            base = (t * channels + channel) * length
            number = taps[t] * channels + channel
            for entry in range(lists.starts[number], lists.starts[number + 1]):
                rows[base + lists.ends[entry]] = 1
