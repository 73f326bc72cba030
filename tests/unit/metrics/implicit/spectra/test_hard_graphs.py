"""Adjacency eigenvalues of graphs that are hard by construction, above the size that is solved dense.

Hubs, long paths, grids, complete and alike pieces, kept zeros: their eigenvalues are known in closed form, lie close
together, or occur many times over.
"""

import math

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues, bipartite

OF_GAP, OF_LARGEST = 1e-5, 1e-9  # what docs/graph.md promises


@pytest.fixture(autouse=True)
def nothing_is_decomposed(monkeypatch):
    """Graphs of two node layers, as most of these are, would be solved by one decomposition."""
    monkeypatch.setattr(bipartite, "_MOST_WORK", 0)


def graph(model, shape, weight=1.0):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(weight)
    return encode(model, shape)


def assert_outer(mge, expected):
    """Both gaps are those of all eigenvalues, given."""
    assert mge.num_nodes > adjacency_eigenvalues._DENSE_ORDER
    found = ImplicitPrimitives(mge).adjacency_eigenvalues
    magnitudes = np.sort(np.abs(expected))[::-1]
    values = np.sort(expected)[::-1]
    for got, want in (
        (found.magnitudes[0] - found.magnitudes[2], magnitudes[0] - magnitudes[2]),
        (found.largest[0] - found.largest[1], values[0] - values[1]),
    ):
        assert got == pytest.approx(want, rel=OF_GAP, abs=OF_LARGEST * magnitudes[0])
    assert found.largest[0] == pytest.approx(values[0], rel=1e-7)


def both_signs(singular):
    """Eigenvalues of a bipartite graph from the singular values between its sides, and zeros."""
    return np.concatenate([singular, -singular, np.zeros(3)])


def path_singular_values(length):
    """Those between the two sides of a path, whose eigenvalues are 2 cos(k pi / (nodes + 1)); length: its nodes."""
    steps = np.arange(1, length // 2 + 1)
    return 2 * np.cos(math.pi * steps / (length + 1))


@pytest.mark.parametrize("inputs", [600, pytest.param(1500, marks=pytest.mark.middle)])
def test_a_long_path(inputs):
    model = nn.Conv2d(1, 1, (1, 2), bias=False)
    mge = graph(model, (1, 1, inputs), 0.5)
    assert mge.num_nodes == 2 * inputs - 1
    assert_outer(mge, 0.5 * both_signs(path_singular_values(2 * inputs - 1)))


@pytest.mark.parametrize("side", [25, 60])
def test_a_grid(side):
    """A kernel of 2 x 2 joins what two paths do, one for each axis."""
    mge = graph(nn.Conv2d(1, 1, 2, bias=False), (1, side, side))
    singular = path_singular_values(2 * side - 1)
    assert_outer(mge, both_signs(np.multiply.outer(singular, singular).ravel()))


def test_a_hub():
    mge = graph(nn.Sequential(nn.Linear(900, 1, bias=False), nn.Linear(1, 700, bias=False)), (900,))
    assert_outer(mge, both_signs(np.array([math.sqrt(1600)])))


def test_hubs_of_nearly_the_same_degree():
    """Stars of 400, 399 and 398 leaves in one network."""
    model = nn.Linear(1200, 3, bias=False)
    masks = {"weight": np.zeros((3, 1200), dtype=bool)}
    for hub, leaves in enumerate((400, 399, 398)):
        masks["weight"][hub, 400 * hub : 400 * hub + leaves] = True
    with torch.no_grad():
        model.weight.fill_(2.0)
    mge = encode(model, (1200,), masks)
    assert_outer(mge, 2 * both_signs(np.sqrt([400.0, 399.0, 398.0])))


def test_a_complete_bipartite_graph():
    mge = graph(nn.Linear(800, 500, bias=False), (800,))
    assert_outer(mge, both_signs(np.array([math.sqrt(800 * 500)])))


def test_complete_pieces_that_are_alike():
    """Four groups that are the same: the largest eigenvalue occurs four times, above and below 0."""
    mge = graph(nn.Conv2d(40, 40, 1, groups=4, bias=False), (40, 4, 4))
    assert_outer(mge, both_signs(np.full(64, 10.0)))


@pytest.mark.parametrize("size", [24, 40])
def test_alike_channels_that_nothing_joins(size):
    """Eight depthwise channels of equal weights: every eigenvalue occurs eight times."""
    mge = graph(nn.Conv2d(8, 8, 2, groups=8, bias=False), (8, size, size))
    singular = path_singular_values(2 * size - 1)
    assert_outer(mge, both_signs(np.repeat(np.multiply.outer(singular, singular).ravel(), 8)))


def test_kept_zeros_join_nothing():
    """Two alike halves, joined by kept weights of 0 only."""
    model = nn.Conv2d(2, 2, 2, bias=False)
    with torch.no_grad():
        model.weight.fill_(0.0)
        model.weight[0, 0] = model.weight[1, 1] = 1.0
    mge = encode(model, (2, 24, 24), {"weight": np.ones((2, 2, 2, 2), dtype=bool)})
    singular = path_singular_values(47)
    assert_outer(mge, both_signs(np.repeat(np.multiply.outer(singular, singular).ravel(), 2)))


@pytest.mark.parametrize("joint", [1e-2, 1e-4])
def test_alike_channels_that_are_weakly_joined(joint):
    """Three alike channels with weak weights between them, as in a ConvNeXt: clusters of eigenvalues."""
    model = nn.Conv2d(3, 3, 2, bias=False)
    random = np.random.default_rng(0)
    between = np.eye(3) + joint * random.random((3, 3))
    with torch.no_grad():
        model.weight[:] = torch.tensor(between, dtype=torch.float32)[:, :, None, None]
    mge = encode(model, (3, 24, 24))
    between = np.linalg.svd(between.astype(np.float32).astype(float), compute_uv=False)
    path = path_singular_values(47)
    assert_outer(mge, both_signs(np.multiply.outer(between, np.multiply.outer(path, path)).ravel()))
