"""Core numbers of the implicit graph against networkx and igraph, which peel the explicit one."""

import json

import igraph
import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from tests.random_graphs import graphs, random_masks
from tests.unit.graphs.test_golden import CASES, GOLDEN, load_case
from torch import nn

from sparsetopo.architectures import build
from sparsetopo.graphs.bundles.build import bundles
from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.implicit.neighbours import neighbours
from sparsetopo.metrics.implicit.traversal import core_tables
from sparsetopo.metrics.implicit.traversal.cores import core_numbers

# The estimate would choose lists for all small networks.
WAYS = pytest.mark.parametrize("rows_pay", [True, False], ids=["rows", "lists"])


def peeled(mge):
    """(core numbers, matrix) of a graph; the degrees come from the matrix."""
    matrix = mge.to_scipy()
    degrees = np.diff(matrix.indptr) + np.bincount(matrix.indices, minlength=mge.num_nodes)
    layers = mge.plan.node_layers
    found = bundles(mge.plan, mge.weights, mge.masks)
    tables = neighbours(layers, found)
    return core_numbers(layers, found, tables, degrees.astype(np.int64)), matrix


def assert_as_igraph(mge):
    values, matrix = peeled(mge)
    edges = np.stack(matrix.tocoo().coords, axis=1)
    expected = igraph.Graph(n=mge.num_nodes, edges=edges).coreness()
    assert values.dtype == np.int64
    np.testing.assert_array_equal(values, expected)
    return values


@pytest.mark.middle
@WAYS
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(mge=graphs())
def test_random_networks(rows_pay, mge):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core_tables, "_rows_pay", lambda *_: rows_pay)
        values, matrix = peeled(mge)
    graph = nx.Graph()
    graph.add_nodes_from(range(mge.num_nodes))
    graph.add_edges_from(zip(*matrix.tocoo().coords, strict=True))
    expected = nx.core_number(graph)
    np.testing.assert_array_equal(values, [expected[node] for node in range(mge.num_nodes)])


@WAYS
@pytest.mark.parametrize("case", CASES)
def test_golden_cases(case, rows_pay, monkeypatch):
    monkeypatch.setattr(core_tables, "_rows_pay", lambda *_: rows_pay)
    model, masks, architecture = load_case(case)
    values = assert_as_igraph(encode(model, architecture["input"], masks))
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    assert values.mean() == pytest.approx(expected["k_core"], rel=1e-12)


@WAYS
def test_channels_by_the_hundred(rows_pay, monkeypatch):
    """More channels than one vector or chunk holds, and numbers of them that fill none exactly."""
    monkeypatch.setattr(core_tables, "_rows_pay", lambda *_: rows_pay)
    network = nn.Sequential(
        nn.Conv2d(3, 130, 3, padding=1),
        nn.Conv2d(130, 301, 3, stride=2),
        nn.Conv2d(301, 77, 1),
        nn.Flatten(),
        nn.Linear(77 * 9, 65),
    )
    assert_as_igraph(encode(network, (3, 7, 7), random_masks(network, 0.15)))


@pytest.mark.parametrize("groups", [1, 4, 48])
def test_grouped_convolutions(groups):
    layers = [nn.Conv2d(48, 48, 3, padding=1, groups=groups) for _ in range(3)]
    network = nn.Sequential(*layers)
    assert_as_igraph(encode(network, (48, 9, 8), random_masks(network, 0.7)))


@WAYS
@pytest.mark.parametrize("empty", [(0,), (1,), (2,), (0, 1, 2)])
def test_collapsed_layers(empty, rows_pay, monkeypatch):
    monkeypatch.setattr(core_tables, "_rows_pay", lambda *_: rows_pay)
    network = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)))
    masks = random_masks(network, 0.5)
    for layer in empty:
        masks[f"{layer}.weight"][:] = False
    values = assert_as_igraph(encode(network, (4, 6, 5), masks))
    assert values.any() == (len(empty) < 3)


def test_all_channels_of_all_pixels_at_once():
    """1x1 convolutions with all weights: one complete bipartite graph for each pixel."""
    network = nn.Sequential(nn.Conv2d(5, 7, 1), nn.Conv2d(7, 3, 1))
    values = assert_as_igraph(encode(network, (5, 4, 4), random_masks(network, 2.0)))
    # The nodes between have 8 neighbours; the others have 7, and once these are gone nothing holds.
    assert set(values) == {7}


class PartsOfLayers(nn.Module):
    """Bundles that join some channels of a layer only, first ones, middle ones and last ones."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 20, 3), nn.Conv2d(3, 28, 3)
        self.grouped = nn.Conv2d(48, 24, 3, groups=4)
        self.middle, self.last = nn.Conv2d(9, 70, 1), nn.Conv2d(5, 70, 3, padding=1)

    def forward(self, x):
        x = self.grouped(torch.cat([self.left(x), self.right(x)], 1))
        return self.middle(x[:, 10:19]), self.last(x[:, 19:])


@WAYS
@pytest.mark.parametrize("density", [0.3, 0.9])
def test_bundles_between_parts_of_layers(density, rows_pay, monkeypatch):
    monkeypatch.setattr(core_tables, "_rows_pay", lambda *_: rows_pay)
    network = PartsOfLayers()
    mge = encode(network, (3, 9, 9), random_masks(network, density))
    found = bundles(mge.plan, mge.weights, mge.masks)
    assert {(b.source_channels.start, b.target_channels.start) for b in found} == {
        (0, 0),
        (0, 6),
        (10, 0),
        (19, 0),
    }
    assert_as_igraph(mge)


@pytest.mark.parametrize("hubs", [1, 3])
@pytest.mark.parametrize("inputs", [2**15 - 1, 2**15, 2**15 + 1, 2**16, 70_000])
def test_degrees_at_the_limits_of_short_integers(inputs, hubs):
    network = nn.Linear(inputs, hubs)
    values = assert_as_igraph(encode(network, (inputs,), random_masks(network, 2.0)))
    assert set(values) == {hubs}


@WAYS
def test_hubs_of_many_channels(rows_pay, monkeypatch):
    """Long degrees: each of 33,000 inputs is joined to every eighth output and to a few others."""
    monkeypatch.setattr(core_tables, "_rows_pay", lambda *_: rows_pay)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 110 * 100, 40))
    masks = random_masks(network, 0.1)
    masks["1.weight"][::8] = True
    assert_as_igraph(encode(network, (3, 110, 100), masks))


def test_rows_only_where_they_pay():
    """Dense kernels on maps; not a tap a position, nor a group a channel, nor next to no weights."""
    network = nn.Sequential(
        nn.Conv2d(64, 64, 3, padding=1),
        nn.Conv2d(64, 64, 3, padding=1, groups=64),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.Flatten(),
        nn.Linear(64 * 256, 10),
    )
    masks = random_masks(network, 0.5)
    masks["2.weight"] &= torch.rand(64, 64, 3, 3) < 0.005
    mge = encode(network, (64, 16, 16), masks)
    found = bundles(mge.plan, mge.weights, mge.masks)
    assert [core_tables._rows_pay(b, b.pairs_per_tap) for b in found] == [True, False, False, False]


@pytest.mark.parametrize(
    ("name", "density"),
    [
        ("Resnet-20", 0.02),
        pytest.param("Resnet-20", 0.1, marks=pytest.mark.slow),
        pytest.param("Resnet-32", 0.2, marks=pytest.mark.slow),
    ],
)
def test_networks_of_the_paper(name, density):
    network = build(name, (3, 32, 32), 10)
    values = assert_as_igraph(encode(network, (3, 32, 32), random_masks(network, density)))
    assert len(np.unique(values)) > 5
