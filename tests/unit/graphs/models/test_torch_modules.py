"""What torch offers ready-made, and small networks of the usual designs, each beside the oracle."""

import pytest
import torch
from tests.autograd_oracle import oracle_graph
from tests.oracle.agreement import Net, assert_agrees
from tests.oracle.comparison import assert_same_graph
from torch import nn
from torch.nn import functional

import sparsetopo as st


class Causal(nn.Module):
    """Attention of a small GPT, with the mask as a buffer."""

    def __init__(self, width, heads, length):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("mask", torch.ones(1, 1, length, length).tril())

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            t.view(batch, length, self.heads, -1).transpose(1, 2)
            for t in self.qkv(x).split(width, 2)
        )
        scores = (q @ k.transpose(-2, -1)) * (k.shape[-1] ** -0.5)
        scores = scores.masked_fill(self.mask[:, :, :length, :length] == 0, float("-inf"))
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width))


class GPT(nn.Module):
    """Token and position embeddings, blocks with causal attention, and a head that shares the embedding's weight."""

    def __init__(self, width=4, length=5, layers=2):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(7, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({
                "first": nn.LayerNorm(width),
                "attention": Causal(width, 2, length),
                "second": nn.LayerNorm(width),
                "mlp": nn.Sequential(nn.Linear(width, 6), nn.GELU(), nn.Linear(6, width)),
            })
            for _ in range(layers)
        )  # fmt: skip
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 7, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = x + block["attention"](block["first"](x))
            x = x + block["mlp"](block["second"](x))
        return self.head(self.norm(x))


class UNet(nn.Module):
    """Down, up by a transposed convolution, and a concatenation across."""

    def __init__(self):
        super().__init__()
        self.a, self.down = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 3, 3, 2, 1)
        self.up, self.out = nn.ConvTranspose2d(3, 2, 2, 2), nn.Conv2d(4, 1, 1)

    def forward(self, x):
        first = self.a(x).relu()
        return self.out(torch.cat([self.up(self.down(first).relu()), first], 1))


class Decoder(nn.Module):
    """A GAN's generator: a linear layer to a map, then transposed convolutions."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(3, 2 * 2 * 3), nn.Unflatten(1, (2, 2, 3)), nn.BatchNorm2d(2), nn.ReLU(True),
            nn.ConvTranspose2d(2, 2, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), nn.ConvTranspose2d(2, 1, 3, 1, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x):
        return self.body(x)


class ConvGRU(nn.Module):
    """Recurrence over frames (T, C, H, W) with convolutions as gates."""

    def __init__(self):
        super().__init__()
        self.gates, self.new = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 2, 1)

    def forward(self, x):
        state = x.new_zeros(len(x), 2, *x.shape[3:])
        for frame in x.unbind(1):
            update, reset = self.gates(torch.cat([frame, state], 1)).sigmoid().chunk(2, 1)
            new = self.new(torch.cat([frame, reset * state], 1)).tanh()
            state = (1 - update) * state + update * new
        return state


def encoder_layer(**options):
    return nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, **options)


def decoder_layer(**options):
    layer = nn.TransformerDecoderLayer(4, 2, 6, batch_first=True, **options)
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    return Net(lambda m, x: m.layer(m.target(x), m.memory(x), tgt_mask=mask), layer=layer,
               target=nn.Linear(4, 4), memory=nn.Linear(4, 4))  # fmt: skip


def recurrent(kind, **options):
    layer = getattr(nn, kind)(3, 2, batch_first=True, **options)
    width = (options.get("proj_size") or 2) * (2 if options.get("bidirectional") else 1)
    return Net(lambda m, x: m.out(m.layer(x)[0][:, -1]), layer=layer, out=nn.Linear(width, 2))


def cell(kind):
    def forward(m, x):
        state = None
        for step in x.unbind(1):
            state = m.cell(step, state)
        return m.out(state[0] if kind == "LSTMCell" else state)

    return Net(forward, cell=getattr(nn, kind)(3, 2), out=nn.Linear(2, 2))


def volumes():
    return nn.Sequential(
        nn.Conv3d(1, 2, 3, padding=1), nn.BatchNorm3d(2), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(2, 2, (1, 2, 2), groups=2),
        nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(2, 3),
    )  # fmt: skip


def temporal():
    return nn.Sequential(
        nn.Conv1d(2, 3, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv1d(3, 3, 2, 2, groups=3), nn.AdaptiveMaxPool1d(2),
        nn.Flatten(), nn.Linear(6, 2),
    )  # fmt: skip


def cross_attention():
    layers = {
        "mha": nn.MultiheadAttention(4, 2, kdim=3, vdim=3, batch_first=True),
        "q": nn.Linear(3, 4),
    }
    return Net(lambda m, x: m.mha(m.q(x[:, :2]), x, x)[0], **layers)


def shared_keys():
    """Grouped queries: two heads of queries read one head of keys and values."""

    def forward(m, x):
        q = m.q(x).view(len(x), -1, 2, 2).transpose(1, 2)
        k, v = (layer(x)[:, None].expand(-1, 2, -1, -1) for layer in (m.k, m.v))
        return m.out(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    return Net(
        forward, q=nn.Linear(4, 4), k=nn.Linear(4, 2), v=nn.Linear(4, 2), out=nn.Linear(4, 4)
    )


def channel_attention(channels=4, pad=lambda gate: functional.pad(gate, (1, 1)), **options):
    """Efficient channel attention, whose gates are a convolution along the channels, in both ways of pooling."""

    def forward(m, x):
        maps = m.a(x)
        means, peaks = maps.mean((2, 3))[:, None], maps.amax((2, 3))[:, None]
        gates = m.e(pad(means)) + m.f(pad(peaks))
        return m.c(
            maps * gates.sigmoid().repeat_interleave(channels // gates.shape[2])[:, None, None]
        )

    layers = {name: nn.Conv1d(1, 1, 3, **options) for name in ("e", "f")}
    return Net(forward, a=nn.Conv2d(1, channels, 1), c=nn.Conv2d(channels, 2, 2), **layers)


MODELS = {
    "channel attention": (lambda: channel_attention(), (1, 2, 3)),
    "channel attention around": (
        lambda: channel_attention(pad=lambda gate: functional.pad(gate, (1, 1), mode="circular")),
        (1, 2, 3),
    ),
    "channel attention with steps": (lambda: channel_attention(stride=2), (1, 2, 3)),
    "channel attention, dilated": (
        lambda: channel_attention(padding=1, dilation=2),
        (1, 2, 3),
    ),
    "encoder layer": (lambda: encoder_layer(), (3, 4)),
    "encoder layer, norm first": (
        lambda: encoder_layer(norm_first=True, activation="gelu"),
        (3, 4),
    ),
    "encoder": (lambda: nn.TransformerEncoder(encoder_layer(), 2, nn.LayerNorm(4)), (3, 4)),
    "decoder layer": (lambda: decoder_layer(), (3, 4)),
    "decoder layer, norm first": (lambda: decoder_layer(norm_first=True), (3, 4)),
    "transformer": (
        lambda: Net(
            lambda m, x: m.t(x, x[:, :2]), t=nn.Transformer(4, 2, 1, 1, 6, batch_first=True)
        ),
        (3, 4),
    ),
    "cross attention": (cross_attention, (4, 3)),
    "grouped queries": (shared_keys, (3, 4)),
    "RNN": (lambda: recurrent("RNN"), (4, 3)),
    "GRU": (lambda: recurrent("GRU"), (4, 3)),
    "LSTM": (lambda: recurrent("LSTM"), (4, 3)),
    "LSTM with projections": (lambda: recurrent("LSTM", proj_size=1), (3, 3)),
    "GRU of two layers": (lambda: recurrent("GRU", num_layers=2), (3, 3)),
    "bidirectional LSTM": (lambda: recurrent("LSTM", bidirectional=True), (3, 3)),
    "RNN without biases": (lambda: recurrent("RNN", bias=False, nonlinearity="relu"), (3, 3)),
    "RNN cells": (lambda: cell("RNNCell"), (3, 3)),
    "GRU cells": (lambda: cell("GRUCell"), (3, 3)),
    "LSTM cells": (lambda: cell("LSTMCell"), (3, 3)),
    "three-dimensional": (volumes, (1, 4, 4, 4)),
    "one-dimensional": (temporal, (2, 8)),
    "generator": (Decoder, (3,)),
    "U-Net": (UNet, (1, 4, 6)),
    "convolutional GRU": (ConvGRU, (2, 1, 2, 2)),
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_module_has_the_edges_of_the_oracle(name):
    torch.manual_seed(0)
    make, shape = MODELS[name]
    assert_agrees(make(), shape)


def test_gates_along_channels_take_as_many_blocks_whatever_the_channels():
    few, many = (st.trace(channel_attention(channels), (1, 2, 2)) for channels in (8, 64))
    assert len(few.blocks) == len(many.blocks)
    assert [layer.channels for layer in many.node_layers] == [1, 64, 64, 2]


@pytest.mark.parametrize("attention", ["all", "values"])
def test_small_gpt(attention):
    torch.manual_seed(0)
    model, ids = GPT(), torch.tensor([[1, 2, 3, 4]])
    mge = st.encode(model, example=ids, attention=attention)
    assert_same_graph(mge, oracle_graph(model, ids, attention=attention))


def test_small_gpt_with_masks():
    torch.manual_seed(0)
    model, ids = GPT(layers=1), torch.tensor([[1, 2, 3]])
    masks = {
        name: torch.rand(weight.shape) < 0.5
        for name, weight in model.named_parameters()
        if weight.dim() > 1 and ("blocks" in name or name == "tokens.weight")
    }
    mge = st.encode(model, masks=masks, example=ids)
    assert_same_graph(mge, oracle_graph(model, ids, masks))
