"""The graph of a few patterns of channels, against dense matrices; and corrections that find what is missing."""

import numpy as np
import pytest
import torch
from tests.random_graphs import random_masks
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.implicit.degrees import weighted_degrees
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues as adjacency_spectrum
from sparsetopo.metrics.implicit.spectra import outer_eigenvalues
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.channel_patterns import ChannelPatterns
from sparsetopo.metrics.implicit.spectra.coarse import Coarse
from sparsetopo.metrics.implicit.spectra.outer_eigenvalues import ENDS, OuterEigenvalues
from sparsetopo.metrics.implicit.spectra.product.terms import terms_of
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph
from sparsetopo.metrics.implicit.workers import Workers


def convolutions(channels=52, size=4, groups=1, seed=0):
    """Three convolutions and a projection to classes over pooled maps, half of the weights kept."""
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=groups),
        nn.ReLU(),
        nn.Conv2d(channels, 20, 3, padding=1, groups=groups),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(20, 7),
    )
    return encode(model, (3, size, size), random_masks(model, 0.5, seed=seed + 1))


def attention(seed=0):
    """A layer of a transformer, whose bundle has several terms, with sums over tokens and heads."""
    torch.manual_seed(seed)
    layer = nn.TransformerEncoderLayer(16, 4, 24, dropout=0.0, batch_first=True)
    return encode(layer, (7, 16))


def parts_of(mge):
    layers = mge.plan.node_layers
    return layers, terms_of(layers, mge.bundles)


def random_vectors(order, columns=9, dtype=np.float64):
    vectors, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((order, columns)))
    return vectors.astype(dtype)


@pytest.mark.parametrize("mge", [convolutions(), convolutions(groups=4), attention()])
@pytest.mark.parametrize("most", [1, 3, 50])
def test_the_small_graph_is_the_large_one_in_the_space_of_the_patterns(mge, most):
    layers, terms = parts_of(mge)
    vectors = random_vectors(mge.num_nodes)
    patterns = ChannelPatterns.of_vectors(
        layers, [vectors], most=most, negligible=1e-3, workers=Workers()
    )
    small = patterns.layers_of_patterns
    order = sum(layer.size for layer in small)
    assert all(layer.channels <= most for layer in small)
    lifted = patterns.lifted(np.eye(order))
    np.testing.assert_allclose(lifted.T @ lifted, np.eye(order), atol=1e-5)
    np.testing.assert_allclose(patterns.restricted(lifted), np.eye(order), atol=1e-5)
    matrix = mge.to_scipy().toarray().astype(np.float64)
    expected = lifted.T @ (matrix + matrix.T) @ lifted
    found = Adjacency.of_terms(small, patterns.terms(terms)).product(np.eye(order))
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max())


def test_patterns_hold_what_vectors_are_made_of_and_leave_out_what_is_negligible():
    """One layer's vectors are made of two patterns, another's of one that is too weak."""
    mge = convolutions()
    layers, _ = parts_of(mge)
    random = np.random.default_rng(0)
    made, _ = np.linalg.qr(random.standard_normal((52, 2)))
    blocks = [np.zeros((layer.size, 9)) for layer in layers]
    strong, weak = 1, 2
    blocks[strong] = (made @ random.standard_normal((2, 16 * 9))).reshape(-1, 9)
    blocks[weak] = 1e-4 * random.standard_normal((layers[weak].size, 9)) / 60
    vectors = np.concatenate(blocks)
    vectors /= np.linalg.norm(vectors, axis=0)
    patterns = ChannelPatterns.of_vectors(
        layers, [vectors[:, :4], vectors[:, 4:]], most=6, negligible=1e-3, workers=Workers()
    )
    assert [pattern.shape[1] for pattern in patterns.patterns] == [
        2 if number == strong else 0 for number in range(len(layers))
    ]
    found = patterns.patterns[strong]
    np.testing.assert_allclose(found @ found.T, made @ made.T, atol=1e-5)


def test_a_correction_is_the_best_there_is_in_the_space_of_the_patterns():
    mge = convolutions(channels=52, size=10)
    layers, terms = parts_of(mge)
    vectors = random_vectors(mge.num_nodes, dtype=np.float32)
    coarse = Coarse(layers, terms, 1.0, ENDS, Workers())
    memory = np.empty(mge.num_nodes * 28, dtype=np.float32)
    values, start = coarse.corrected(vectors, 0, memory)
    patterns = ChannelPatterns.of_vectors(
        layers, [vectors], most=6, negligible=1e-3, workers=Workers()
    )
    order = sum(layer.size for layer in patterns.layers_of_patterns)
    small = Adjacency.of_terms(patterns.layers_of_patterns, patterns.terms(terms))
    expected = np.linalg.eigvalsh(small.product(np.eye(order)))[::-1]
    np.testing.assert_allclose(ENDS.of(values), ENDS.of(expected), rtol=1e-4)
    # One product, here that of the small graph, tells the two ends of a sum apart.
    sums = patterns.restricted(start.astype(np.float64))
    np.testing.assert_allclose(patterns.lifted(sums), start, atol=1e-4)
    basis, _ = np.linalg.qr(np.hstack([sums, small.product(sums)]))
    quotients = np.linalg.eigvalsh(basis.T @ small.product(np.ascontiguousarray(basis)))[::-1]
    np.testing.assert_allclose(ENDS.of(quotients), ENDS.of(expected), rtol=1e-4)


def two_halves():
    """Two separate networks in one: a convolution in two groups, the second with larger weights."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(12, 24, 3, padding=1, groups=2, bias=False),
        nn.ReLU(),
        nn.Conv2d(24, 24, 3, padding=1, groups=2, bias=False),
    )
    with torch.no_grad():
        for layer in (model[0], model[2]):
            layer.weight[12:] *= 1.05
    return encode(model, (12, 6, 6))


@pytest.mark.parametrize("cheap", [True, False])
def test_random_vectors_show_what_the_start_lacks(monkeypatch, cheap):
    """The start lies in the half whose eigenvalues are smaller: without the random vectors they would be the answer."""
    monkeypatch.setattr(outer_eigenvalues, "_CHEAP", np.inf if cheap else 0)
    monkeypatch.setattr(outer_eigenvalues, "_FEW_NODES", 0)
    mge = two_halves()
    layers, terms = parts_of(mge)
    matrix = mge.to_scipy().toarray().astype(np.float64)
    expected = np.linalg.eigvalsh(matrix + matrix.T)[::-1]
    degrees = weighted_degrees(layers, mge.bundles)
    first_half = np.concatenate(
        [
            np.repeat(np.arange(layer.channels) < layer.channels // 2, layer.height * layer.width)
            for layer in layers
        ]
    )
    random = np.random.default_rng(0)
    start = random.random((mge.num_nodes, 4)) * (degrees * first_half)[:, None]
    iteration = OuterEigenvalues(
        Adjacency.of_terms(layers, terms),
        Coarse(layers, terms, 1.0, ENDS, Workers()),
        Workers(),
    )
    found = iteration.values(lambda: start.astype(np.float32))
    np.testing.assert_allclose(found[:3], expected[:3], rtol=1e-7)
    np.testing.assert_allclose(found[-2:], expected[-2:], rtol=1e-7)


def test_results_do_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(adjacency_spectrum, "_DENSE_ORDER", 400)
    monkeypatch.setattr(outer_eigenvalues, "_CHEAP", 0)
    monkeypatch.setattr(outer_eigenvalues, "_FEW_NODES", 0)
    mge = convolutions(channels=64, size=24)
    layers = mge.plan.node_layers
    degrees = weighted_degrees(layers, mge.bundles)
    found = []
    for threads in (1, 2):
        with Workers(threads) as workers:
            graph = WeightedGraph(layers, mge.bundles, degrees)
            found.append(adjacency_spectrum.adjacency_eigenvalues(graph, workers))
    assert found[0] == found[1]
