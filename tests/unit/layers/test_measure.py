"""Topometrics of layers' graphs against networkx, enumeration and numbers worked out by hand."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.layers import bge_topometrics, rolled, rolled_channel
from sparsetopo.metrics.measure import scaled
from sparsetopo.metrics.registry import LAYER_METRICS


def connected_induced(graph, size):
    return sum(
        nx.is_connected(graph.subgraph(nodes)) for nodes in itertools.combinations(graph, size)
    )


def reference(graph, motif_size):
    """All ten of an undirected networkx graph."""
    nodes, edges = graph.number_of_nodes(), graph.number_of_edges()
    adjacency = nx.to_numpy_array(graph, dtype=np.float64)
    magnitudes = [*sorted(np.abs(np.linalg.eigvalsh(adjacency)), reverse=True), 0]
    laplacian = np.diag(adjacency.sum(axis=0)) - adjacency
    components = nx.number_connected_components(graph)
    return {
        "motif": connected_induced(graph, motif_size),
        "n1": 1 + edges / nodes,
        "k_core": sum(nx.core_number(graph).values()) / nodes,
        "strength": adjacency.sum() / nodes,
        "components": components,
        "component_size": nodes / components,
        "cut_edges": len(list(nx.bridges(graph))),
        "cut_nodes": len(list(nx.articulation_points(graph))),
        "spectral_gap": magnitudes[0] - magnitudes[2],
        "spectral_radius": np.linalg.eigvalsh(laplacian)[-1],
    }


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 5),
    st.sampled_from([(), (1, 1), (2, 2)]),
    st.sampled_from([0.0, 0.1, 0.4, 1.0]),
    st.sampled_from([3, 4]),
    st.sampled_from([rolled, rolled_channel]),
    st.integers(0, 2**32 - 1),
)
def test_metrics_of_random_layers(inputs, outputs, kernel, density, motif_size, build, seed):
    random = np.random.default_rng(seed)
    shape = (outputs, inputs, *kernel)
    graph = build(random.normal(size=shape), random.random(shape) < density)
    values = bge_topometrics(graph, motif_size)
    expected = reference(graph.to_networkx().to_undirected(), motif_size)
    assert list(values) == list(LAYER_METRICS)
    assert values == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_golden_numbers_of_a_small_layer():
    # Two inputs, two outputs: a star of output 0 with both inputs (weights 3 and 4); output 1 alone.
    weight = np.array([[3.0, -4.0], [1.0, 1.0]])
    mask = np.array([[True, True], [False, False]])
    values = bge_topometrics(rolled(weight, mask))
    assert values == pytest.approx(
        {
            "motif": 1,
            "n1": 1.5,
            "k_core": 0.75,
            "strength": 3.5,
            "components": 2,
            "component_size": 2,
            "cut_edges": 2,
            "cut_nodes": 1,
            "spectral_gap": 5,
            # of the Laplacian [[3, 0, -3], [0, 4, -4], [-3, -4, 7]]: 0 and 7 ± sqrt(13)
            "spectral_radius": 7 + 13**0.5,
        }
    )
    divided = scaled(values, 4, 2)
    assert divided["motif"] == 0.5
    assert divided["n1"] == 0.75
    assert divided["component_size"] == 0.5
    assert divided["components"] == 2
    assert divided["spectral_gap"] == pytest.approx(5)


def test_a_full_layer_has_the_motifs_of_a_complete_bipartite_graph():
    # Conv-6's first layer in the released table, 27 x 64: 27 C(64, 2) + 64 C(27, 2).
    graph = rolled(np.ones((64, 3, 3, 3)), np.ones((64, 3, 3, 3), bool))
    assert bge_topometrics(graph)["motif"] == 27 * 2016 + 64 * 351


def test_an_empty_layer():
    graph = rolled_channel(np.ones((2, 3, 3, 3)), np.zeros((2, 3, 3, 3), bool))
    values = bge_topometrics(graph, motif_size=4)
    zeros = {
        "motif",
        "k_core",
        "strength",
        "cut_edges",
        "cut_nodes",
        "spectral_gap",
        "spectral_radius",
    }
    assert {name for name, value in values.items() if value == 0} == zeros
    assert values["n1"] == values["component_size"] == 1
    assert values["components"] == 5
    divided = scaled(values, 5, 0)
    missing = {name for name, value in divided.items() if value is None}
    assert missing == {"motif", "n1", "k_core", "strength", "cut_edges", "cut_nodes"}


@pytest.mark.parametrize("size", [2, 5, "3"])
def test_other_motif_sizes_are_refused(size):
    with pytest.raises(ValueError, match="must be 3 or 4"):
        bge_topometrics(rolled(np.ones((2, 2)), np.ones((2, 2), bool)), size)
