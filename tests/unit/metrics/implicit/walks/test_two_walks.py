"""Pairs within two hops and motif counts of the implicit graph, against the explicit backend."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.random_graphs import graphs
from tests.unit.graphs.test_golden import CASES, GOLDEN, load_case
from torch import nn

from sparsetopo.errors import MetricError
from sparsetopo.graphs.bundles.build import bundles
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics import exact_sums
from sparsetopo.metrics.entries.motifs import motif4
from sparsetopo.metrics.explicit.backend import ExplicitPrimitives
from sparsetopo.metrics.implicit.equal_taps import equal_taps
from sparsetopo.metrics.implicit.walks import block as walk_blocks
from sparsetopo.metrics.implicit.walks import triangles
from sparsetopo.metrics.implicit.walks.block import WalkBlock
from sparsetopo.metrics.implicit.walks.classes import walk_classes
from sparsetopo.metrics.implicit.walks.tap_products import tap_products
from sparsetopo.metrics.implicit.walks.two_walks import TwoWalks


def two_walks(mge):
    return TwoWalks(mge.plan.node_layers, bundles(mge.plan, mge.weights, mge.masks))


def undirected_degrees(mge):
    primitives = ExplicitPrimitives(mge)
    return primitives.in_degrees + primitives.out_degrees


def assert_as_explicit(mge):
    walks, explicit = two_walks(mge), ExplicitPrimitives(mge)
    assert walks.pairs_within_two_hops() == explicit.pairs_within_two_hops
    if walks.four_joined_layers() is None:
        assert walks.motif_counts(undirected_degrees(mge)) == explicit.motif_counts
    else:
        with pytest.raises(MetricError, match="pairwise joined"):
            walks.motif_counts(undirected_degrees(mge))


@pytest.mark.middle
@given(graphs())
@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_random_networks(mge):
    assert_as_explicit(mge)


@pytest.mark.slow
@given(graphs())
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_random_networks(mge):
    assert_as_explicit(mge)


@pytest.mark.middle
@given(mge=graphs(), tile_bytes=st.sampled_from([4, 300, 2000]))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_small_tiles_and_wide_counters(mge, tile_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_blocks, "_TILE_BYTES", tile_bytes)
        patch.setattr(walk_blocks, "_SUMMED_ENTRIES", 3)
        patch.setattr(walk_blocks, "_FLOAT32_EXACT", 2)
        patch.setattr(exact_sums, "_INT64_EXACT", 2)
        patch.setattr(triangles, "_FLOAT64_EXACT", 2)
        assert_as_explicit(mge)


@pytest.mark.parametrize("case", CASES)
def test_golden_cases(case):
    network, masks, architecture = load_case(case)
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    mge = encode(network, architecture["input"], masks)
    walks = two_walks(mge)
    assert walks.pairs_within_two_hops() / mge.num_nodes == pytest.approx(expected["n2"], rel=1e-12)
    counts = walks.motif_counts(undirected_degrees(mge))
    assert motif4(SimpleNamespace(motif_counts=counts)) == expected["motif4"]


class Residual(nn.Module):
    """Two stages with a projection shortcut, whose layers form triangles, and a pooled head."""

    def __init__(self, channels=6):
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.third = nn.Conv2d(channels, 2 * channels, 3, 2, 1, bias=False)
        self.fourth = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(channels, 2 * channels, 1, 2, bias=False)
        self.head = nn.Linear(2 * channels, 5, bias=False)

    def forward(self, x):
        x = self.first(x).relu()
        x = x + self.second(x).relu()
        x = self.fourth(self.third(x).relu()) + self.shortcut(x)
        return self.head(x.relu().mean((2, 3)))


def residual(identity_shortcuts=True):
    network = Residual()
    generator = torch.Generator().manual_seed(1)
    masks = {
        name: torch.rand(weight.shape, generator=generator) < 0.5
        for name, weight in network.named_parameters()
    }
    return encode(network, (3, 10, 12), masks, identity_shortcuts)


@pytest.mark.parametrize("identity_shortcuts", [False, True])
def test_triangles(identity_shortcuts):
    mge = residual(identity_shortcuts)
    assert ExplicitPrimitives(mge).motif_counts.diamonds > 0
    assert_as_explicit(mge)


def test_pairs_are_listed_until_they_are_computed():
    mge = residual()
    walks = two_walks(mge)
    directed = walks.pairs(directed=True, undirected=False)
    undirected = walks.pairs(directed=False, undirected=True)
    both = walks.pairs(directed=True, undirected=True)
    assert set(both) == set(directed) | set(undirected)
    assert 0 < len(directed) < len(both) < len(directed) + len(undirected)
    for pair in directed:
        walks.compute(pair)
    assert walks.pairs(directed=True, undirected=False) == []
    assert set(walks.pairs(directed=True, undirected=True)) == set(both) - set(directed)
    assert walks.pairs_within_two_hops() == ExplicitPrimitives(mge).pairs_within_two_hops


def test_threads_do_not_change_the_counts():
    mge = residual()
    walks = two_walks(mge)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(walks.compute, walks.pairs(directed=True, undirected=True)))
    assert walks.pairs(directed=True, undirected=True) == []
    degrees = undirected_degrees(mge)
    assert walks.pairs_within_two_hops() == two_walks(mge).pairs_within_two_hops()
    assert walks.motif_counts(degrees) == two_walks(mge).motif_counts(degrees)


class Concatenating(nn.Module):
    """Every convolution reads the outputs of all before it."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(2 * n, 2, 3, padding=1, bias=False) for n in range(1, layers + 1)
        )

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


def test_four_joined_layers():
    mge = encode(Concatenating(3), (2, 5, 5))
    walks = two_walks(mge)
    assert walks.four_joined_layers() == (0, 1, 2, 3)
    first, *_, last = (f"{n} ('{layer.name}')" for n, layer in enumerate(mge.plan.node_layers))
    with pytest.raises(MetricError, match=f"{re.escape(first)}, .* and {re.escape(last)}"):
        walks.motif_counts(undirected_degrees(mge))
    assert walks.pairs_within_two_hops() == ExplicitPrimitives(mge).pairs_within_two_hops


def test_three_joined_layers_are_counted():
    mge = encode(Concatenating(2), (2, 5, 5))
    assert two_walks(mge).four_joined_layers() is None
    assert_as_explicit(mge)


def test_no_edges():
    layers = [NodeLayer("a", 2, 3, 3), NodeLayer("b", 4, 1, 1)]
    walks = TwoWalks(layers, [])
    assert walks.pairs(directed=True, undirected=True) == []
    assert walks.pairs_within_two_hops() == 22
    counts = walks.motif_counts(np.zeros(22, dtype=np.int64))
    assert set(vars(counts).values()) == {0}


def test_middle_layer_whose_nodes_are_reached_but_not_read():
    """The second convolution reads every other pixel, those that the first one never reaches."""
    network = nn.Sequential(
        nn.ConvTranspose2d(1, 2, 1, 2, bias=False),
        nn.ZeroPad2d((1, 0, 1, 0)),
        nn.Conv2d(2, 3, 1, 2, bias=False),
    )
    mge = encode(network, (1, 4, 4))
    assert mge.num_edges == 2 * 16 + 2 * 3 * 9
    assert_as_explicit(mge)


def test_complete_bipartite_graph_beyond_64_bits():
    """Global pooling and a linear layer: every input node is joined to every output."""
    inputs, outputs = 128 * 64 * 64, 2000
    network = nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, outputs, bias=False)
    )
    mge = encode(network, (128, 64, 64))
    degrees = np.repeat([outputs, inputs], [inputs, outputs])
    counts = two_walks(mge).motif_counts(degrees)
    assert counts.stars == inputs * comb(outputs, 3) + outputs * comb(inputs, 3) > 2**64
    assert counts.paths == inputs * outputs * (inputs - 1) * (outputs - 1)
    assert counts.cycles == comb(inputs, 2) * comb(outputs, 2)
    assert (counts.paws, counts.diamonds, counts.triangles) == (0, 0, 0)
    assert two_walks(mge).pairs_within_two_hops() == inputs + outputs + inputs * outputs


def test_entries_beyond_float32():
    """Two outputs share more inputs than float32 counts, and int64 does not hold all squares."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(65, 200, bias=False))
    mge = encode(network, (65, 511, 513))
    (bundle,) = bundles(mge.plan, mge.weights, mge.masks)
    half = bundle.halves[1]
    rows, columns = (
        walk_classes([(axis.from_sources, axis.from_sources)])
        for axis in (bundle.rows, bundle.columns)
    )
    steps, taps = ((half, half),), equal_taps(bundle)
    products = tap_products(rows, columns, steps, [(taps, taps)])
    block = WalkBlock(200, 200, (65,), steps, True, None, rows, columns, products)
    common = 65 * 511 * 513
    assert int(np.float32(common)) != common
    assert block.sums().squares == 200**2 * common**2 > 2**63


def depthwise(channels):
    network = nn.Sequential(
        nn.Conv2d(channels, channels, 3, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 3, groups=channels, bias=False),
    )
    return encode(network, (channels, 6, 7))


def test_many_identical_components():
    many, one = depthwise(100), depthwise(1)
    walks, expected = two_walks(many), ExplicitPrimitives(one)
    assert walks.pairs_within_two_hops() == 100 * expected.pairs_within_two_hops
    counts = walks.motif_counts(undirected_degrees(many))
    assert vars(counts) == {
        name: 100 * value for name, value in vars(expected.motif_counts).items()
    }
