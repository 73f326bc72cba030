"""Small graphs, and comparison of their exported forms with the matrix."""

import tracemalloc

import numpy as np
import torch
from hypothesis import HealthCheck
from torch import nn

from sparsetopo.graphs.encode import encode

HYPOTHESIS = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


def convolution(outputs=4, size=8):
    torch.manual_seed(0)
    return encode(nn.Conv2d(3, outputs, 3, padding=1, bias=False), (3, size, size))


def without_edges():
    linear = nn.Linear(3, 2)
    return encode(linear, (3,), {"weight": np.zeros((2, 3), bool)})


def assert_edges(mge, sources, targets, weights):
    """Each edge of the matrix exactly once, with its weight up to the rounding of sums."""
    expected = mge.to_scipy()
    sources, targets = np.asarray(sources, np.int64), np.asarray(targets, np.int64)
    order = np.lexsort((targets, sources))
    pairs = np.stack([sources, targets])[:, order]
    np.testing.assert_array_equal(pairs, np.stack(expected.tocoo().coords))
    np.testing.assert_allclose(np.asarray(weights)[order], expected.data, rtol=1e-6)


def layer_of_node(mge):
    return np.repeat(np.arange(len(mge.layer_sizes)), mge.layer_sizes).tolist()


def joined(blocks):
    columns = [np.concatenate(column) for column in zip(*blocks, strict=True)]
    return columns or [np.zeros(0)] * 3


def traced_peak(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
