"""The oracle itself on networks small enough to count their edges by hand; the library must agree."""

import pytest
import torch
from tests.autograd_oracle import oracle_graph
from tests.oracle.comparison import assert_same_graph
from tests.unit.graphs.tracing.small_nets import Net
from torch import nn
from torch.nn import functional

import sparsetopo as st


def attend(m, x, causal=False):
    q, k, v = (layer(x).view(1, 3, 2, 2).transpose(1, 2) for layer in (m.q, m.k, m.v))
    scores = q @ k.transpose(2, 3)
    if causal:
        scores = scores.masked_fill(torch.ones(3, 3).triu(1).bool(), float("-inf"))
    return m.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(1, 3, 4))


def attention(causal=False):
    """Three tokens of four channels in two heads: each projection has 4 x 4 x 3 edges."""
    layers = {name: nn.Linear(4, 4) for name in ("q", "k", "v", "out")}
    return Net(lambda m, x: attend(m, x, causal), **layers), torch.zeros(1, 3, 4)


def squeeze_excitation():
    modules = {
        "a": nn.Conv2d(1, 2, 1),
        "s": nn.Conv2d(2, 1, 1),
        "e": nn.Conv2d(1, 2, 1),
        "c": nn.Conv2d(2, 1, 1),
    }

    def forward(m, x):
        y = m.a(x)
        return m.c(y * m.e(m.s(y.mean((2, 3), keepdim=True)).relu()).sigmoid())

    return Net(forward, **modules), torch.zeros(1, 1, 2, 2)


def swiglu():
    modules = {"a": nn.Linear(2, 3), "b": nn.Linear(2, 3), "c": nn.Linear(3, 2)}
    return Net(lambda m, x: m.c(functional.silu(m.a(x)) * m.b(x)), **modules), torch.zeros(1, 5, 2)


def class_token():
    def forward(m, x):
        x = torch.cat([torch.ones(1, 1, 2), m.a(x)], 1) + torch.arange(5.0)[None, :, None]
        return m.b(x)

    return Net(forward, a=nn.Linear(2, 2), b=nn.Linear(2, 3)), torch.zeros(1, 4, 2)


def elman():
    """Torch computes what the input adds to all steps at once; the sum at each step reads its share of that."""
    return Net(lambda m, x: m.rnn(x)[0], rnn=nn.RNN(2, 3, batch_first=True)), torch.zeros(1, 3, 2)


def cells():
    def forward(m, x):
        state = m.i(x[:, 0]).tanh()
        for step in (1, 2):
            state = torch.tanh(m.i(x[:, step]) + m.h(state))
        return state

    return Net(forward, i=nn.Linear(2, 3), h=nn.Linear(3, 3)), torch.zeros(1, 3, 2)


def volume():
    """2 x 2 x 2 kernels with padding: a frame all around, 4 x 4 x 4 input nodes, 27 places."""
    return nn.Sequential(nn.Conv3d(1, 2, 2, padding=1), nn.ReLU()), torch.zeros(1, 1, 2, 2, 2)


def halves():
    """Two of four channels are overwritten by what a convolution makes of all four."""

    def forward(m, x):
        y = 2 * m.a(x)
        y[:, 0:2] = m.b(y.clone())
        return m.c(y)

    modules = {"a": nn.Conv2d(1, 4, 1), "b": nn.Conv2d(4, 2, 1), "c": nn.Conv2d(4, 2, 1)}
    return Net(forward, **modules), torch.zeros(1, 1, 3, 3)


def pooled_beside():
    """What only the sum reads is no shortcut, though it is pooled: who reads the sum reads it too."""

    def forward(m, x):
        return m.c(m.a(x) + functional.max_pool2d(m.b(x), 3, 1, 1))

    modules = {"a": nn.Conv2d(1, 1, 1), "b": nn.Conv2d(1, 1, 1), "c": nn.Conv2d(1, 1, 1)}
    return Net(forward, **modules), torch.zeros(1, 1, 1, 3)


# (model, arguments of the oracle, edges of each pair of node layers)
COUNTED = {
    "attention": (attention(), "all", [48, 48, 48, 3 * 4 * 4, 9 * 4 * 4, 9 * 4 * 4]),
    "causal attention": (attention(True), "all", [48, 48, 48, 3 * 4 * 4, 6 * 4 * 4, 6 * 4 * 4]),
    "attention, values only": (attention(), "values", [48, 48, 48, 9 * 4 * 4]),
    "squeeze-excitation": (squeeze_excitation(), "all", [8, 8, 2, 8, 8]),
    "SwiGLU": (swiglu(), "all", [30, 30, 30, 30]),
    "class token": (class_token(), "all", [16, 24]),
    "elman": (elman(), "all", [18, 9, 9, 9]),
    "cells": (cells(), "all", [6, 6, 6, 9, 9]),
    "volume": (volume(), "all", [27 * 8 * 2]),
    "slice assignment": (halves(), "all", [36, 8 * 9, 2 * 2 * 9, 2 * 2 * 9]),
    "pooled beside": (pooled_beside(), "all", [3, 3, 3, 2 + 3 + 2]),
}


@pytest.mark.parametrize("case", sorted(COUNTED))
def test_edges_of_the_oracle_are_those_counted_by_hand(case):
    (model, example), attention, expected = COUNTED[case]
    oracle = oracle_graph(model, example, attention=attention)
    assert sorted(oracle.edges_between().values()) == sorted(expected)


@pytest.mark.parametrize("case", sorted(COUNTED))
def test_the_library_agrees_with_the_oracle(case):
    (model, example), attention, _ = COUNTED[case]
    oracle = oracle_graph(model, example, attention=attention)
    mge = st.encode(model, tuple(example.shape[1:]), attention=attention)
    assert_same_graph(mge, oracle)


def test_query_and_key_edges_reach_the_whole_head_with_its_magnitude():
    model, example = attention()
    kept = torch.zeros(4, 4, dtype=torch.bool)
    kept[0, 1] = True  # output channel 0 reads channel 1 of head 0
    oracle = oracle_graph(model, example, {"out.weight": kept})
    *_, last = oracle.layers
    sizes = {source.name: int(there.sum()) for source, _, there in last.incoming}
    assert sorted(sizes.values()) == [3 * 2, 9, 9 * 2]  # q, v, k
    weight = float(model.out.weight[0, 1].detach().abs())
    assert all(float(m[there].sub(weight).abs().max()) < 1e-12 for _, m, there in last.incoming)


def chain():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 2, bias=False),
        nn.ReLU(),
        nn.Conv2d(3, 3, 1, bias=False),
        nn.Flatten(),
        nn.Linear(12, 4),
    )


def changed(net, masks):
    with torch.no_grad():
        net[2].weight[1, 2] += 0.01
    return masks


def transposed(net, masks):
    with torch.no_grad():
        net[2].weight.copy_(net[2].weight.transpose(0, 1).clone())
    return masks


def one_more(net, masks):
    place = (masks["4.weight"] == 0).nonzero()[0]
    masks["4.weight"][tuple(place)] = True
    return masks


def turned(net, masks):
    with torch.no_grad():
        net[0].weight.copy_(net[0].weight.flip(2).clone())
    masks["0.weight"] = masks["0.weight"].flip(2)
    return masks


@pytest.mark.parametrize("change", [changed, transposed, one_more, turned])
def test_the_comparison_notices(change):
    net, generator = chain(), torch.Generator().manual_seed(1)
    masks = {
        n: torch.rand(w.shape, generator=generator) < 0.7
        for n, w in net.named_parameters()
        if w.dim() > 1
    }
    oracle = oracle_graph(net, torch.zeros(1, 1, 3, 3), masks)
    assert assert_same_graph(st.encode(net, (1, 3, 3), masks), oracle) == []
    different = change(net, {name: mask.clone() for name, mask in masks.items()})
    with pytest.raises(AssertionError):
        assert_same_graph(st.encode(net, (1, 3, 3), different), oracle)


def test_the_comparison_does_not_depend_on_the_order_of_hidden_units():
    """The library is given the same network with its hidden units in another order."""
    net, order = chain(), torch.tensor([2, 0, 1])
    oracle = oracle_graph(net, torch.zeros(1, 1, 3, 3))
    with torch.no_grad():
        net[0].weight.copy_(net[0].weight[order].clone())
        net[2].weight.copy_(net[2].weight[:, order].clone())
    assert len(assert_same_graph(st.encode(net, (1, 3, 3)), oracle)) == 1
