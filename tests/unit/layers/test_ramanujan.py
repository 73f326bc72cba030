"""Ramanujan metrics against full spectra, and numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.layers.ramanujan_reference import reference

from sparsetopo.layers import (
    LayerKind,
    bge_topometrics,
    ramanujan_metrics,
    rolled,
    rolled_channel,
)
from sparsetopo.layers.ramanujan import RAMANUJAN_METRICS

MISSING = [name for name in RAMANUJAN_METRICS if name not in ("density", "regular_subgraphs")]


def compare(graph):
    values = ramanujan_metrics(graph)
    left = set(range(graph.layer_sizes[0]))
    (mask,) = graph.masks.values()
    expected = reference(graph.to_networkx().to_undirected(), left, mask.size)
    assert list(values) == list(RAMANUJAN_METRICS)
    for name, value in expected.items():
        if value is None:
            assert values[name] is None, name
        else:
            assert values[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name
    return values


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from([(), (1, 1), (2, 2)]),
    st.sampled_from([0.05, 0.3, 0.6, 0.8, 1.0]),
    st.sampled_from([1, 1, 1, 2]),
    st.sampled_from([rolled, rolled_channel]),
    st.integers(0, 2**32 - 1),
)
def test_random_layers(inputs, outputs, kernel, density, groups, build, seed):
    random = np.random.default_rng(seed)
    groups = groups if kernel else 1
    shape = (groups * outputs, inputs, *kernel)
    mask = random.random(shape) < density
    compare(build(random.normal(size=shape), mask, LayerKind(groups)))


def test_random_layers_have_regular_subgraphs():
    """The comparison above is not vacuous: larger layers have several subgraphs that count."""
    random = np.random.default_rng(3)
    mask = random.random((10, 6, 3, 3)) < 0.5
    assert compare(rolled(random.normal(size=mask.shape), mask))["regular_subgraphs"] >= 3


def full(outputs, inputs, **options):
    mask = np.ones((outputs, inputs), bool)
    return ramanujan_metrics(rolled(np.ones((outputs, inputs)), mask, **options))


def test_a_full_layer_is_as_good_as_can_be():
    # K(5, 10): one left-regular subgraph, itself; singular values sqrt(50) and 0.
    values = full(10, 5)
    bound = 9**0.5 + 4**0.5
    assert values == pytest.approx(
        {
            "density": 1,
            "delta_r": 1,
            "delta_r_imdb": 1,
            "lambda_imsg": 50**0.5,
            "delta_r_absolute": bound,
            "delta_r_imdb_absolute": bound,
            "regular_subgraphs": 1,
        }
    )


def test_a_full_layer_of_degree_two_has_no_iterative_means():
    values = full(2, 5)
    assert values["delta_r"] == pytest.approx(1)
    assert values["delta_r_imdb"] is values["lambda_imsg"] is None
    assert values["regular_subgraphs"] == 0


def test_the_right_side_needs_degree_three_too():
    # Two left nodes of degree 5: the right ones have degree 2.
    assert full(5, 2)["delta_r_imdb"] is None
    assert full(5, 3)["delta_r_imdb"] == pytest.approx(1)


def test_left_regular_subgraphs_by_hand():
    # Left nodes 0-2 join right nodes 0-2 (degree 3), left nodes 3-6 join right nodes 3-6 (degree 4),
    # left node 7 is alone. Second singular values: 3 of the whole graph, 0 of the subgraphs.
    mask = np.zeros((7, 8), bool)
    mask[:3, :3] = mask[3:, 3:7] = True
    weight = np.where(mask, 0.5, 9)
    weight[3:] = 0.25
    values = ramanujan_metrics(rolled(weight, mask))
    bound = 2 * (25 / 7 - 1) ** 0.5
    assert values == pytest.approx(
        {
            "density": 25 / 56,
            "delta_r": (bound - 3) / bound,
            "delta_r_imdb": 1,
            "lambda_imsg": (3 * 0.5 + 4 * 0.25) / 2,
            "delta_r_absolute": bound - 3,
            "delta_r_imdb_absolute": (2 * 2**0.5 + 2 * 3**0.5) / 2,
            "regular_subgraphs": 2,
        }
    )


def test_a_number_of_the_released_table():
    # Uniform, Resnet-20, CIFAR-10, sparsity 0.98, seed 0, conv1: 9 kept weights, -0.322876. Nine
    # edges, seven nodes on either side, second singular value sqrt(2): the relative difference is
    # 1 - sqrt(7) / 2.
    mask = np.zeros((16, 27), bool)
    for left, right in [(0, 0), (0, 1), (1, 2), (2, 2), (3, 3), (3, 4), (4, 5), (5, 5), (6, 6)]:
        mask[right, left] = True
    values = ramanujan_metrics(rolled(np.ones((16, 27)), mask))
    assert values["delta_r"] == pytest.approx(-0.322876, abs=1e-6)


@pytest.mark.parametrize("edges", [[], [(1, 2)]])
def test_fewer_than_two_edges_have_no_bound(edges):
    mask = np.zeros((3, 4), bool)
    for edge in edges:
        mask[edge] = True
    values = ramanujan_metrics(rolled(np.ones((3, 4)), mask))
    assert [values[name] for name in MISSING] == [None] * 5
    assert values["density"] == len(edges) / 12


def test_edges_that_do_not_meet_have_a_difference_but_not_a_relative_one():
    # The bound is 0 and the second singular value 1; the released table has minus infinity here.
    values = ramanujan_metrics(rolled(np.ones((3, 3)), np.eye(3, dtype=bool)))
    assert values["delta_r"] is None
    assert values["delta_r_absolute"] == pytest.approx(-1)


def test_depthwise_density_is_of_the_weights_there_are():
    mask = np.ones((4, 1, 3, 3), bool)
    mask[:2] = False
    values = ramanujan_metrics(rolled(np.ones(mask.shape), mask, LayerKind(4)))
    assert values["density"] == 0.5


def test_a_full_layer_has_the_spectral_gap_of_the_whole_graph():
    # So in the released tables: lambda_imsg equals the rolled spectral gap in all 1,141 full layers.
    weight = np.random.default_rng(5).normal(size=(6, 4, 2, 2))
    graph = rolled(weight, np.ones(weight.shape, bool))
    gap = bge_topometrics(graph)["spectral_gap"]
    assert ramanujan_metrics(graph)["lambda_imsg"] == pytest.approx(gap, rel=1e-6)
