"""Random networks against the dense reference that probes PyTorch with unit vectors."""

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.random_graphs import masked_networks
from tests.unit.graphs.dense_reference import Reference

from sparsetopo.graphs.encode import encode


def assert_same_graph(network, masks, identity_shortcuts):
    mge = encode(network, network.input_shape, masks, identity_shortcuts)
    reference = Reference(network, masks, identity_shortcuts)
    assert mge.layer_sizes == reference.layer_sizes
    matrix = mge.to_scipy()
    coordinates = matrix.tocoo().coords
    np.testing.assert_array_equal(
        np.stack(coordinates), np.stack(reference.indicator.numpy().nonzero())
    )
    assert mge.num_edges == matrix.nnz
    expected = reference.weights[reference.indicator].numpy()
    np.testing.assert_allclose(matrix.data, expected, rtol=1e-5, atol=1e-6)


@given(masked_networks(), st.booleans())
@settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_random_network(drawn, identity_shortcuts):
    network, masks = drawn
    for feature in {str(step[:2]) if step[0] == "pool" else step[0] for step in network.steps}:
        event(feature)
    assert_same_graph(network, masks, identity_shortcuts)


@pytest.mark.slow
@given(masked_networks(), st.booleans())
@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_random_networks(drawn, identity_shortcuts):
    assert_same_graph(*drawn, identity_shortcuts)
