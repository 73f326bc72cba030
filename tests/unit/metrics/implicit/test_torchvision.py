"""Metrics of torchvision's networks: against the explicit graph where it can be had, and whole."""

import pytest
import torch
import torchvision
from tests.random_graphs import random_masks

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.registry import NETWORK_METRICS

NAMES = ["squeezenet1_1", "mobilenet_v2", "resnet18", "resnet50", "vgg11_bn", "densenet121"]
FAST = ("squeezenet1_1",)
GAPS = ("spectral_gap", "spectral_gap_signed")


def pruned(name, size, density):
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None)
    return encode(model, (3, size, size), random_masks(model, density))


@pytest.mark.middle
@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_against_the_explicit_graph(name):
    """At 64x64 with one weight in a hundred, motif4 too.

    In DenseNet-121 the layers that are concatenated are joined to bottlenecks only, so no four
    layers are pairwise joined.
    """
    mge = pruned(name, 64, 0.01)
    found, expected = topometrics(mge, threads=2), topometrics(mge, explicit=True)
    for metric, value in expected.items():
        if isinstance(value, int):
            assert found[metric] == value, metric
        else:
            assert found[metric] == pytest.approx(value, rel=1e-5, abs=1e-8), metric


@pytest.mark.middle
@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2", "resnet18"])
def test_whole_networks(name):
    """At 224x224 and 0.9, but for the gaps: 10^8 edges, and what must hold of any graph."""
    mge = pruned(name, 224, 0.1)
    found = topometrics(
        mge, [metric for metric in NETWORK_METRICS if metric not in GAPS], threads=2
    )
    nodes, edges = mge.num_nodes, mge.num_edges
    assert edges > 3e7
    assert found["n1"] == 1 + edges / nodes <= found["n2"]
    assert found["cut_edges"] <= nodes - found["components"]
    assert found["disconnected"] <= found["components"]
    assert 0 < found["k_core"] <= 2 * edges / nodes
    assert found["motif4"] > found["n2"] * nodes
