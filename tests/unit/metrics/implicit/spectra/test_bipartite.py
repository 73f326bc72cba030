"""Eigenvalues of graphs of two node layers, from singular values, against dense eigenvalues."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.layers.bge import rolled
from sparsetopo.metrics.implicit.degrees import weighted_degrees
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues as adjacency_spectrum
from sparsetopo.metrics.implicit.spectra import bipartite, outer_eigenvalues
from sparsetopo.metrics.implicit.spectra.adjacency_eigenvalues import adjacency_eigenvalues
from sparsetopo.metrics.implicit.spectra.bipartite import (
    bipartite_eigenvalues,
    is_thin,
)
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph


def layer_graph(inputs, outputs, density, seed, equal_weights=False):
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.rand((outputs, inputs), generator=generator) < density).numpy()
    weight = torch.randn((outputs, inputs), generator=generator).numpy()
    return rolled(np.ones_like(weight) if equal_weights else weight, mask)


def spectrum_of(mge):
    layers, bundles = mge.plan.node_layers, mge.bundles
    return adjacency_eigenvalues(WeightedGraph(layers, bundles, weighted_degrees(layers, bundles)))


def dense_eigenvalues(mge):
    matrix = mge.to_scipy().toarray().astype(np.float64)
    return np.linalg.eigvalsh(matrix + matrix.T)[::-1]


@settings(deadline=None)
@given(
    inputs=st.integers(1, 30),
    outputs=st.integers(1, 30),
    density=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    seed=st.integers(0, 99),
    equal_weights=st.booleans(),
)
def test_all_eigenvalues_are_those_of_the_whole_matrix(
    inputs, outputs, density, seed, equal_weights
):
    mge = layer_graph(inputs, outputs, density, seed, equal_weights)
    matrix = mge.to_scipy().toarray().astype(np.float64)
    matrix += matrix.T
    found = bipartite_eigenvalues(lambda vectors, _: matrix @ vectors, (inputs, outputs))
    expected = dense_eigenvalues(mge)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * max(1, expected[0]))
    spectrum = spectrum_of(mge)
    largest = np.sort(np.append(np.abs(expected), 0.0))[::-1][:3]
    np.testing.assert_allclose(spectrum.magnitudes, largest, rtol=1e-12, atol=1e-12 * largest[0])
    np.testing.assert_allclose(
        spectrum.largest, expected[:2], rtol=1e-12, atol=1e-12 * max(1, expected[0])
    )


@pytest.mark.parametrize(("inputs", "outputs"), [(576, 64), (64, 700)])
def test_thin_graphs_are_decomposed_and_iterations_agree(monkeypatch, inputs, outputs):
    mge = layer_graph(inputs, outputs, 0.1, seed=3)
    exact = spectrum_of(mge)
    expected = dense_eigenvalues(mge)
    assert exact.largest == pytest.approx(expected[:2], rel=1e-12)
    monkeypatch.setattr(bipartite, "_MOST_WORK", 0)
    monkeypatch.setattr(adjacency_spectrum, "_DENSE_ORDER", 400)
    called = []
    iterate = outer_eigenvalues.outer_pairs
    monkeypatch.setattr(
        outer_eigenvalues, "outer_pairs", lambda *a, **k: called.append(1) or iterate(*a, **k)
    )
    iterated = spectrum_of(mge)
    assert called
    gap = exact.magnitudes[0] - exact.magnitudes[2]
    assert iterated.magnitudes[0] - iterated.magnitudes[2] == pytest.approx(gap, rel=1e-5)
    assert iterated.largest[0] == pytest.approx(exact.largest[0], rel=1e-7)


def test_two_wide_layers_or_three_layers_are_not_thin():
    assert is_thin((128, 1152))
    assert is_thin((1152, 128))
    assert is_thin((1, 2**26))
    assert not is_thin((4096, 256, 10))
    assert not is_thin((512, 4608))
    assert not is_thin((100,))
