"""Sum over all edges (u, v) of a bundle of a_u * b_v, from one matrix product for each tap.

The edges of a tap are kept weights (source channel, target channel) times pairs of positions. With
the values of a and b gathered at these pairs as (pairs, channels), the product of the two matrices
holds for every two channels the sum over the pairs; those of the kept weights are added up.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.bundles.incidence import Incidence
from sparsetopo.metrics.implicit.walks.exact_sums import exact_sum

# Bytes of gathered values held at a time: they should stay in the processor's caches.
_GATHERED_BYTES = 2**21
# Float64 adds integers exactly below it.
_FLOAT64_EXACT = 2**53


def edge_product_sum(bundle: Bundle, a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Sum over the edges (u, v) of a bundle of a_u * b_v, exactly.

    Parameters
    ----------
    a, b
        (channels, height, width) int64 values of the nodes of the source layer and of the target
        layer; those of nodes without an edge in the bundle do not matter, the others are >= 0.
    """
    a = a[bundle.source_channel :][: bundle.source_channels]
    b = b[bundle.target_channel :][: bundle.target_channels]
    return _product_sum(bundle, np.maximum(a, 0), np.maximum(b, 0))


def _product_sum(bundle: Bundle, a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    largest_a, largest_b = int(a.max()), int(b.max())
    if largest_a * largest_b * int(bundle.pairs_per_tap.max()) < _FLOAT64_EXACT:
        return _float_product_sum(bundle, _pixels(a), _pixels(b))
    # The sum is linear in a and in b: take the larger one apart into high and low bits.
    bits = max(largest_a, largest_b).bit_length() // 2
    low_bits = (1 << bits) - 1
    if largest_a >= largest_b:
        high, low = _product_sum(bundle, a >> bits, b), _product_sum(bundle, a & low_bits, b)
    else:
        high, low = _product_sum(bundle, a, b >> bits), _product_sum(bundle, a, b & low_bits)
    return (high << bits) + low


def _pixels(values: NDArray[np.int64]) -> NDArray[np.float64]:
    """(height * width, channels) values, where a pixel is quickly copied."""
    return values.reshape(len(values), -1).T.astype(np.float64, order="C")


def _float_product_sum(bundle: Bundle, a: NDArray[np.float64], b: NDArray[np.float64]) -> int:
    """The sum from pixels, where that over the pairs of positions is exact in float64."""
    row_pairs, column_pairs = _pairs(bundle.rows), _pairs(bundle.columns)
    lists = bundle.backward
    list_targets = np.tile(np.arange(bundle.target_channels), bundle.num_taps)
    targets = np.repeat(list_targets, np.diff(lists.starts))
    begins = lists.starts[:: bundle.target_channels].tolist()
    total, tap = 0, 0
    for a_rows, b_rows in row_pairs:
        for a_columns, b_columns in column_pairs:
            kept = slice(begins[tap], begins[tap + 1])
            tap += 1
            products = _products(
                a,
                b,
                np.add.outer(a_rows * bundle.columns.num_sources, a_columns).ravel(),
                np.add.outer(b_rows * bundle.columns.num_targets, b_columns).ravel(),
            )
            total += exact_sum(products[targets[kept], lists.ends[kept]].astype(np.int64))
    return total


def _products(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    a_places: NDArray[np.int32],
    b_places: NDArray[np.int32],
) -> NDArray[np.float64]:
    """(channels of b, channels of a) sums over the pairs of pixels."""
    products = np.zeros((b.shape[1], a.shape[1]))
    step = max(1, _GATHERED_BYTES // (8 * sum(products.shape)))
    for start in range(0, len(a_places), step):
        places = slice(start, start + step)
        products += b[b_places[places]].T @ a[a_places[places]]
    return products


def _pairs(incidence: Incidence) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """For each tap the source and the target positions that it joins."""
    taps = [incidence.taps == tap for tap in range(incidence.num_taps)]
    return [(incidence.sources[tap], incidence.targets[tap]) for tap in taps]
