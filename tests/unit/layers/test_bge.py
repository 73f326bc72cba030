"""Bipartite graphs of layers against networkx graphs built edge by edge from the definitions."""

import itertools

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sparsetopo.errors import EncodingError, MaskError
from sparsetopo.layers import LayerKind, layer_kinds, rolled, rolled_channel
from sparsetopo.layers.bge import biadjacency


@st.composite
def layers(draw):
    """(weight, mask, kind): linear or convolution of 1 to 3 dimensions, grouped or transposed."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel = draw(st.sampled_from([(), (), (1, 1), (2,), (3, 3), (1, 2), (2, 1, 2)]))
    transposed = bool(kernel) and draw(st.booleans())
    if not kernel:
        groups = 1
    inputs, outputs = (draw(st.integers(1, 4)) for _ in range(2))  # of one group
    shape = (groups * inputs, outputs) if transposed else (groups * outputs, inputs)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = random.normal(size=shape + kernel).astype(np.float32)
    mask = random.random(shape + kernel) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    weight[random.random(shape + kernel) < 0.1] = 0  # a kept weight of 0 is an edge
    return weight, mask, LayerKind(groups, transposed)


def kept_weights(weight, mask, kind):
    """{(input channel, output channel): {kernel position: weight}} of the kept weights."""
    kernels: dict[tuple[int, int], dict[int, float]] = {}
    for index in itertools.product(*map(range, weight.shape)):
        if not mask[index]:
            continue
        first, second, *place = index
        if kind.transposed:  # (in, out / groups)
            group = first // (weight.shape[0] // kind.groups)
            pair = first, group * weight.shape[1] + second
        else:
            group = first // (weight.shape[0] // kind.groups)
            pair = group * weight.shape[1] + second, first
        position = int(np.ravel_multi_index(place, weight.shape[2:])) if place else 0
        kernels.setdefault(pair, {})[position] = float(weight[index])
    return kernels


def channels(weight, kind):
    """(input channels, output channels) of all groups."""
    first, second = weight.shape[0], weight.shape[1] * kind.groups
    return (first, second) if kind.transposed else (second, first)


def reference(weight, mask, kind, encoding):
    """Build the graph with networkx."""
    inputs, outputs = channels(weight, kind)
    positions = int(np.prod(weight.shape[2:])) if encoding == "rolled" else 1
    graph = nx.DiGraph()
    graph.add_nodes_from(range(inputs * positions + outputs))
    for (source, target), kernel in kept_weights(weight, mask, kind).items():
        right = inputs * positions + target
        if encoding == "rolled":
            for position, value in kernel.items():
                graph.add_edge(source * positions + position, right, weight=abs(value))
        else:
            norm = float(np.sqrt(sum(value**2 for value in kernel.values())))
            graph.add_edge(source, right, weight=norm)
    return graph


@settings(max_examples=60, deadline=None)
@given(layers(), st.sampled_from(["rolled", "rolled_channel"]))
def test_edges_are_those_of_the_definition(layer, encoding):
    weight, mask, kind = layer
    built = {"rolled": rolled, "rolled_channel": rolled_channel}[encoding](weight, mask, kind)
    expected = reference(weight, mask, kind, encoding)
    found = built.to_networkx()
    assert built.num_nodes == expected.number_of_nodes()
    assert built.num_edges == expected.number_of_edges()
    assert set(found.edges) == set(expected.edges)
    for *edge, value in expected.edges(data="weight"):
        assert found.edges[*edge]["weight"] == pytest.approx(value, rel=1e-6)
    matrix = biadjacency(built)
    assert list(matrix.shape) == built.layer_sizes
    assert matrix.nnz == built.num_edges


def test_a_linear_layer_has_the_same_graph_in_both_encodings():
    random = np.random.default_rng(0)
    weight, mask = random.normal(size=(3, 5)), random.random((3, 5)) < 0.5
    graphs = [build(weight, mask).to_scipy().toarray() for build in (rolled, rolled_channel)]
    np.testing.assert_allclose(graphs[0], graphs[1], rtol=1e-6)


def test_kinds_of_a_traced_network_give_its_channels():
    from sparsetopo import encode

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
        nn.ConvTranspose2d(4, 6, 2, groups=2),
        nn.Flatten(),
        nn.LazyLinear(5),
    )
    model(torch.zeros(1, 3, 4, 4))
    mge = encode(model, (3, 4, 4))
    kinds = layer_kinds(mge.plan)
    assert kinds == {
        "0.weight": LayerKind(1, False),
        "1.weight": LayerKind(4, False),
        "2.weight": LayerKind(2, True),
        "4.weight": LayerKind(1, False),
    }
    sizes = {
        name: rolled_channel(mge.weights[name], mge.masks[name], kind).layer_sizes
        for name, kind in kinds.items()
    }
    assert sizes == {
        "0.weight": [3, 4],
        "1.weight": [4, 4],
        "2.weight": [4, 6],
        "4.weight": [150, 5],
    }


@pytest.mark.parametrize(
    ("shape", "mask", "kind", "error", "message"),
    [
        ((4,), np.ones(4, bool), LayerKind(), EncodingError, "shape"),
        ((0, 3), np.ones((0, 3), bool), LayerKind(), EncodingError, "none of them 0"),
        ((4, 3), np.ones((4, 3)), LayerKind(), MaskError, "float64"),
        ((4, 3), np.ones((3, 4), bool), LayerKind(), MaskError, r"\(3, 4\)"),
        ((4, 3, 1, 1), np.ones((4, 3, 1, 1), bool), LayerKind(3), EncodingError, "3 groups"),
        ((4, 3), np.ones((4, 3), bool), LayerKind(0), EncodingError, "0 groups"),
    ],
)
@pytest.mark.parametrize("build", [rolled, rolled_channel])
def test_what_makes_no_graph_is_refused(build, shape, mask, kind, error, message):
    with pytest.raises(error, match=message) as caught:
        build(np.zeros(shape), mask, kind, "fc1")
    assert "fc1" in str(caught.value)


@pytest.mark.parametrize("build", [rolled, rolled_channel])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_only_kept_weights_must_be_finite(build, value):
    weight, mask = np.ones((2, 3, 2, 2)), np.ones((2, 3, 2, 2), bool)
    weight[1, 2, 0, 1] = value
    with pytest.raises(EncodingError, match=r"fc1.*not finite"):
        build(weight, mask, name="fc1")
    mask[1, 2, 0, 1] = False
    assert build(weight, mask).num_edges == (23 if build is rolled else 6)
