"""Activations, reductions, gates and moves as people write them, each beside the oracle."""

import pytest
import torch
from tests.oracle.agreement import Net, assert_agrees, works_or_is_refused
from tests.oracle.aten import statistic
from torch import nn
from torch.nn import functional

import sparsetopo as st


def body(function):
    """A function of the map that `a` gives, and a linear layer on what it returns."""
    return lambda m, x: m.fc(function(m, m.a(x)).flatten(1))


ELEMENTWISE = {
    "x * sigmoid(x)": lambda h: h * torch.sigmoid(h),
    "x * relu6(x + 3) / 6": lambda h: h * functional.relu6(h + 3) / 6,
    "x * x": lambda h: h * h,
    "x ** 2": lambda h: h**2,
    "x * (x > 0)": lambda h: h * (h > 0),
    "x * (x > 0).float()": lambda h: h * (h > 0).float(),
    "where(x > 0, x, 0.1 x)": lambda h: torch.where(h > 0, h, 0.1 * h),
    "maximum(x, 0.1 x)": lambda h: torch.maximum(h, 0.1 * h),
    "max(x, 0 x)": lambda h: torch.max(h, torch.zeros_like(h)),
    "x / (1 + |x|)": lambda h: h / (1 + h.abs()),
    "x * tanh(softplus(x))": lambda h: h * torch.tanh(functional.softplus(h)),
    "x * erf": lambda h: h * 0.5 * (1 + torch.erf(h / 2**0.5)),
    "tanh gelu": lambda h: 0.5 * h * (1 + torch.tanh(0.8 * (h + 0.044 * h.pow(3)))),
    "x + relu(x)": lambda h: h + h.relu(),
    "relu(x) - relu(-x)": lambda h: h.relu() - (-h).relu(),
    "2 - x": lambda h: 2 - h,
    "1 / x": lambda h: 1 / (h + 3),
    "in place": lambda h: h.mul_(2).relu_().add_(1),
    "clamp": lambda h: h.clamp(0, 1),
    "masked_fill(x < 0)": lambda h: h.masked_fill(h < 0, 0.0),
    "x[x < 0] = 0": lambda h: h.clone().masked_fill_(h < 0, 0),
    "snake": lambda h: h + torch.sin(h) ** 2,
    "lerp with itself": lambda h: torch.lerp(h, h.relu(), 0.3),
    "addcmul with itself": lambda h: torch.addcmul(h, h, h, value=0.5),
    "nan_to_num": lambda h: torch.nan_to_num(h),
    "double and back": lambda h: h.double().exp().float(),
    "threshold": lambda h: functional.threshold(h, 0.1, 20.0),
    "softmax over channels at the end": lambda h: h.softmax(1),
    "log_softmax": lambda h: h.log_softmax(1),
}
NORMALISING = {
    "x / norm": lambda h: h / statistic(h.norm(dim=1, keepdim=True)),
    "normalize": lambda h: functional.normalize(h, dim=1),
    "(x - mean) / std": lambda h: (
        (h - statistic(h.mean((2, 3), keepdim=True)))
        / (statistic(h.std((2, 3), keepdim=True)) + 1e-5)
    ),
    "(x - mean) * rsqrt(var)": lambda h: (
        (h - statistic(h.mean(1, keepdim=True)))
        * statistic(torch.rsqrt(h.var(1, keepdim=True, unbiased=False) + 1e-5))
    ),
    "var from squares": lambda h: (
        (h - statistic(h.mean((1, 2, 3), keepdim=True)))
        / statistic(
            (
                h.pow(2).mean((1, 2, 3), keepdim=True) - h.mean((1, 2, 3), keepdim=True) ** 2 + 1
            ).sqrt()
        )
    ),
    "root mean square": lambda h: h * statistic(torch.rsqrt(h.pow(2).mean(1, keepdim=True) + 1e-6)),
    "x / max |x|": lambda h: h / statistic(h.abs().amax((1, 2, 3), keepdim=True)),
    "local response": lambda h: functional.local_response_norm(h, 2),
}


@pytest.mark.parametrize("way", sorted(ELEMENTWISE))
def test_functions_of_one_value_read_that_value_alone(way):
    net = network(body(lambda m, h: ELEMENTWISE[way](h)))
    mge = st.encode(net, (1, 3, 3))
    assert mge.layer_sizes == [9, 36, 2]
    assert mge.num_edges == 36 + 72


@pytest.mark.parametrize("way", sorted(NORMALISING))
def test_statistics_of_a_value_couple_nothing(way):
    """Seen by a convolution, which would read more if a statistic counted as data."""
    net = network(lambda m, x: m.fc(m.b2(NORMALISING[way](m.a(x))).flatten(1)))
    mge = st.encode(net, (1, 3, 3))
    assert mge.layer_sizes == [9, 36, 36, 2]
    assert mge.num_edges == 36 + 4 * 36 + 72


def network(function):
    torch.manual_seed(0)
    return Net(
        function,
        a=nn.Conv2d(1, 4, 1, bias=False),
        b=nn.Conv2d(1, 4, 1, bias=False),
        b2=nn.Conv2d(4, 4, 1, bias=False),
        se=nn.Conv2d(4, 4, 1, bias=False),
        lin=nn.Linear(4, 4, bias=False),
        fc=nn.Linear(36, 2, bias=False),
        fc2=nn.Linear(18, 2, bias=False),
        fc3=nn.Linear(4, 2, bias=False),
        fc4=nn.Linear(9, 2, bias=False),
    )


def chunks(m, h):
    first, second = h.chunk(2, 1)
    return torch.cat([first + second, first], 1)


WAYS = {
    "max(a(x), b(x))": lambda m, x: m.fc(torch.max(m.a(x), m.b(x)).flatten(1)),
    "maxout over channels": lambda m, x: m.fc2(m.a(x).view(1, 2, 2, 3, 3).amax(2).flatten(1)),
    "max feature map": lambda m, x: m.fc2(torch.max(*m.a(x).chunk(2, 1)).flatten(1)),
    "squeeze-excitation": body(lambda m, h: h * torch.sigmoid(m.se(h.mean((2, 3), keepdim=True)))),
    "gate without weights": body(lambda m, h: h * torch.sigmoid(h.mean((2, 3), keepdim=True))),
    "where(gate of another)": lambda m, x: m.fc(torch.where(m.a(x) > 0, m.b(x), 0.0).flatten(1)),
    "gated linear unit": lambda m, x: m.fc2(functional.glu(m.a(x), 1).flatten(1)),
    "global context": body(
        lambda m, h: h + (h.flatten(2) @ m.se(h)[:, :1].flatten(2).softmax(2).transpose(1, 2))[..., None]
    ),
    "permute, linear, back": body(lambda m, h: m.lin(h.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)),
    "maximum over positions": lambda m, x: m.fc3(m.a(x).flatten(2).max(2)[0]),
    "logsumexp over positions": lambda m, x: m.fc3(m.a(x).flatten(2).logsumexp(2)),
    "product over positions": lambda m, x: m.fc3(m.a(x).flatten(2).prod(2)),
    "mean, then mean": lambda m, x: m.fc3(m.a(x).mean(-1).mean(-1)),
    "norm over positions": lambda m, x: m.fc3(m.a(x).flatten(2).norm(dim=2)),
    "standard deviation over positions": lambda m, x: m.fc3(m.a(x).std((2, 3))),
    "sum of a stack": body(lambda m, h: torch.stack([h, h]).sum(0)),
    "transpose": body(lambda m, h: h.transpose(2, 3)),
    "mT": body(lambda m, h: h.mT),
    "flip": body(lambda m, h: h.flip(3)),
    "rot90": body(lambda m, h: h.rot90(1, (2, 3))),
    "roll": body(lambda m, h: h.roll(1, 3)),
    "index_select": body(lambda m, h: h.index_select(1, torch.tensor([3, 1, 2, 0]))),
    "index by a list": body(lambda m, h: h[:, [3, 1, 2, 0]]),
    "gather": body(lambda m, h: h.gather(1, torch.tensor([1, 1, 0, 2]).view(1, 4, 1, 1).expand(1, 4, 3, 3))),
    "expand": body(lambda m, h: h[:, 0:1].expand(-1, 4, -1, -1)),
    "repeat": body(lambda m, h: h[:, 0:1].repeat(1, 4, 1, 1)),
    "repeat_interleave": body(lambda m, h: h[:, 0:2].repeat_interleave(2, 1)),
    "unfold": lambda m, x: m.fc(functional.unfold(m.a(x), 1).flatten(1)),
    "unfold and fold": body(lambda m, h: functional.fold(functional.unfold(h, 2), (3, 3), 2)),
    "einsum": body(lambda m, h: torch.einsum("bchw,dc->bdhw", h, m.lin.weight)),
    "tensordot": body(lambda m, h: torch.tensordot(h, m.lin.weight, ([1], [1])).permute(0, 3, 1, 2)),
    "matmul with a parameter": lambda m, x: m.a(x).flatten(1) @ m.fc.weight.T,
    "parameter before the data": lambda m, x: (m.fc.weight @ m.a(x).flatten(1).T).T,
    "cumulated sum": body(lambda m, h: h.cumsum(3)),
    "unbind": lambda m, x: m.fc(torch.cat([t[:, None] for t in m.a(x).unbind(1)], 1).flatten(1)),
    "integer index": lambda m, x: m.fc4(m.a(x)[:, 0].flatten(1)),
    "chunk and add": body(chunks),
    "narrow": lambda m, x: m.fc2(m.a(x).narrow(1, 1, 2).flatten(1)),
    "tensor_split": lambda m, x: m.fc2(m.a(x).tensor_split(2, 1)[1].flatten(1)),
    "pixel shuffle": lambda m, x: m.fc(functional.pixel_shuffle(m.b2(m.a(x)), 2).flatten(1)),
    "channel shuffle": body(lambda m, h: nn.ChannelShuffle(2)(h)),
    "diagonal": lambda m, x: m.fc3(m.a(x).diagonal(dim1=2, dim2=3)[..., 0]),
    "average by a constant matrix": lambda m, x: m.fc2((m.a(x).flatten(2) @ torch.ones(9, 9) / 9)[:, :2].flatten(1)),
    "sum of pooled copies that overlap": body(
        lambda m, h: functional.max_pool2d(functional.pad(h, (1, 1, 1, 1)), 3, 1)
        + functional.avg_pool2d(functional.pad(h, (0, 1, 1, 0)), 2, 1)
        + functional.max_pool2d(functional.pad(h, (2, 0, 0, 0)), (1, 3), 1)
    ),
    "sum of shifted copies": body(lambda m, h: h.roll(1, 2) + h.roll(-1, 2)),
    "element of the batch": lambda m, x: m.fc(m.a(x)[0].flatten())[None],
    "squeeze away the batch": lambda m, x: m.fc(m.a(x).squeeze(0).reshape(1, -1)),
}  # fmt: skip


@pytest.mark.parametrize("way", sorted(WAYS))
def test_way_of_writing(way):
    assert_agrees(network(WAYS[way]), (1, 3, 3))


def asserted(m, x):
    h = m.a(x)
    assert not torch.isnan(h).any()
    return m.fc(h.flatten(1))


def printed(m, x):
    h = m.a(x)
    f"{h.mean()}"
    return m.fc(h.flatten(1))


def shape_dependent(m, x):
    h = m.a(x)
    return m.fc(h.flatten(1)) if h.shape[2] > 2 and h.numel() else h


@pytest.mark.parametrize("function", [asserted, printed, shape_dependent])
def test_looks_that_change_nothing_work_or_are_refused(function):
    works_or_is_refused(lambda: st.encode(network(function), (1, 3, 3)).num_edges, 36 + 72, "Net")


def constant_decides(m, x):
    """Models of the transformers library look whether positions are consecutive."""
    if (torch.arange(x.shape[1] + 3).diff() != 1).any() or float(m.fc.weight.shape[0]) != 2.0:
        return x
    return m.fc(m.a(x).flatten(1))


def test_a_look_at_constants_is_free():
    assert st.encode(network(constant_decides), (1, 3, 3)).num_edges == 36 + 72


class SqueezedBlock(nn.Module):
    """Squeeze-excitation at the end of a block with a projection: the gated path is no shortcut."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)
        self.first, self.second = nn.Conv2d(2, 1, 1), nn.Conv2d(1, 2, 1)
        self.projection, self.fc = nn.Conv2d(2, 2, 1), nn.Linear(8, 3)

    def forward(self, x):
        x = self.a(x)
        y = self.c(self.b(x).relu())
        y = y * self.second(self.first(y.mean((2, 3), keepdim=True)).relu()).sigmoid()
        return self.fc((y + self.projection(x)).relu().flatten(1))


def test_a_gated_path_beside_a_projection_is_read():
    mge = assert_agrees(SqueezedBlock(), (1, 2, 2))
    names = [layer.name for layer in mge.plan.node_layers]
    matrix, offsets = mge.to_scipy(), mge.layer_offsets
    gated = next(n for n, name in enumerate(names) if name == "c")
    read_by_last = matrix[offsets[gated] : offsets[gated + 1], offsets[-2] : offsets[-1]]
    assert read_by_last.nnz == 8 * 3
