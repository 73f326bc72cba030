"""Spectra of implicit graphs against dense eigenvalues."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from tests.random_graphs import random_masks
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.implicit.degrees import weighted_degrees
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues as adjacency_spectrum
from sparsetopo.metrics.implicit.spectra import davidson, laplacian_part
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.adjacency_eigenvalues import adjacency_eigenvalues
from sparsetopo.metrics.implicit.spectra.laplacian import laplacian_largest_eigenvalue
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph


@pytest.fixture(autouse=True)
def small_graphs_are_iterated(monkeypatch):
    """Their size is that of graphs whose dense matrices are solved fast."""
    monkeypatch.setattr(adjacency_spectrum, "_DENSE_ORDER", 400)


def weighted_graph(mge):
    layers, bundles = mge.plan.node_layers, mge.bundles
    return WeightedGraph(layers, bundles, weighted_degrees(layers, bundles))


def symmetric(mge):
    matrix = mge.to_scipy().astype(np.float64)
    return csr_array(matrix + matrix.T)


def expected_eigenvalues(mge):
    """((first, second, third magnitude), (largest, next), largest of the Laplacian)."""
    matrix = symmetric(mge).toarray()
    values = np.append(np.linalg.eigvalsh(matrix)[::-1], [0.0, 0.0])
    laplace = np.linalg.eigvalsh(np.diag(matrix.sum(0)) - matrix)
    magnitudes = np.sort(np.abs(values))[::-1][:3]
    return magnitudes, np.sort(values[:-2])[::-1][:2], laplace[-1]


def assert_spectra(mge, expected=None):
    magnitudes, largest, radius = expected or expected_eigenvalues(mge)
    found = adjacency_eigenvalues(weighted_graph(mge))
    scale = magnitudes[0]
    for got, want in (
        (found.magnitudes[0] - found.magnitudes[2], magnitudes[0] - magnitudes[2]),
        (found.largest[0] - found.largest[1], largest[0] - largest[1]),
    ):
        assert got == pytest.approx(want, rel=1e-5, abs=max(1e-9 * scale, 1e-300))
    assert found.largest[0] == pytest.approx(largest[0], rel=1e-7)
    got = laplacian_largest_eigenvalue(weighted_graph(mge))
    assert got == pytest.approx(radius, rel=1e-5)
    assert got >= weighted_graph(mge).degrees.max() * (1 - 1e-12)


def residual_network(seed=0):
    """Strides, pooling, a projection shortcut, groups; 700 nodes, so larger than the dense limit."""
    torch.manual_seed(seed)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(2, 4, 3, padding=1, bias=False)
            self.main = nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=False)
            self.second = nn.Conv2d(6, 6, (3, 1), padding=(1, 0), bias=False)
            self.shortcut = nn.Conv2d(4, 6, 1, 2, bias=False)
            self.last = nn.Linear(6 * 2 * 2, 5, bias=False)

        def forward(self, x):
            x = self.first(x).relu()
            x = self.second(self.main(x).relu()) + self.shortcut(x)
            return self.last(nn.functional.max_pool2d(x, 3, 2).flatten(1))

    return Network()


def pruned(network, shape, density, seed=0):
    return encode(network, shape, random_masks(network, density, seed))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [1, 3, 4])
@pytest.mark.parametrize("density", [1.0, 0.3, 0.05])
def test_product_with_vectors(dtype, block, density):
    mge = pruned(residual_network(), (2, 10, 11), density)
    vectors = np.random.default_rng(0).standard_normal((mge.num_nodes, block)).astype(dtype)
    product = Adjacency(mge.plan.node_layers, mge.bundles).product(vectors)
    assert product.dtype == dtype
    expected = symmetric(mge) @ vectors.astype(np.float64)
    np.testing.assert_allclose(product, expected, atol=1e-5 if dtype == np.float32 else 1e-6)


def test_bands_of_rows_give_the_same_product():
    """Maps too large for one band are cut; kernels and overlapping windows cross the cuts."""
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1, bias=False),
        nn.MaxPool2d(3, 2, 1),
        nn.Conv2d(3, 4, 3, 2, 1, bias=False),
    )
    mge = pruned(network, (2, 64, 7), 0.5)
    vectors = np.random.default_rng(0).standard_normal((mge.num_nodes, 2000))
    product = Adjacency(mge.plan.node_layers, mge.bundles).product(vectors)
    np.testing.assert_allclose(product, symmetric(mge) @ vectors, atol=1e-5)


@pytest.mark.parametrize("density", [1.0, 0.5, 0.2, 0.05])
@pytest.mark.parametrize("seed", range(3))
def test_spectra_of_a_residual_network(density, seed):
    mge = pruned(residual_network(seed), (2, 12, 12), density, seed)
    assert mge.num_nodes > adjacency_spectrum._DENSE_ORDER
    assert_spectra(mge)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_many_identical_components(depth):
    """Depthwise 1x1 convolutions: every eigenvalue as often as there are pixels; both gaps are 0."""
    layers = [nn.Conv2d(2, 2, 1, groups=2, bias=False) for _ in range(depth)]
    for layer in layers:
        nn.init.constant_(layer.weight, 0.75)
    mge = encode(nn.Sequential(*layers), (2, 15, 15))
    found = adjacency_eigenvalues(weighted_graph(mge))
    path = np.diag(np.full(depth, 0.75), 1)
    top = np.linalg.eigvalsh(path + path.T)[-1]
    assert found.largest == pytest.approx((top, top), rel=1e-9)
    assert found.magnitudes == pytest.approx((top, top, top), rel=1e-9)
    laplace = np.diag((path + path.T).sum(0)) - path - path.T
    expected = np.linalg.eigvalsh(laplace)[-1]
    assert laplacian_largest_eigenvalue(weighted_graph(mge)) == pytest.approx(expected, rel=1e-6)


def test_translation_invariant_network_has_bands():
    """Equal weights: the outer eigenvalues differ by the boundary only, and lie close together."""
    convolutions = [nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(3)]
    for layer in convolutions:
        nn.init.ones_(layer.weight)
    assert_spectra(encode(nn.Sequential(*convolutions), (1, 16, 16)))


@pytest.mark.parametrize("factor", [1e-30, 1e30, 1e38])
def test_extreme_weights(factor):
    network = residual_network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter *= factor
    assert_spectra(encode(network, (2, 12, 12)))


def test_weights_of_different_orders_of_magnitude():
    """The spectra are decided in one corner of the graph; the rest must not drown it or be lost."""
    network = residual_network()
    with torch.no_grad():
        network.first.weight *= 1e4
        network.last.weight *= 1e-4
    assert_spectra(encode(network, (2, 12, 12)))


def test_edges_whose_weights_are_all_zero():
    network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False))
    nn.init.zeros_(network[0].weight)
    mge = encode(network, (1, 25, 25), {"0.weight": torch.ones(1, 1, 1, 1, dtype=torch.bool)})
    assert mge.num_edges == 625
    assert adjacency_eigenvalues(weighted_graph(mge)).magnitudes == (0.0, 0.0, 0.0)
    assert laplacian_largest_eigenvalue(weighted_graph(mge)) == 0.0


def test_the_laplacian_is_found_where_the_largest_degree_is_not():
    """A star of degree 7.5 has the value 8.5 or so; a large regular block of degree 6 has 12."""
    network = nn.Sequential(
        nn.Linear(600, 6, bias=False), nn.Linear(6, 6, bias=False), nn.Linear(6, 1, bias=False)
    )
    with torch.no_grad():
        network[0].weight.zero_()
        network[0].weight[0, :75] = 0.1
        network[1].weight.fill_(1.0)
        network[1].weight[0].zero_()
        network[2].weight.zero_()
    assert_spectra(encode(network, (600,)))


class StarsBesideABlock(nn.Module):
    """`stars` of n leaves between layers 0 and 1, and a complete block K(m, m) from 0 to 2."""

    def __init__(self, n, m, stars):
        super().__init__()
        self.inputs = stars * n + m
        self.first = nn.Linear(self.inputs, stars, bias=False)
        self.second = nn.Linear(stars, m, bias=False)
        self.skip = nn.Linear(self.inputs, m, bias=False)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            for star in range(stars):
                self.first.weight[star, star * n : (star + 1) * n] = 1
            self.skip.weight[:, stars * n :] = 1

    def forward(self, x):
        return self.second(self.first(x).relu()) + self.skip(x)


@pytest.mark.parametrize(
    ("n", "m", "stars"),
    [
        (200, 110, 2),
        (200, 120, 8),
        (500, 300, 20),
        (100, 55, 40),
        (300, 152, 12),
        (40, 21, 100),
        (200, 60, 5),
    ],
)
def test_hubs_do_not_hide_a_block_of_smaller_degrees(n, m, stars):
    """A star has the values sqrt(n) and n + 1, the block m and 2m."""
    network = StarsBesideABlock(n, m, stars)
    mge = encode(network, (network.inputs,))
    magnitudes = sorted([n**0.5] * (2 * stars) + [m] * 2, reverse=True)[:3]
    largest = sorted([n**0.5] * stars + [m], reverse=True)[:2]
    assert_spectra(mge, (magnitudes, largest, max(n + 1, 2 * m)))


def test_laplacian_layers_are_added_until_the_residual_is_small(monkeypatch):
    monkeypatch.setattr(laplacian_part, "_DENSE_ORDER", 10)
    assert davidson._KEPT + davidson._BLOCK <= laplacian_part._SMALLEST_CAPACITY
    mge = pruned(residual_network(), (2, 12, 12), 0.6)
    expected = expected_eigenvalues(mge)[2]
    assert laplacian_largest_eigenvalue(weighted_graph(mge)) == pytest.approx(expected, rel=1e-6)
