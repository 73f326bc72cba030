"""Operands that are easily overlooked: data in biases and scales, masks inside products, states, random numbers."""

import pytest
import torch
from tests.oracle.agreement import Net, assert_agrees, assert_refused
from torch import nn
from torch.nn import functional

import sparsetopo as st
from sparsetopo.errors import EncodingError


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


def conv(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 1, bias=False)


def edges_between(mge, source, target):
    """Number of edges from one node layer to another, by their names."""
    names = [layer.name for layer in mge.plan.node_layers]
    a, b = (mge.layer_offsets[names.index(name) :][:2] for name in (source, target))
    return mge.to_scipy()[a[0] : a[1], b[0] : b[1]].nnz


# Scales and shifts are vectors, so these take one sample at a time.
AFFINE = {
    "bias of a convolution": lambda m, x, v: functional.conv2d(
        m.main(x), torch.eye(4)[..., None, None], v
    ),
    "scale of a layer norm": lambda m, x, v: functional.layer_norm(m.main(x), (4,), v),
    "shift of a layer norm": lambda m, x, v: functional.layer_norm(m.main(x), (4,), None, v),
    "scale of a group norm": lambda m, x, v: functional.group_norm(m.main(x), 2, v),
    "scale of a batch norm": lambda m, x, v: functional.batch_norm(
        m.main(x), torch.zeros(4), torch.ones(4), v
    ),
    "scale of an instance norm": lambda m, x, v: functional.instance_norm(m.main(x), weight=v),
    "scale of an RMS norm": lambda m, x, v: functional.rms_norm(m.main(x), (4,), v),
}


@pytest.mark.parametrize("kind", sorted(AFFINE))
def test_scales_and_shifts_that_depend_on_the_input_are_read(kind):
    def forward(m, x):
        return m.last(AFFINE[kind](m, x, m.scale(x).mean((0, 2, 3))))

    net = Net(forward, main=conv(4, 4), scale=conv(4, 4), last=conv(4, 2))
    mge = st.encode(net, example=torch.rand(1, 4, 4, 4))
    # Of 32 outputs, each reads 4 channels of the main branch, and a scale of all 16 positions: all channels, or one.
    if "bias" in kind:
        assert mge.num_edges - edges_between(mge, "scale", "last") == 64 * (4 + 4 + 1 + 2)
    else:
        assert edges_between(mge, "main", "last") == 32 * 4
    per_channel = "layer" not in kind and "RMS" not in kind
    assert edges_between(mge, "scale", "last") == 32 * 16 * (4 if per_channel else 1)


def causal():
    return torch.full((3, 3), float("-inf")).triu(1)


def data_bias(m, x):
    return m.e(x).mT.expand(len(x), 3, 3).masked_fill(causal() < 0, float("-inf"))


ATTENTION = {
    "mask of MultiheadAttention": lambda m, x, q, k, v: m.mha(
        q, k, v, attn_mask=torch.ones(3, 3).triu(1).bool()
    )[0],
    "added by baddbmm": lambda m, x, q, k, v: (
        torch.baddbmm(causal().expand(len(x), 3, 3), q, k.mT).softmax(-1) @ v
    ),
    "ignored by baddbmm": lambda m, x, q, k, v: (
        torch.baddbmm(causal().expand(len(x), 3, 3), q, k.mT, beta=0).softmax(-1) @ v
    ),
    "bias of data": lambda m, x, q, k, v: functional.scaled_dot_product_attention(
        q[:, None], k[:, None], v[:, None], attn_mask=data_bias(m, x)[:, None]
    )[:, 0],
}


@pytest.mark.parametrize("kind", sorted(ATTENTION))
def test_masks_of_attention_hide_wherever_they_are_added(kind):
    torch.manual_seed(0)
    layers = {name: linear(4, 4) for name in "qkv"} | {"e": linear(4, 1), "o": linear(4, 2)}
    mha = nn.MultiheadAttention(4, 2, batch_first=True, bias=False)
    net = Net(lambda m, x: m.o(ATTENTION[kind](m, x, m.q(x), m.k(x), m.v(x))), **layers, mha=mha)
    assert_agrees(net, (3, 4))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_decoders_that_start_from_a_state_of_data(kind):
    def forward(m, x):
        state = m.encoder(x)[None]
        state = (state, torch.zeros_like(state)) if kind is nn.LSTM else state
        return m.out(m.cell(torch.zeros(len(x), 3, 2), state)[0])

    net = Net(forward, encoder=linear(4, 3), cell=kind(2, 3, batch_first=True), out=linear(3, 2))
    assert_agrees(net, (4,))


RANDOM = {
    "masks drawn in place": lambda y: y * torch.empty(1, 4, 1, 1).bernoulli_(0.5).div_(0.5),
    "noise in place": lambda y: y * torch.zeros(1, 4, 1, 1).normal_(),
    "out": lambda y: y * torch.rand(1, 4, 1, 1, out=torch.zeros(1, 4, 1, 1)),
    "dropout": lambda y: functional.dropout(y, 0.5, training=True),
    "dropout of channels": lambda y: functional.dropout2d(y, 0.5, training=True),
    "normal": lambda y: torch.normal(y, 1.0),
    "bernoulli": lambda y: torch.bernoulli(y.sigmoid()),
    "in place of data": lambda y: torch.empty_like(y).bernoulli_(y.sigmoid()),
    "distribution": lambda y: torch.distributions.Normal(y, 1.0, validate_args=False).sample(),
}


@pytest.mark.parametrize("kind", sorted(RANDOM))
def test_random_numbers_have_no_known_values_and_read_their_parameters(kind):
    before = torch.get_rng_state()
    net = Net(
        lambda m, x: m.b(RANDOM[kind](m.a(x))) + m.c(x), a=conv(3, 4), b=conv(4, 2), c=conv(3, 2)
    )
    before = torch.get_rng_state()
    assert st.encode(net, (3, 4, 4)).num_edges == 16 * (3 * 4 + 4 * 2 + 3 * 2)
    assert torch.equal(torch.get_rng_state(), before)


REDUCED = {
    "scatter": lambda y, places, source: y.scatter(1, places, source, reduce="add"),
    "scatter_reduce": lambda y, places, source: y.scatter_reduce(1, places, source, "amax"),
    "without itself": lambda y, places, source: y.scatter_reduce(
        1, places, source, "amax", include_self=False
    ),
    "index_reduce": lambda y, places, source: y.index_reduce(1, places[0], source, "mean"),
}


@pytest.mark.parametrize("kind", sorted(REDUCED))
def test_reductions_into_places(kind):
    def forward(m, x):
        places = torch.tensor([[0, 0, 2, 3]]).expand(len(x), 4)
        return m.c(REDUCED[kind](m.b(x), places, m.a(x)))

    mge = st.encode(Net(forward, a=linear(4, 4), b=linear(4, 4), c=linear(4, 2)), (4,))
    assert edges_between(mge, "a", "c") == 2 * 4
    assert edges_between(mge, "b", "c") == 2 * (1 if kind == "without itself" else 4)


def test_a_number_scattered_into_data_is_refused():
    net = Net(
        lambda m, x: m.a(x).scatter(1, torch.tensor([[0]]), 2.0, reduce="multiply"), a=linear(4, 4)
    )
    assert_refused(lambda: st.encode(net, (4,)), "scatter", "mask")


def test_nothing_is_logged_when_a_model_takes_one_sample_only(capfd):
    net = Net(lambda m, x: m.a(x.expand(1, 4)), a=linear(4, 2))
    st.encode(net, (4,))
    assert capfd.readouterr().err == ""


def test_branches_that_the_data_chooses_are_refused():
    def forward(m, x):
        return torch.cond(x.mean() > 0, lambda t: m.a(t), lambda t: m.b(t), (x,))

    net = Net(forward, a=linear(4, 2), b=linear(4, 2))
    assert_refused(lambda: st.encode(net, (4,)), "torch.cond")


class Routed(nn.Module):
    """A buffer decides which channels are read."""

    def __init__(self, order):
        super().__init__()
        self.register_buffer("order", torch.tensor(order))
        self.a, self.b = nn.Linear(4, 4, bias=False), nn.Linear(2, 3, bias=False)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        return self.b(self.norm(self.a(x)[:, self.order[:2]]))


def test_a_plan_is_traced_again_where_a_buffer_says_something_else():
    first, other = Routed([0, 1, 2, 3]), Routed([3, 2, 1, 0])
    plan = st.trace(first, (4,))
    with pytest.raises(EncodingError, match="the plan is that of another network"):
        st.encode(other, (4,), plan=plan)
    other.order.copy_(first.order)
    other.norm.running_mean += 1
    assert st.encode(other, (4,), plan=plan).plan == plan


@pytest.mark.parametrize(
    "function",
    [
        lambda m, x: m.b((x[:, None] * m.a.weight).sum(-1)),
        lambda m, x: m.b(x) + (x * m.a.weight[1]).sum(1, keepdim=True),
    ],
)
def test_a_product_with_a_matrix_in_disguise_is_refused(function):
    model = Net(function, a=linear(4, 4), b=linear(4, 4))
    assert_refused(lambda: st.trace(model, (4,)), "aten::sum", "product with a matrix")


def test_a_scale_that_is_the_same_along_the_sum_is_none():
    model = Net(
        lambda m, x: (m.a(x) * m.b.weight[:, :1, None]).sum((2, 3)), a=conv(2, 3), b=linear(1, 3)
    )
    assert st.encode(model, (2, 4, 4)).num_edges == 2 * 3 * 16
