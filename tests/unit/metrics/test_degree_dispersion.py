"""Dispersion of degrees by hand, and against the definitions."""

import numpy as np
import pytest

from sparsetopo.metrics.measure import topometrics

NAMES = ("in_degree_variation", "out_degree_variation", "in_degree_gini", "out_degree_gini")


def gini(degrees):
    """Mean difference of two nodes drawn with replacement, over twice the mean."""
    differences = np.abs(np.subtract.outer(degrees, degrees))
    return differences.mean() / (2 * degrees.mean())


def test_by_hand(array_graph):
    """Layers of 2, 3 and 2 nodes, in-degrees 2 0 1 | 3 0, out-degrees 2 1 | 1 1 1, all edges of a layer at one node."""
    edges = [(0, 2), (0, 4), (1, 2), (2, 5), (3, 5), (4, 5)]
    values = topometrics(array_graph([2, 3, 2], edges, np.ones(6)), NAMES)
    assert values["in_degree_variation"] == pytest.approx((np.std([2, 0, 1]) + 1.0) / 2)
    assert values["in_degree_gini"] == pytest.approx((4 / 9 + 0.5) / 2)
    assert values["out_degree_variation"] == pytest.approx((0.5 / 1.5 + 0.0) / 2)
    assert values["out_degree_gini"] == pytest.approx((1 / 6 + 0.0) / 2)


def test_a_random_graph(array_graph):
    random = np.random.default_rng(0)
    sizes, later = [7, 5, 6], np.zeros((18, 18), dtype=bool)
    later[:7, 7:] = later[7:12, 12:] = True
    edges = np.argwhere(later & (random.random(later.shape) < 0.4))
    values = topometrics(array_graph(sizes, edges, np.ones(len(edges))), NAMES)
    for name, end in (("out", 0), ("in", 1)):
        degrees = np.split(np.bincount(edges[:, end], minlength=18), np.cumsum(sizes)[:-1])
        layers = [layer for layer in degrees if layer.any()]
        assert len(layers) == 2
        variation = np.mean([layer.std() / layer.mean() for layer in layers])
        assert values[f"{name}_degree_variation"] == pytest.approx(variation)
        assert values[f"{name}_degree_gini"] == pytest.approx(np.mean([gini(x) for x in layers]))


def test_without_edges(array_graph):
    values = topometrics(array_graph([2, 2], [], []), NAMES)
    assert values == dict.fromkeys(NAMES, 0.0)
