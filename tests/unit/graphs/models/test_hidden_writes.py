"""What a tracer of torch functions loses: writes into slices and views, scripted functions, vmap, buffers, hooks."""

import warnings

import pytest
import torch
from tests.oracle.agreement import Net, assert_agrees
from torch import nn
from torch.nn import functional

import sparsetopo as st


def convs(**sizes):
    return {name: nn.Conv2d(*size, 1, bias=False) for name, size in sizes.items()}


def halves(m, x):
    y = 2 * m.a(x)
    y[:, 0:2] = m.b(y.clone())
    return m.c(y)


def into_zeros(m, x):
    y = x.new_zeros(1, 4, 3, 3)
    y[:, :2], y[:, 2:] = m.b(m.a(x)), m.c(m.a(x))
    return m.d(y)


def every_second_row(m, x):
    y = m.a(x).clone()
    y[:, :, ::2] = m.e(y)[:, :, ::2]
    return m.c(y)


def by_index_list(m, x):
    y = torch.zeros(1, 4, 3, 3)
    y[:, [3, 1]] = m.b(m.a(x))
    return m.c(y)


def by_mask(m, x):
    y = m.a(x).clone()
    y[:, torch.tensor([True, False, True, False])] = m.b(y)
    return m.c(y)


def overwritten_altogether(m, x):
    y = m.e(m.a(x))
    y[:] = m.a(x)
    return m.c(y)


def copied_into(m, x):
    y = torch.empty(1, 4, 3, 3)
    y[:, :2].copy_(m.b(m.a(x)))
    y[:, 2:].copy_(m.c(m.a(x)))
    return m.d(y)


def view_before_addition(m, x):
    y = m.a(x)
    view = y.view(1, 4, 9)
    y += m.e(y.clone())
    return m.c(view.view(1, 4, 3, 3))


def view_of_a_slice(m, x):
    y = m.a(x).clone()
    y[:, 1:3].mul_(m.b(y).sigmoid())
    return m.c(y)


def base_after_write_to_view(m, x):
    y = m.a(x).clone()
    first = y[:, :2]
    first.add_(m.b(y.clone()))
    first.relu_()
    return m.c(y)


def chunk_in_place(m, x):
    y = m.e(m.a(x))
    first, second = y.chunk(2, 1)
    first.mul_(second.sigmoid())
    return m.c(y)


def data_attribute(m, x):
    y = m.a(x)
    y.data = m.e(y).data
    return m.c(y)


def out_argument(m, x):
    y = m.a(x)
    result = torch.empty_like(y)
    torch.mul(y, m.e(y).sigmoid(), out=result)
    return m.c(result)


def index_added(m, x):
    y = torch.zeros(1, 4, 3, 3)
    return m.c(y.index_add(1, torch.tensor([2, 0]), m.b(m.a(x))))


def scattered(m, x):
    places = torch.tensor([8, 0, 4])
    y = torch.zeros(1, 4, 9).index_copy(2, places, m.a(x).flatten(2)[:, :, :3])
    return m.c(y.view(1, 4, 3, 3))


def vmapped_positions(m, x):
    y = m.a(x).flatten(2)
    return m.c(torch.vmap(lambda column: m.linear(column), 2, 2)(y).view(1, 4, 3, 3))


def vmapped_channels(m, x):
    y = m.a(x)[0]
    return m.c(torch.vmap(lambda channel: channel * channel.mean().sigmoid())(y)[None])


def checkpointed(m, x):
    from torch.utils.checkpoint import checkpoint

    return m.c(checkpoint(m.e, m.a(x), use_reentrant=False))


WAYS = {function.__name__: function for function in (
    halves, into_zeros, every_second_row, by_index_list, by_mask, overwritten_altogether, copied_into,
    view_before_addition, view_of_a_slice, base_after_write_to_view, chunk_in_place, data_attribute, out_argument,
    index_added, scattered, vmapped_positions, vmapped_channels, checkpointed,
)}  # fmt: skip


@pytest.mark.parametrize("way", sorted(WAYS))
def test_nothing_is_lost(way):
    torch.manual_seed(0)
    layers = convs(a=(1, 4), b=(4, 2), c=(4, 2), d=(4, 2), e=(4, 4))
    assert_agrees(Net(WAYS[way], **layers, linear=nn.Linear(4, 4, bias=False)), (1, 3, 3))


class Block(nn.Module):
    """Residual block whose branch has an activation in it."""

    def __init__(self, activation):
        super().__init__()
        self.a, self.fc = nn.Conv2d(1, 4, 1, bias=False), nn.Linear(4, 2, bias=False)
        self.b, self.c = (nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(2))
        self.activation = activation

    def forward(self, x):
        x = self.a(x)
        return self.fc((x + self.c(self.activation(self.b(x)))).mean((2, 3)))


def scripted(function):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, but in use
        return torch.jit.script(function)


def swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)


def hard_swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.clamp(x + 3.0, 0.0, 6.0) / 6.0


class Mish(nn.Module):
    """Activation as a scripted module."""

    def forward(self, x):
        return x * torch.tanh(functional.softplus(x))


ACTIVATIONS = {
    "silu": lambda: functional.silu,
    "scripted swish": lambda: scripted(swish),
    "scripted hard swish": lambda: scripted(hard_swish),
    "scripted module": lambda: scripted(Mish()),
    "traced": lambda: torch.jit.trace(swish, torch.zeros(1, 4, 4, 4)),
    "compiled": lambda: torch.compile(swish, backend="eager"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*jit.*")
@pytest.mark.parametrize("kind", sorted(ACTIVATIONS))
def test_activation_within_a_residual_block(kind):
    torch.manual_seed(0)
    expected = st.encode(Block(functional.silu), (1, 4, 4))
    torch.manual_seed(0)
    found = st.encode(Block(ACTIVATIONS[kind]()), (1, 4, 4))
    assert [n.size for n in found.plan.node_layers] == [n.size for n in expected.plan.node_layers]
    assert found.num_edges == expected.num_edges
    assert (found.to_scipy() != expected.to_scipy()).nnz == 0


class Cache(nn.Module):
    """Keys and values go through buffers, as when text is generated."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(4, 4, bias=False) for _ in range(4))
        self.register_buffer("keys", torch.zeros(1, 5, 4))
        self.register_buffer("values", torch.zeros(1, 5, 4))

    def forward(self, x):
        self.keys[:, : x.shape[1]] = self.k(x)
        self.values[:, : x.shape[1]].copy_(self.v(x))
        keys, values = self.keys[:, : x.shape[1]], self.values[:, : x.shape[1]]
        return self.out((self.q(x) @ keys.transpose(1, 2)).softmax(-1) @ values)


class Remembering(nn.Module):
    """The whole buffer is replaced, and read again."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 2)
        self.register_buffer("state", torch.zeros(1, 4))

    def forward(self, x):
        self.state = 0.5 * self.state + self.a(x)
        return self.b(self.state)


@pytest.mark.parametrize(("make", "shape"), [(Cache, (5, 4)), (Cache, (3, 4)), (Remembering, (3,))])
def test_what_goes_through_buffers_is_read_and_the_buffers_are_left_alone(make, shape):
    net = make()
    before = {name: tensor.clone() for name, tensor in net.named_buffers()}
    identity = {name: id(tensor) for name, tensor in net.named_buffers()}
    assert_agrees(net, shape)
    for name, tensor in net.named_buffers():
        assert torch.equal(tensor, before[name])
        assert id(tensor) == identity[name]


def test_forward_hooks_that_change_values_are_seen():
    net = nn.Sequential(
        nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False), nn.Linear(4, 2, bias=False)
    )
    net[1].register_forward_hook(lambda module, inputs, output: output[:, :1].expand(-1, 4))
    net[2].register_forward_pre_hook(lambda module, inputs: (inputs[0].flip(1),))
    assert_agrees(net, (4,))
