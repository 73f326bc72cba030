"""An iteration that starts from the eigenvectors of the same edges with other weights finds the same values, sooner."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.metrics.implicit.test_random_networks import graphs

import sparsetopo
from sparsetopo.graphs.mge import MGE
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues, laplacian_part
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.primitives import Eigenvectors

SMALL = 40
SPECTRA = ["spectral_gap", "spectral_gap_signed", "spectral_radius"]
OF_GAP, OF_LARGEST = 1e-5, 1e-9  # what docs/graph.md promises


def with_weights(mge, seed, similar):
    """The same edges with other weights: those before times factors near 1, or quite different ones."""
    random = np.random.default_rng(seed)
    weights = {
        name: weight * random.uniform(0.7, 1.4, weight.shape).astype(np.float32)
        if similar
        else random.standard_normal(weight.shape).astype(np.float32)
        for name, weight in mge.weights.items()
    }
    return MGE(mge.plan, weights, mge.masks)


def assert_same_spectra(mge, known):
    found = sparsetopo.topometrics(mge, SPECTRA, known=known)
    true = sparsetopo.topometrics(mge, SPECTRA, explicit=True)
    largest = float(np.abs(mge.to_scipy().data).max(initial=0)) * mge.num_nodes
    for name in SPECTRA:
        assert found[name] == pytest.approx(true[name], rel=OF_GAP, abs=OF_LARGEST * largest)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(graphs(), st.integers(0, 2**32 - 1), st.booleans())
def test_values_of_random_networks(monkeypatch, example, seed, similar):
    monkeypatch.setattr(adjacency_eigenvalues, "_DENSE_ORDER", SMALL)
    monkeypatch.setattr(laplacian_part, "_DENSE_ORDER", SMALL)
    known = Eigenvectors()
    first = example[0]
    sparsetopo.topometrics(first, SPECTRA, known=known)
    again = with_weights(first, seed, similar)
    assert_same_spectra(again, known)
    assert_same_spectra(first, known)


@pytest.fixture
def network():
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 8, 3, padding=1),
        torch.nn.Flatten(),
        torch.nn.Linear(8 * 12 * 12, 10),
    )
    masks = sparsetopo.prune(model, "uniform", 0.8, seed=2)
    return sparsetopo.encode(model, (3, 12, 12), masks)


def test_fewer_products_are_needed(network, monkeypatch):
    products = []
    original = Adjacency.product

    def counted(self, vectors, result=None):
        if self.order == network.num_nodes:
            products.append(vectors.shape[1])
        return original(self, vectors, result)

    monkeypatch.setattr(Adjacency, "product", counted)
    trained = with_weights(network, 3, similar=True)

    def needed(known):
        products.clear()
        sparsetopo.topometrics(trained, SPECTRA, known=known)
        return sum(products)

    known = Eigenvectors()
    sparsetopo.topometrics(network, SPECTRA, known=known)
    assert known.adjacency.shape == (network.num_nodes, 4)
    assert needed(known) < 0.8 * needed(None)


def test_eigenvectors_of_another_graph_are_not_used(network):
    known = Eigenvectors(np.ones((7, 4), dtype=np.float32))
    assert sparsetopo.topometrics(network, SPECTRA, known=known) == sparsetopo.topometrics(
        network, SPECTRA
    )
    assert len(known.adjacency) == network.num_nodes


def test_nothing_is_kept_unless_asked_for(network):
    assert sparsetopo.topometrics(network, SPECTRA) == sparsetopo.topometrics(
        network, SPECTRA, known=Eigenvectors()
    )
