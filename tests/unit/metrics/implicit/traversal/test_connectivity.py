"""Forest, bridges and articulation points of the implicit graph against networkx and igraph."""

import itertools
import json

import igraph
import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.random_graphs import graphs, random_masks
from tests.unit.graphs.test_golden import CASES, GOLDEN, load_case
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.mge import MGE
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan
from sparsetopo.metrics.implicit.neighbours import neighbours
from sparsetopo.metrics.implicit.traversal.biconnected import biconnected
from sparsetopo.metrics.implicit.traversal.forest import breadth_first_forest

SETTINGS = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


def graph_of(sizes, edges):
    """Graph of layers of single nodes, given by its edges: a linear layer for every two layers."""
    layers = tuple(NodeLayer(str(n), size, 1, 1) for n, size in enumerate(sizes))
    ends = np.repeat(np.arange(len(sizes)), sizes)
    firsts = np.cumsum([0, *sizes])
    masks, blocks = {}, []
    for u, v in edges:
        source, target = sorted((ends[u], ends[v]))
        name = f"{source}-{target}"
        if name not in masks:
            masks[name] = np.zeros((sizes[target], sizes[source]), dtype=bool)
            shape, strides = (1, sizes[target], sizes[source], 1, 1), (0, sizes[source], 1, 1, 1)
            blocks.append(
                Block(name, int(source), int(target), shape, 0, strides, 0, None, 0, 0, 0)
            )
        masks[name][max(u, v) - firsts[target], min(u, v) - firsts[source]] = True
    shapes = {name: mask.shape for name, mask in masks.items()}
    axes = (Axis.of([0], [0], [0]),)
    plan = Plan((sizes[0],), False, layers, axes, (), tuple(blocks), shapes, (len(sizes) - 1,))
    return MGE(plan, {name: mask.astype(np.float32) for name, mask in masks.items()}, masks)


def singles(graph):
    """Any graph, each of its nodes a layer."""
    graph = nx.convert_node_labels_to_integers(graph)
    return graph_of([1] * len(graph), graph.edges)


def searched(mge):
    """(forest, blocks, matrix); the degrees come from the matrix."""
    matrix = mge.to_scipy()
    degrees = np.diff(matrix.indptr) + np.bincount(matrix.indices, minlength=mge.num_nodes)
    tables = neighbours(mge.plan.node_layers, mge.bundles)
    forest = breadth_first_forest(tables, degrees.astype(np.int64))
    return forest, biconnected(tables, degrees.astype(np.int64), forest), matrix


def assert_as_igraph(mge):
    """Everything against igraph; returns (components, bridges, articulation points)."""
    forest, found, matrix = searched(mge)
    edges = np.stack(matrix.tocoo().coords, axis=1)
    graph = igraph.Graph(n=mge.num_nodes, edges=edges)
    assert_forest(forest, graph, edges)

    children = np.flatnonzero(forest.parents >= 0)
    blocks = {}
    for node in children:
        blocks.setdefault(found.components[node], set()).update((node, forest.parents[node]))
    expected = [block for block in graph.biconnected_components() if len(block) > 1]
    assert sorted(sorted(block) for block in blocks.values()) == sorted(map(sorted, expected))
    for name, block in blocks.items():
        assert name in block
    for root in np.flatnonzero(forest.parents < 0):
        own = found.components[root]
        assert own == root if graph.degree(root) == 0 else root in blocks[own]

    numbers = forest.num_components, found.num_bridges, found.num_articulation_points
    assert all(type(number) is int for number in numbers)
    assert numbers == (
        len(graph.connected_components()),
        len(graph.bridges()),
        len(graph.articulation_points()),
    )
    return numbers


def assert_forest(forest, graph, edges):
    """One tree a component, by distances from its root, in the promised order."""
    membership = np.array(graph.connected_components().membership)
    roots = np.flatnonzero(forest.parents < 0)
    assert sorted(membership[roots]) == list(range(forest.num_components))
    if len(roots) < 50:
        distances = np.array(graph.distances(roots))
        np.testing.assert_array_equal(forest.levels, distances.min(axis=0))
    # Distances, if all edges join levels that differ by at most one, and all parents are one up.
    assert (forest.levels[roots] == 0).all()
    assert (np.abs(np.diff(forest.levels[edges], axis=1)) <= 1).all()
    children = np.flatnonzero(forest.parents >= 0)
    parents = forest.parents[children]
    assert (forest.levels[parents] == forest.levels[children] - 1).all()
    joined = {frozenset(edge) for edge in edges.tolist()}
    assert all(map(joined.__contains__, map(frozenset, zip(children, parents, strict=True))))

    np.testing.assert_array_equal(np.sort(forest.order), np.arange(len(forest.order)))
    in_order = membership[forest.order]
    assert np.count_nonzero(np.diff(in_order)) == forest.num_components - 1
    same = in_order[1:] == in_order[:-1]
    assert (np.diff(forest.levels[forest.order])[same] >= 0).all()
    assert forest.levels[forest.order[:1]] == 0


@st.composite
def layered_graphs(draw):
    """Sparse graph on a few layers of nodes, any two of which may be joined."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=6))
    layers = np.repeat(np.arange(len(sizes)), sizes)
    pairs = [
        (u, v) for u, v in itertools.combinations(range(sum(sizes)), 2) if layers[u] < layers[v]
    ]
    count = draw(st.integers(0, 2 * sum(sizes)))
    return graph_of(sizes, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=count)))


@pytest.mark.middle
@given(graphs())
@settings(max_examples=150, **SETTINGS)
def test_random_networks(mge):
    assert_as_igraph(mge)


@given(layered_graphs())
@settings(max_examples=300, **SETTINGS)
def test_layered_graphs(mge):
    numbers = assert_as_igraph(mge)
    graph = mge.to_networkx().to_undirected()
    assert numbers == (
        nx.number_connected_components(graph),
        len(list(nx.bridges(graph))),
        len(list(nx.articulation_points(graph))),
    )


@pytest.mark.parametrize("case", CASES)
def test_golden_cases(case):
    model, masks, architecture = load_case(case)
    numbers = assert_as_igraph(encode(model, architecture["input"], masks))
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    assert numbers == tuple(expected[key] for key in ("components", "cut_edges", "cut_nodes"))


def cycles_sharing_a_node(*lengths):
    graph = nx.Graph()
    for number, length in enumerate(lengths):
        nx.add_cycle(graph, ["hub", *((number, place) for place in range(1, length))])
    return graph


@pytest.mark.parametrize(
    ("graph", "components", "bridges", "articulation_points"),
    [
        (nx.empty_graph(1), 1, 0, 0),
        (nx.empty_graph(5), 5, 0, 0),
        (nx.path_graph(2), 1, 1, 0),
        (nx.path_graph(9), 1, 8, 7),
        (nx.star_graph(6), 1, 6, 1),
        (nx.balanced_tree(3, 3), 1, 39, 13),
        (nx.cycle_graph(3), 1, 0, 0),
        (nx.cycle_graph(12), 1, 0, 0),
        (nx.cycle_graph(13), 1, 0, 0),
        (nx.complete_graph(7), 1, 0, 0),
        (nx.petersen_graph(), 1, 0, 0),
        (nx.grid_2d_graph(5, 7), 1, 0, 0),
        (cycles_sharing_a_node(4, 5), 1, 0, 1),
        (cycles_sharing_a_node(3, 4, 5, 6, 7), 1, 0, 1),
        (nx.barbell_graph(4, 0), 1, 1, 2),
        (nx.barbell_graph(5, 3), 1, 4, 5),
        (nx.lollipop_graph(6, 4), 1, 4, 4),
        (nx.disjoint_union_all([nx.cycle_graph(4)] * 9), 9, 0, 0),
        (nx.disjoint_union_all([nx.path_graph(3), nx.cycle_graph(5), nx.empty_graph(2)]), 4, 2, 1),
    ],
)
def test_known_graphs(graph, components, bridges, articulation_points):
    assert assert_as_igraph(singles(graph)) == (components, bridges, articulation_points)


def test_deep_cycle():
    """Paths of pointers and of tree edges as long as the graph allows."""
    assert assert_as_igraph(singles(nx.cycle_graph(1000))) == (1, 0, 0)
    assert assert_as_igraph(singles(nx.path_graph(1000))) == (1, 999, 998)


@pytest.mark.parametrize("density", [0.02, 0.06, 0.4])
@pytest.mark.parametrize("head", [True, False])
def test_large_frontiers(density, head):
    """Levels of thousands of nodes, which are found by pulling: from an output, or as a ring."""
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.MaxPool2d(3, 2, 1),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.Conv2d(12, 12, 1),
    )
    if head:
        network.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 5)])
    assert_as_igraph(encode(network, (3, 22, 20), random_masks(network, density)))


@pytest.mark.parametrize("groups", [4, 24])
def test_grouped_convolutions(groups):
    """Components that are each as large as any other."""
    layers = [nn.Conv2d(24, 24, 3, padding=1, groups=groups, bias=False) for _ in range(3)]
    network = nn.Sequential(*layers)
    components, _, _ = assert_as_igraph(encode(network, (24, 9, 8), random_masks(network, 0.8)))
    assert components >= groups


def test_thousands_of_small_components():
    """Pixels that are not joined: of each, one path and one cycle."""
    network = nn.Sequential(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))
    path = torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=bool)
    masks = {"0.weight": path[..., None, None], "1.weight": path[..., None, None].clone()}
    masks["1.weight"][2:] = False
    pixels = 30 * 31
    mge = encode(network, (4, 30, 31), masks)
    isolated = 1 + 1 + 3
    assert assert_as_igraph(mge) == ((2 + isolated) * pixels, 2 * pixels, pixels)


@pytest.mark.parametrize("empty", [(0,), (1,), (2,), (0, 1, 2)])
def test_collapsed_layers(empty):
    """Without a layer the graph falls into halves, each with a giant block."""
    network = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding=1) for _ in range(3)))
    masks = random_masks(network, 0.5)
    for layer in empty:
        masks[f"{layer}.weight"][:] = False
    assert_as_igraph(encode(network, (4, 8, 9), masks))


def test_more_edges_than_32_bits_count():
    network = nn.Sequential(nn.Conv2d(512, 512, 3, padding=1, bias=False))
    mge = encode(network, (512, 34, 34), random_masks(network, 2.0))
    assert mge.num_edges > 2**31
    tables = neighbours(mge.plan.node_layers, mge.bundles)
    along = np.minimum(np.arange(36) + 1, 3)
    along = np.minimum(along, along[::-1])  # windows that read a row of the frame
    planes = np.outer(along, along), np.full((34, 34), 9)
    degrees = 512 * np.concatenate([np.tile(plane.ravel(), 512) for plane in planes])
    assert degrees.sum() == 2 * mge.num_edges
    forest = breadth_first_forest(tables, degrees)
    found = biconnected(tables, degrees, forest)
    assert (forest.num_components, found.num_bridges, found.num_articulation_points) == (1, 0, 0)
