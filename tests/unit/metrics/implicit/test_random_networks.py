"""All metrics of random networks: implicit against explicit, every feature of the encoding counted.

Integer metrics must be identical; the spectra agree to 1e-5, of the gap or 1e-9 of the largest
eigenvalue.
"""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.metric_comparison import assert_same_building_blocks, assert_same_metrics
from tests.random_networks import StepNetwork, draw_network
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.export.unroll import num_unmerged_edges
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
from sparsetopo.metrics.implicit.spectra import adjacency_eigenvalues, laplacian_part

EXAMPLES = 400
# Graphs of more nodes get their spectra by the iterations; the default bound is higher.
SMALL = 40
FEATURES = (
    "stride",
    "padding",
    "dilation",
    "non-square kernel",
    "non-square input",
    "groups",
    "depthwise",
    "transposed",
    "max pooling",
    "average pooling",
    "global pooling",
    "overlapping pooling",
    "adaptive pooling",
    "concatenation",
    "projection shortcuts in a row",
    "identity shortcuts",
    "flatten without pooling",
    "linear only",
    "a collapsed layer",
    "all layers collapsed",
    "isolated nodes",
    "identical components, equal gap",
    "parallel edges merged",
    "triangles",
    "kept weights of 0",
    "iterative spectra",
)


def residual_chain(choose):
    """Two or three residual blocks with projections, straight after one another."""
    layers, steps, channels = {}, [], choose([1, 2])
    shape = (channels, choose([6, 8]), choose([5, 7]))

    def add(module):
        layers[f"layer{len(layers)}"] = module
        return ("layer", f"layer{len(layers) - 1}")

    for _ in range(choose([2, 3])):
        width, stride = choose([2, 3]), choose([1, 2])
        main = [
            add(nn.Conv2d(channels, width, 3, stride, 1, bias=False)),
            ("relu",),
            add(nn.Conv2d(width, width, 3, 1, 1, bias=False)),
        ]
        projections = [[add(nn.Conv2d(channels, width, 1, stride, bias=False))]]
        steps += [("residual", main, projections, False), ("relu",)]
        channels = width
    steps += [("pool", "global"), ("flatten",), add(nn.Linear(channels, 3, bias=False))]
    return StepNetwork(shape, steps, layers)


def identical_pixels(choose):
    """Depthwise 1x1 convolutions with equal weights: a component for every pixel."""
    channels = choose([1, 2, 3])
    count = choose([1, 2, 3])
    layers = {
        f"layer{n}": nn.Conv2d(channels, channels, 1, groups=channels, bias=False)
        for n in range(count)
    }
    steps = [("layer", name) for name in layers]
    return StepNetwork((channels, choose([3, 5]), choose([4, 6])), steps, layers)


def grouped_convolutions(choose):
    """Two convolutions in two or three groups of several channels, and a reduction."""
    groups = choose([2, 3])
    inputs, middle, outputs = (groups * choose([2, 3]) for _ in range(3))
    settings = {"groups": groups, "bias": False}
    layers = {
        "layer0": nn.Conv2d(inputs, middle, choose([1, 3]), choose([1, 2]), 1, **settings),
        "layer1": nn.Conv2d(middle, outputs, choose([2, (1, 3)]), padding=1, **settings),
        "layer2": nn.Conv2d(outputs, 2, 1, bias=False),
    }
    steps = [
        ("layer", "layer0"),
        ("pool", choose(["max", "avg_overlapping"])),
        ("layer", "layer1"),
        ("layer", "layer2"),
    ]
    return StepNetwork((inputs, 6, 7), steps, layers)


def linear_only(choose):
    widths = [choose([2, 5, 9]) for _ in range(choose([2, 3, 4]))]
    layers = {
        f"layer{n}": nn.Linear(a, b, bias=False)
        for n, (a, b) in enumerate(itertools.pairwise(widths))
    }
    return StepNetwork((widths[0],), [("layer", name) for name in layers], layers)


FAMILIES = [residual_chain, identical_pixels, grouped_convolutions, linear_only]


@st.composite
def graphs(draw):
    """(MGE, network)."""

    def choose(options):
        return draw(st.sampled_from(options))

    family = choose([draw_network] * 8 + FAMILIES)
    network = family(choose)
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    scale = choose([[0.0], [0.1, 0.4, 0.8, 1.0], [0.0, 0.1, 0.4, 0.4, 0.8, 1.0]][:: choose([1, 2])])
    masks = {}
    for name, weight in network.named_parameters():
        density = choose(scale)
        masks[name] = torch.rand(weight.shape, generator=generator) < density
        zeros = torch.rand(weight.shape, generator=generator) < choose([0.0, 0.1])
        weight.data = torch.randn(weight.shape, generator=generator).masked_fill(zeros, 0.0)
        if family is identical_pixels:
            weight.data.fill_(0.75)
    return encode(network, network.input_shape, masks, choose([True, True, False])), network


def weighted_modules(network):
    return [m for m in network.layers.values() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]


def flat(steps):
    """All steps, those within blocks too."""
    for step in steps:
        yield step
        if step[0] == "residual":
            for branch in (step[1], *step[2]):
                yield from flat(branch)
        elif step[0] in ("concat", "sum"):
            for branch in step[1]:
                yield from flat(branch)


def pooled_by(network, *words):
    return any(s[0] == "pool" and any(w in s[1] for w in words) for s in flat(network.steps))


def features_of(mge, network):
    """Features of the list above that an example has."""
    convolutions = weighted_modules(network)
    residual = [
        bool(step[0] == "residual" and step[2]) for step in network.steps if step[0] != "relu"
    ]
    names = [step[0] for step in network.steps]
    shape = network.input_shape
    kept = [int(mask.sum()) for mask in mge.masks.values()]
    explicit = mge.to_scipy()
    degrees = np.diff(explicit.indptr) + np.bincount(explicit.indices, minlength=mge.num_nodes)
    magnitudes = ImplicitPrimitives(mge).adjacency_eigenvalues.magnitudes
    joined = {(b.source, b.target) for b in mge.bundles}
    return {
        "stride": any(max(m.stride) > 1 for m in convolutions),
        "padding": any(m.padding == "same" or max(m.padding) > 0 for m in convolutions),
        "dilation": any(max(m.dilation) > 1 for m in convolutions),
        "non-square kernel": any(m.kernel_size[0] != m.kernel_size[1] for m in convolutions),
        "non-square input": len(shape) == 3 and shape[1] != shape[2],
        "groups": any(1 < m.groups < m.in_channels for m in convolutions),
        "depthwise": any(m.groups == m.in_channels > 1 for m in convolutions),
        "transposed": any(isinstance(m, nn.ConvTranspose2d) for m in convolutions),
        "max pooling": pooled_by(network, "max"),
        "average pooling": pooled_by(network, "avg"),
        "global pooling": pooled_by(network, "global"),
        "overlapping pooling": pooled_by(network, "overlapping", "max_dilated"),
        "adaptive pooling": pooled_by(network, "adaptive"),
        "concatenation": "concat" in names,
        "projection shortcuts in a row": any(a and b for a, b in itertools.pairwise(residual)),
        "identity shortcuts": any(b.is_identity for b in mge.plan.blocks),
        "flatten without pooling": "flatten" in names and not pooled_by(network, ""),
        "linear only": len(shape) == 1,
        "a collapsed layer": 0 in kept and any(kept),
        "all layers collapsed": not any(kept),
        "isolated nodes": bool((degrees == 0).any()) and explicit.nnz > 0,
        "identical components, equal gap": magnitudes[0] > 0
        and magnitudes[0] - magnitudes[2] < 1e-9 * magnitudes[0],
        "parallel edges merged": mge.num_edges < unmerged_edges(mge),
        "triangles": any((a, c) in joined for a, b in joined for b2, c in joined if b == b2),
        "kept weights of 0": bool((explicit.data == 0).any()),
        "iterative spectra": mge.num_nodes > SMALL and bool(joined),
    }


def unmerged_edges(mge):
    return sum(num_unmerged_edges(mge.plan, block, mge.masks) for block in mge.plan.blocks)


def check(graphs, examples, derandomize):
    """Compare on some examples; return how many had each feature."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(graphs)
    def compare(example):
        mge, network = example
        assert_same_metrics(mge)
        assert_same_building_blocks(mge)
        seen.update(name for name, has in features_of(mge, network).items() if has)
        seen["examples"] += 1

    compare()
    return seen


@pytest.fixture(autouse=True)
def iterative_spectra(monkeypatch):
    monkeypatch.setattr(adjacency_eigenvalues, "_DENSE_ORDER", SMALL)
    monkeypatch.setattr(laplacian_part, "_DENSE_ORDER", SMALL)


@pytest.mark.middle
def test_random_networks():
    seen = check(graphs(), EXAMPLES, derandomize=True)
    assert seen["examples"] >= 300
    assert {name: seen[name] for name in FEATURES if seen[name] < 10} == {}


@pytest.mark.slow
def test_many_random_networks():
    check(graphs(), 3000, derandomize=False)
