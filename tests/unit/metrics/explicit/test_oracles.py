"""All metrics of random multipartite graphs against networkx, full enumeration and dense numpy."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.metrics.explicit import eigenvalues as _eigenvalues
from sparsetopo.metrics.explicit import products as _products
from sparsetopo.metrics.measure import topometrics

WEIGHTS = st.one_of(
    st.sampled_from([0.0, 0.25, 1.0]), st.floats(2**-10, 4.0, allow_nan=False, width=32)
)


@st.composite
def layered_edges(draw):
    """(layer sizes, edges, weights); layers may be skipped, so triangles and 4-cliques occur.

    Some graphs are several copies of one, which makes every eigenvalue multiple.
    """
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    copies = draw(st.sampled_from([1, 1, 2, 3])) if sum(sizes) <= 6 else 1
    pairs = list(itertools.combinations(range(len(sizes)), 2))
    edges, weights = [], []
    equal = draw(st.booleans())
    for first, last in draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []:
        inside = list(itertools.product(range(sizes[first]), range(sizes[last])))
        every = draw(st.booleans())
        kept = inside if every else draw(st.lists(st.sampled_from(inside), unique=True))
        for u, v in kept:
            weight = 1.0 if equal else draw(WEIGHTS)
            for copy in range(copies):
                offset = [copies * sum(sizes[:layer]) for layer in (first, last)]
                edges.append(
                    (offset[0] + copy * sizes[first] + u, offset[1] + copy * sizes[last] + v)
                )
                weights.append(weight)
    return [copies * size for size in sizes], edges, weights


def induced_connected_fours(graph):
    """Count the connected induced 4-node subgraphs by looking at every 4-set."""
    near = {v: set(graph[v]) for v in graph}
    count = 0
    for nodes in itertools.combinations(graph, 4):
        reached, frontier = {nodes[0]}, {nodes[0]}
        while frontier:
            frontier = {w for v in frontier for w in near[v] & set(nodes)} - reached
            reached |= frontier
        count += len(reached) == 4
    return count


def reference(sizes, edges, weights):
    """Compute the metrics by their definitions."""
    nodes, total = sum(sizes), len(edges)
    directed = nx.DiGraph()
    directed.add_nodes_from(range(nodes))
    directed.add_edges_from(edges)
    graph = directed.to_undirected()
    first, last = set(range(sizes[0])), set(range(nodes - sizes[-1], nodes))
    indegree, outdegree = dict(directed.in_degree), dict(directed.out_degree)
    sinks = [v for v in graph if indegree[v] and not outdegree[v] and v not in last]
    sources = [v for v in graph if outdegree[v] and not indegree[v] and v not in first]
    two_hops = sum(
        len(nx.single_source_shortest_path_length(directed, v, cutoff=2)) for v in directed
    )
    adjacency = np.zeros((nodes, nodes))
    for (u, v), weight in zip(edges, weights, strict=True):
        adjacency[u, v] = adjacency[v, u] = np.float32(weight)
    eigenvalues = np.linalg.eigvalsh(adjacency)[::-1]
    magnitudes = np.append(np.sort(np.abs(eigenvalues))[::-1], [0, 0])
    pieces = nx.number_connected_components(graph)
    return {
        "sink": len(sinks),
        "source": len(sources),
        "disconnected": sum(1 for v in graph if graph.degree[v] == 0),
        "r_out": sum(outdegree[v] for v in sources) / total if total else 0.0,
        "r_in": sum(indegree[v] for v in sinks) / total if total else 0.0,
        "n1": sum(1 + outdegree[v] for v in graph) / nodes,
        "n2": two_hops / nodes,
        "motif4": induced_connected_fours(graph),
        "k_core": sum(nx.core_number(graph).values()) / nodes,
        "strength": adjacency.sum() / nodes,
        "components": pieces,
        "component_size": nodes / pieces,
        "cut_edges": len(list(nx.bridges(graph))),
        "cut_nodes": len(list(nx.articulation_points(graph))),
        "spectral_gap": magnitudes[0] - magnitudes[2],
        "spectral_gap_signed": eigenvalues[0] - eigenvalues[1] if nodes > 1 else 0.0,
        "spectral_radius": max(0.0, np.linalg.eigvalsh(np.diag(adjacency.sum(0)) - adjacency)[-1]),
    }


def assert_equal(values, expected):
    scale = expected["spectral_radius"]
    assert set(values) == set(expected)
    for name, value in values.items():
        if isinstance(expected[name], int):
            assert type(value) is int, name
            assert value == expected[name], name
        else:
            assert type(value) is float, name
            assert value == pytest.approx(expected[name], rel=1e-9, abs=1e-9 * scale), name


@pytest.mark.middle
@settings(max_examples=150, deadline=None)
@given(layered_edges())
def test_random_graphs(array_graph, graph):
    assert_equal(topometrics(array_graph(*graph)), reference(*graph))


@pytest.mark.parametrize("seconds_per_walk", [0.0, 1.0], ids=["sparse", "dense"])
@settings(max_examples=80, deadline=None)
@given(graph=layered_edges())
def test_random_graphs_on_the_paths_of_large_ones(array_graph, seconds_per_walk, graph):
    """ARPACK instead of dense eigenvalues, products in blocks of few rows, sparse or dense."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_eigenvalues, "_DENSE_ORDER", 6)
        patch.setattr(_products, "_BLOCK_ENTRIES", 5)
        patch.setattr(_products, "_SECONDS_PER_WALK", seconds_per_walk)
        values = topometrics(array_graph(*graph))
    assert_equal(values, reference(*graph))


def complete(sizes):
    """Every two layers fully joined."""
    layers = np.repeat(np.arange(len(sizes)), sizes)
    edges = [
        (u, v) for u, v in itertools.combinations(range(sum(sizes)), 2) if layers[u] < layers[v]
    ]
    return sizes, edges, [1.0] * len(edges)


CORNERS = {
    "one node": ([1], [], []),
    "no edges": ([2, 3], [], []),
    "one edge, two nodes": ([1, 1], [(0, 1)], [0.5]),
    "one edge, isolated nodes": ([2, 2], [(0, 3)], [0.5]),
    "all weights zero": ([2, 2], [(0, 2), (0, 3), (1, 3)], [0.0, 0.0, 0.0]),
    "twins joined by a zero": ([2, 2, 1], [(0, 2), (1, 3), (1, 2)], [1.0, 1.0, 0.0]),
    "triangle": complete([1, 1, 1]),
    "4-clique": complete([1, 1, 1, 1]),
    "complete, four layers": complete([3, 2, 3, 2]),
    "complete, six layers": complete([2, 1, 2, 1, 3, 2]),
    "collapsed layer": ([2, 2, 2, 2], [(0, 2), (1, 2), (1, 3), (4, 6), (5, 7)], [1, 2, 3, 4, 5]),
    "tiny weights": ([2, 2, 1], [(0, 2), (1, 3), (2, 4)], [1e-30, 2e-30, 3e-30]),
    "empty layer": ([2, 0, 2], [(0, 2), (1, 3)], [1.0, 2.0]),
}


@pytest.mark.parametrize("graph", CORNERS.values(), ids=CORNERS.keys())
def test_corner_cases(array_graph, graph):
    assert_equal(topometrics(array_graph(*graph)), reference(*graph))
