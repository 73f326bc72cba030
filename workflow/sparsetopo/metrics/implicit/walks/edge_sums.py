"""Sum of a_u * b_v over all edges (u, v) of a bundle, from one matrix product for each tap.

``docs/graph.md`` explains it ("Paths and paws").
"""

from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.bundles.incidence import Incidence
from sparsetopo.metrics.exact_sums import exact_sum

# Bytes of gathered values held at a time: they should stay in the processor's caches.
_GATHERED_BYTES = 2**21
# Where a tap joins more pairs than this for each pixel, the sources of each target are added up first.
_PAIRS_A_PIXEL = 4
# Below this bound float64 adds integers exactly.
_FLOAT64_EXACT = 2**53


def edge_product_sum(bundle: Bundle, a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Exact sum of a_u * b_v over the edges (u, v) of a bundle.

    `a` and `b` are (channels, height, width) values at the nodes of the source layer and of the target layer, at least
    0; those at nodes without an edge in the bundle do not matter.
    """
    a = a[bundle.source_channels.start : bundle.source_channels.stop]
    b = b[bundle.target_channels.start : bundle.target_channels.stop]
    return _product_sum(bundle, np.maximum(a, 0), np.maximum(b, 0))


def _product_sum(bundle: Bundle, a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    largest_a, largest_b = int(a.max()), int(b.max())
    if largest_a * largest_b * int(bundle.pairs_per_tap.max()) < _FLOAT64_EXACT:
        return _float_product_sum(bundle, _pixels(a), _pixels(b))
    # The sum is linear in a and in b: split the larger one into high and low bits.
    bits = max(largest_a, largest_b).bit_length() // 2
    low_bits = (1 << bits) - 1
    if largest_a >= largest_b:
        high, low = _product_sum(bundle, a >> bits, b), _product_sum(bundle, a & low_bits, b)
    else:
        high, low = _product_sum(bundle, a, b >> bits), _product_sum(bundle, a, b & low_bits)
    return (high << bits) + low


def _pixels(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """(height * width, channels) values, from which pixels are quickly gathered."""
    return values.reshape(len(values), -1).T.astype(np.float64, order="C")


def _float_product_sum(bundle: Bundle, a: NDArray[np.float64], b: NDArray[np.float64]) -> int:
    """The sum from pixels, where the sum over the pairs of positions is exact in float64."""
    lists, channels = bundle.backward, len(bundle.target_channels)
    list_targets = np.tile(np.arange(channels), (len(lists.starts) - 1) // channels)
    targets = np.repeat(list_targets, np.diff(lists.starts))
    kept_of_taps = [slice(*ends) for ends in pairwise(lists.starts[::channels].tolist())]
    taps = product(range(bundle.rows.num_taps), range(bundle.columns.num_taps))
    total = 0
    for kept, (row_tap, column_tap) in zip(kept_of_taps, taps, strict=True):
        if kept.start == kept.stop:
            continue
        products = _tap_products(bundle, row_tap, column_tap, a, b)
        total += exact_sum(products[targets[kept], lists.ends[kept]].astype(np.int64))
    return total


def _tap_products(
    bundle: Bundle, row_tap: int, column_tap: int, a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(channels of b, channels of a) sums over the pairs of pixels that a tap joins."""
    a_rows, b_rows = bundle.rows.pairs_by_tap[row_tap]
    a_columns, b_columns = bundle.columns.pairs_by_tap[column_tap]
    if len(a_rows) * len(a_columns) > _PAIRS_A_PIXEL * (len(a) + len(b)):
        seen = _seen_by_targets(bundle.rows, row_tap, bundle.columns, column_tap, a)
        return b.T @ seen
    a_pixels = np.add.outer(a_rows * bundle.columns.num_sources, a_columns).ravel()
    b_pixels = np.add.outer(b_rows * bundle.columns.num_targets, b_columns).ravel()
    return _products(a, b, a_pixels, b_pixels)


def _seen_by_targets(
    rows: Incidence, row_tap: int, columns: Incidence, column_tap: int, a: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(target pixels, channels of a) sums of a over the source pixels that a tap joins to each target."""
    row_pairs, column_pairs = _joined(rows, row_tap), _joined(columns, column_tap)
    planes = a.reshape(rows.num_sources, columns.num_sources, -1)
    by_column = np.matmul(column_pairs, planes)
    by_both = row_pairs @ by_column.reshape(rows.num_sources, -1)
    return by_both.reshape(-1, a.shape[1])


def _joined(axis: Incidence, tap: int) -> NDArray[np.float64]:
    """(targets, sources) 1 where a tap joins two positions, else 0."""
    sources, targets = axis.pairs_by_tap[tap]
    joined = np.zeros((axis.num_targets, axis.num_sources))
    joined[targets, sources] = 1
    return joined


def _products(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    a_pixels: NDArray[np.int64],
    b_pixels: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(channels of b, channels of a) sums over the pairs of pixels."""
    products = np.zeros((b.shape[1], a.shape[1]))
    step = max(1, _GATHERED_BYTES // (8 * sum(products.shape)))
    for start in range(0, len(a_pixels), step):
        pairs = slice(start, start + step)
        products += b[b_pixels[pairs]].T @ a[a_pixels[pairs]]
    return products
