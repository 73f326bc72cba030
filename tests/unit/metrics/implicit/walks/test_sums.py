"""Sums over edges and exact sums of large integers."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.random_graphs import graphs

from sparsetopo.graphs.bundles.build import bundles
from sparsetopo.metrics.exact_sums import exact_sum, product_sum
from sparsetopo.metrics.implicit.walks import edge_sums
from sparsetopo.metrics.implicit.walks.edge_sums import edge_product_sum


def test_sums_beyond_64_bits():
    values = np.array([2**62, 2**62 + 1, 2**62 + 3, 0])
    assert exact_sum(values) == 3 * 2**62 + 4
    assert product_sum(values, values[::-1]) == 2 * (2**62 + 1) * (2**62 + 3)


@given(
    graphs(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([10, 2**20, 2**40, 2**62]),
    st.sampled_from([0, 4]),
)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_edge_product_sum(mge, seed, largest, pairs_a_pixel):
    """Sources are added up first (0: always), or pairs of pixels gathered."""
    values = np.random.default_rng(seed).integers(0, largest, mge.num_nodes)
    edges = mge.to_scipy().tocoo()
    expected = sum(int(values[u]) * int(values[v]) for u, v in zip(*edges.coords, strict=True))
    planes = [
        values[offset : offset + layer.size].reshape(layer.channels, layer.height, layer.width)
        for offset, layer in zip(mge.layer_offsets, mge.plan.node_layers, strict=False)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge_sums, "_PAIRS_A_PIXEL", pairs_a_pixel)
        found = sum(
            edge_product_sum(bundle, planes[bundle.source], planes[bundle.target])
            for bundle in bundles(mge.plan, mge.weights, mge.masks)
        )
    assert found == expected
