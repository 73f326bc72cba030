"""Paths against literal enumeration, exact whole numbers, and autograd; what float64 cannot hold; what lies on a path."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attention_graphs import attention_graph, draw_transformer
from tests.random_graphs import random_masks
from torch import nn

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.mge import MGE
from sparsetopo.metrics.implicit.paths import product as products
from sparsetopo.metrics.implicit.paths.large_numbers import log_of, normalised, summed
from sparsetopo.metrics.measure import topometrics

PATHS = ("effective_nodes", "effective_edges", "effective_parameters", "effective_sparsity")
LOGS = ("log_paths", "log_path_norm")


def assert_same_paths(mge):
    found, expected = (topometrics(mge, PATHS + LOGS, explicit=e) for e in (False, True))
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-11, abs=1e-11, nan_ok=True), name
        assert name in LOGS or found[name] == value, name
    return found


def all_paths(matrix, sources, targets):
    """Every path of at least one edge, as a list of nodes, by following edges."""
    found, stack = [], [[node] for node in sources]
    while stack:
        path = stack.pop()
        if len(path) > 1 and path[-1] in targets:
            found.append(path)
        row = slice(matrix.indptr[path[-1]], matrix.indptr[path[-1] + 1])
        stack += [[*path, node] for node in matrix.indices[row].tolist()]
    return found


layered_graphs = st.tuples(
    st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(0, 2**32 - 1), st.floats(0, 1)
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(layered_graphs)
def test_any_layered_graph_against_enumeration(drawn):
    """Edges may skip layers; kept weights may be 0."""
    from tests.unit.metrics.conftest import _build

    sizes, seed, density = drawn
    random = np.random.default_rng(seed)
    layer = np.repeat(np.arange(len(sizes)), sizes)
    later = layer[:, None] < layer[None, :]
    edges = np.argwhere(later & (random.random(later.shape) < density))
    weights = random.integers(0, 4, len(edges)) / 2
    graph = _build(sizes, edges, weights)
    values = topometrics(graph, PATHS + LOGS)
    inputs = range(sizes[0])
    outputs = range(sum(sizes) - sizes[-1], sum(sizes))
    paths = all_paths(graph.matrix, inputs, set(outputs))
    steps = {step for path in paths for step in itertools.pairwise(path)}
    weight_of = {tuple(edge): Fraction(w) for edge, w in zip(edges.tolist(), weights, strict=True)}
    norm = sum(math.prod(weight_of[step] for step in itertools.pairwise(path)) for path in paths)
    assert values["effective_nodes"] == len({node for path in paths for node in path})
    assert values["effective_edges"] == values["effective_parameters"] == len(steps)
    assert values["log_paths"] == pytest.approx(math.log1p(len(paths)), rel=1e-12)
    expected = math.log(norm) if norm else math.nan
    assert values["log_path_norm"] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


class Ones(nn.Module):
    """Around the input, ones in place of zeros: cells of the frame are input nodes as well."""

    def __init__(self, convolution):
        super().__init__()
        self.convolution, self.padding = convolution, convolution.padding

    def forward(self, x):
        (y, x_pad), padded = self.padding, self.convolution
        framed = nn.functional.pad(x, (x_pad, x_pad, y, y), value=1.0)
        return nn.functional.conv2d(
            framed, padded.weight, None, padded.stride, 0, padded.dilation, padded.groups
        )


class Branches(nn.Module):
    """Skip connections with projections, branches that are concatenated, groups, a transposed convolution, pooling."""

    def __init__(self):
        super().__init__()
        conv = nn.Conv2d
        self.first = conv(2, 4, 3, 2, 1, bias=False)
        self.main = nn.Sequential(
            conv(4, 6, 3, 1, 1, bias=False), conv(6, 6, 3, 2, 1, groups=3, bias=False)
        )
        self.projection = conv(4, 6, 1, 2, bias=False)
        self.narrow, self.wide = (
            conv(6, 3, 1, bias=False),
            conv(6, 2, (3, 1), padding=(1, 0), bias=False),
        )
        self.up = nn.ConvTranspose2d(5, 3, 2, 2, bias=False)
        self.deep = nn.Linear(3 * 3 * 3, 8, bias=False)
        self.head = nn.Linear(8, 4, bias=False)

    def forward(self, x):
        return self.run(x, self.first)

    def run(self, x, first):
        x = first(x)
        x = self.main(x) + self.projection(x)
        x = torch.cat([self.narrow(x), self.wide(x)], 1)
        # Sums over windows: every edge behind them has the weight of the kernel.
        x = nn.functional.avg_pool2d(self.up(x), 2, divisor_override=1)
        return self.head(self.deep(x.flatten(1)))

    def with_ones(self, x):
        return self.run(x, Ones(self.first))


@pytest.mark.parametrize("density", [1.0, 0.4, 0.12])
@pytest.mark.parametrize("seed", range(3))
def test_against_autograd(density, seed):
    """Ones go in and |w| multiplies them: the sum of what comes out is the norm, a gradient says what is on a path."""
    torch.manual_seed(seed)
    model = Branches().double().eval()
    masks = random_masks(model, density, seed=seed)
    mge = encode(model, (2, 12, 12), masks)
    found = assert_same_paths(mge)
    images = torch.ones(1, 2, 12, 12, dtype=torch.float64)

    def total(of):
        for name, weight in model.named_parameters():
            weight.data = of(name)
        model.zero_grad()
        out = model.with_ones(images).sum()
        out.backward()
        return out.item()

    kept = {name: torch.as_tensor(np.asarray(mask)).double() for name, mask in masks.items()}
    weights = {name: torch.as_tensor(array).abs().double() for name, array in mge.weights.items()}
    norm = total(lambda name: weights[name] * kept[name])
    assert found["log_path_norm"] == pytest.approx(
        math.log(norm) if norm else math.nan, nan_ok=True, rel=1e-10
    )
    number = total(lambda name: kept[name].clone())
    assert found["log_paths"] == pytest.approx(math.log1p(number), rel=1e-12)
    effective = {
        name: int(((weight.grad > 0) & (kept[name] > 0)).sum())
        for name, weight in model.named_parameters()
    }
    sizes = sum(weight.numel() for weight in model.parameters())
    assert found["effective_parameters"] == sum(effective.values())
    assert found["effective_sparsity"] == 1 - sum(effective.values()) / sizes
    if density < 0.2:
        assert sum(effective.values()) < sum(int(mask.sum()) for mask in kept.values())


class Chain(nn.Module):
    """Linear layers, some with an identity shortcut."""

    def __init__(self, width, blocks):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(blocks))

    def forward(self, x):
        x = self.layers[0](x)
        for layer in self.layers[1:]:
            x = x + layer(x.relu())
        return x


def test_identity_shortcuts_are_paths_if_they_are_edges():
    """A pruned block stops all paths, unless its shortcut is drawn."""
    model = Chain(3, 4)
    masks = {f"layers.{n}.weight": np.full((3, 3), n != 2) for n in range(4)}
    without = assert_same_paths(encode(model, (3,), masks))
    assert (without["log_paths"], without["effective_nodes"]) == (0.0, 0)
    assert math.isnan(without["log_path_norm"])
    assert without["effective_sparsity"] == 1.0
    drawn = assert_same_paths(encode(model, (3,), masks, identity_shortcuts=True))
    # A shortcut and a weight between the same two units are one edge, of both weights.
    assert drawn["log_paths"] == pytest.approx(math.log1p(3**4), rel=1e-12)
    first, second, _, last = (
        np.abs(weight.detach().numpy().astype(float)) for weight in model.parameters()
    )
    norm = ((last + np.eye(3)) @ (second + np.eye(3)) @ first).sum()
    assert drawn["log_path_norm"] == pytest.approx(math.log(norm), rel=1e-6)
    assert drawn["effective_parameters"] == 27


def test_more_paths_than_float64_can_hold():
    """A chain of 200 dense layers; the norm is a number that float64 does not hold either."""
    model = nn.Sequential(*(nn.Linear(50, 50, bias=False) for _ in range(200)))
    for weight in model.parameters():
        weight.data.fill_(1e-30)
    found = topometrics(encode(model, (50,)), LOGS)
    assert found["log_paths"] == pytest.approx(201 * math.log(50), rel=1e-13)
    small = float(np.float32(1e-30))
    assert found["log_path_norm"] == pytest.approx(
        201 * math.log(50) + 200 * math.log(small), rel=1e-13
    )


def test_nodes_of_one_layer_may_differ_by_more_than_float64_can_hold():
    """Two channels that never meet: one gains 2^100 a layer, one loses as much, until they swap.

    All paths end with weight 1, so neither may be lost on the way.
    """
    depth = 30
    layers = [nn.Linear(2, 2, bias=False) for _ in range(2 * depth)]
    for number, layer in enumerate(layers):
        gain = 2.0**100 if number < depth else 2.0**-100
        layer.weight.data = torch.diag(torch.tensor([gain, 1 / gain]))
    model = nn.Sequential(*layers)
    masks = {name: np.eye(2, dtype=bool) for name, _ in model.named_parameters()}
    found = assert_same_paths(encode(model, (2,), masks))
    assert found["log_path_norm"] == pytest.approx(math.log(2), rel=1e-12)
    assert found["effective_nodes"] == 2 * (2 * depth + 1)


def test_large_numbers_add_as_exact_ones():
    random = np.random.default_rng(0)
    parts = [(e, random.integers(0, 3, 50).astype(float)) for e in (0, 40, -700, 1900, 1850, -3000)]
    exact = [sum(Fraction(2) ** e * int(array[n]) for e, array in parts) for n in range(50)]
    together = normalised(parts)
    for number, value in enumerate(exact):
        held = sum(Fraction(array[number]) * Fraction(2) ** e for e, array in together)
        assert (held == value == 0) or abs(held / value - 1) < 2**-50
    for _, array in together:
        positive = array[array > 0]
        assert len(positive) > 0
        assert 2.0**-513 <= positive.min() <= positive.max() < 8
    total = sum(exact)
    expected = math.log(total.numerator) - math.log(total.denominator)
    assert log_of(summed(parts)) == pytest.approx(expected, rel=1e-14)
    assert normalised([(3, np.zeros(4))]) == []


def test_weights_that_several_operations_share_count_once():
    shared = nn.Linear(4, 4, bias=False)
    mask = np.zeros((4, 4), dtype=bool)
    mask[1, 0] = mask[2, 1] = mask[3, 3] = True
    found = assert_same_paths(
        encode(nn.Sequential(shared, nn.ReLU(), shared), (4,), {"0.weight": mask})
    )
    # 0 -> 1 -> 2 and 3 -> 3 -> 3; the weight from 0 to 1 is effective in its first use only.
    assert found["log_paths"] == pytest.approx(math.log(3))
    assert (found["effective_parameters"], found["effective_edges"]) == (3, 4)
    assert found["effective_sparsity"] == 1 - 3 / 16


def test_outputs_are_those_of_the_plan():
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.a, self.b = (nn.Linear(3, 3, bias=False) for _ in range(3))

        def forward(self, x):
            return self.a(self.body(x)), self.b(self.body(x))

    found = assert_same_paths(encode(TwoHeads(), (3,)))
    assert found["effective_parameters"] == 27
    body_alone = {f"{name}.weight": np.full((3, 3), name != "a") for name in ("body", "a", "b")}
    assert assert_same_paths(encode(TwoHeads(), (3,), body_alone))["effective_parameters"] == 18


def test_random_transformers():
    random = np.random.default_rng(3)
    for _ in range(25):
        assert_same_paths(
            attention_graph(
                draw_transformer(lambda options: options[random.integers(len(options))])
            )
        )


def test_maps_are_held_in_pieces(monkeypatch):
    """Nothing changes but the last bits if a tap at a time is multiplied, and kernels are dense or sparse."""
    model = Branches()
    mge = encode(model, (2, 12, 12), random_masks(model, 0.3, seed=1))
    expected = topometrics(mge, PATHS + LOGS)
    for dense in (0.0, 1.0):
        monkeypatch.setattr(products, "_MOST_NUMBERS", 1)
        monkeypatch.setattr(products, "_DENSE", dense)
        found = topometrics(MGE(mge.plan, mge.weights, mge.masks), PATHS + LOGS)
        assert found == pytest.approx(expected, rel=1e-13)


def test_paths_need_edges_to_later_layers(array_graph):
    with pytest.raises(
        EncodingError, match=r"node 2 to node 0 does not lead to a later node layer"
    ):
        topometrics(array_graph([2, 1], [(2, 0)], [1.0]), ["log_paths"])
