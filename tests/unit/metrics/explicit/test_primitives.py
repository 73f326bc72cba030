"""The explicit primitives beyond small graphs: exact totals, degenerate spectra, refusals."""

import igraph
import networkx as nx
import numpy as np
import pytest
from scipy.sparse import block_array, csr_array, diags_array

from sparsetopo.errors import EncodingError
from sparsetopo.metrics.exact_sums import exact_sum
from sparsetopo.metrics.explicit.eigenvalues import largest_eigenvalue, outer_eigenvalues
from sparsetopo.metrics.explicit.products import sum_of_squares
from sparsetopo.metrics.measure import topometrics


def random_layers(array_graph, sizes, pairs, density, seed):
    """Graph with random edges between the given pairs of layers."""
    random = np.random.default_rng(seed)
    offsets = np.cumsum([0, *sizes])
    edges = [
        np.argwhere(random.random((sizes[a], sizes[b])) < density) + offsets[[a, b]]
        for a, b in pairs
    ]
    edges = np.concatenate(edges)
    return array_graph(sizes, edges, random.random(len(edges)))


def test_motifs_of_a_larger_graph(array_graph):
    """Compare with igraph, which enumerates the connected induced subgraphs one by one."""
    graph = random_layers(
        array_graph, [40, 30, 50, 20], [(0, 1), (1, 2), (0, 2), (0, 3), (1, 3), (2, 3)], 0.15, 5
    )
    rows, columns = graph.matrix.tocoo().coords
    reference = igraph.Graph(n=140, edges=list(zip(rows.tolist(), columns.tolist(), strict=True)))
    assert reference.clique_number() >= 4
    value = topometrics(graph, ["motif4"])["motif4"]
    assert value == reference.motifs_randesu_no(size=4)


def test_spectra_of_a_larger_graph(array_graph):
    """Components above and below the order that is solved dense, one of them twice."""
    parts = [
        random_layers(array_graph, sizes, [(0, 1), (1, 2), (0, 2)], density, seed)
        for sizes, density, seed in [
            ((300, 300, 200), 0.03, 1),
            ((200, 300, 300), 0.03, 2),
            ((20, 30, 10), 0.5, 3),
            ((20, 30, 10), 0.5, 3),
        ]
    ]
    # Layer by layer: the nodes of all parts within each layer are consecutive.
    members = [np.repeat(np.arange(3), part.layer_sizes) for part in parts]
    order = np.argsort(np.concatenate(members), kind="stable")
    joined = csr_array(block_array([[p.matrix if p is q else None for q in parts] for p in parts]))
    graph = array_graph([0], [], [])
    graph.layer_sizes = np.sum([part.layer_sizes for part in parts], axis=0).tolist()
    graph.matrix = csr_array(joined[order][:, order])
    values = topometrics(graph, ["spectral_gap", "spectral_gap_signed", "spectral_radius"])

    dense = graph.matrix.toarray().astype(np.float64)
    dense += dense.T
    eigenvalues = np.linalg.eigvalsh(dense)[::-1]
    magnitudes = np.sort(np.abs(eigenvalues))[::-1]
    laplacian = np.linalg.eigvalsh(np.diag(dense.sum(0)) - dense)
    near = {"rel": 1e-7, "abs": 1e-9 * eigenvalues[0]}
    assert values["spectral_gap"] == pytest.approx(magnitudes[0] - magnitudes[2], **near)
    assert values["spectral_gap_signed"] == pytest.approx(eigenvalues[0] - eigenvalues[1], **near)
    assert values["spectral_radius"] == pytest.approx(laplacian[-1], rel=1e-7)
    again = topometrics(graph, ["spectral_gap", "spectral_gap_signed", "spectral_radius"])
    assert again == values


DEGENERATE = {
    "star, eigenvalue 0 repeated": nx.star_graph(600),
    "torus, multiplicity 4": nx.grid_2d_graph(24, 24, periodic=True),
    "hypercube, multiplicity 10": nx.hypercube_graph(10),
    "complete tripartite, one positive": nx.complete_multipartite_graph(200, 200, 200),
    "odd cycle, clustered": nx.cycle_graph(601),
}


@pytest.mark.parametrize("graph", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_multiple_eigenvalues_of_one_component(graph):
    matrix = csr_array(nx.to_scipy_sparse_array(graph, dtype=np.float64))
    expected = np.linalg.eigvalsh(matrix.toarray())
    upper, lower = outer_eigenvalues(matrix)
    near = {"rel": 1e-9, "abs": 1e-9 * expected[-1]}
    np.testing.assert_allclose(upper, expected[::-1][:3], near["rel"], near["abs"])
    np.testing.assert_allclose(lower, expected[:2], near["rel"], near["abs"])
    laplacian = csr_array(diags_array(matrix.sum(axis=1)) - matrix)
    dense = np.linalg.eigvalsh(laplacian.toarray())
    assert largest_eigenvalue(laplacian) == pytest.approx(dense[-1], rel=1e-9)


def test_sums_beyond_64_bits_and_beyond_float64():
    large = np.full(300, 2**62 + 12345, dtype=np.int64)
    assert exact_sum(large) == 300 * (2**62 + 12345)
    counts = np.array([[2**24 - 1] * 50, [2**24 - 3] * 50], dtype=np.float32)
    expected = 50 * (2**24 - 1) ** 2 + 50 * (2**24 - 3) ** 2
    assert sum_of_squares(counts) == expected
    assert sum_of_squares(csr_array(counts.astype(np.int32))) == expected
    assert int((counts.astype(np.float64) ** 2).sum()) != expected or expected < 2**53


def test_parallel_entries_are_one_edge(array_graph):
    graph = array_graph([1, 1], [(0, 1)], [3.0])
    graph.matrix = csr_array(
        (np.array([1.0, 2.0], dtype=np.float32), np.array([1, 1]), np.array([0, 2, 2])),
        shape=(2, 2),
    )
    values = topometrics(graph)
    assert values["n1"] == 1.5
    assert values["strength"] == 3.0
    assert graph.matrix.nnz == 2


@pytest.mark.parametrize(
    ("sizes", "edges", "weights", "message"),
    [
        ([2, 1], [(0, 2)], [-1.0], "negative or not finite"),
        ([2, 1], [(0, 2)], [np.nan], "negative or not finite"),
        ([2, 1], [(0, 2)], [np.inf], "negative or not finite"),
        ([2, 1], [(0, 1)], [1.0], "node layers 0 and 0"),
        ([2, 2], [(0, 2), (3, 1)], [1.0, 1.0], "both directions"),
    ],
)
def test_graphs_that_are_refused(array_graph, sizes, edges, weights, message):
    with pytest.raises(EncodingError, match=message):
        topometrics(array_graph(sizes, edges, weights))


def test_layers_must_cover_the_matrix(array_graph):
    graph = array_graph([2, 1], [(0, 2)], [1.0])
    graph.layer_sizes = [2, 2]
    with pytest.raises(EncodingError, match=r"shape \(3, 3\).*4 nodes"):
        topometrics(graph)
