"""Attention as people write it, (1, T, F) -> (1, T, F), with and without masks; also on maps and in windows."""

import math

import torch
from torch import nn
from torch.nn import functional

MASKS = ["full", "full", "causal", "boolean", "additive"]
WRITINGS = ["bmm", "matmul", "scaled_dot_product_attention", "MultiheadAttention"]


def visible_pairs(b, tokens, kind):
    """Bool (T, T), True where a token sees another; every token sees itself."""
    if kind == "full":
        return None
    lower = torch.ones(tokens, tokens).tril().bool()
    if kind == "causal":
        return lower
    drawn = torch.tensor([[b.choose([True, False]) for _ in range(tokens)] for _ in range(tokens)])
    return drawn | torch.eye(tokens, dtype=torch.bool)


class Masked(nn.Module):
    """Projections of q, k and v, packed or apart, and what hides tokens from others."""

    def __init__(self, width, heads, visible, packed, writing, additive):
        super().__init__()
        self.width, self.heads, self.writing = width, heads, writing
        self.additive, self.causal = additive, False
        self.packed = packed
        if packed:
            self.qkv = nn.Linear(width, 3 * width)
        else:
            self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.register_buffer("visible", visible)

    def split(self, x):
        batch, tokens, _ = x.shape
        if self.packed:
            joint = self.qkv(x).reshape(batch, tokens, 3, self.heads, -1)
            return joint.permute(2, 0, 3, 1, 4).unbind(0)
        return [
            layer(x).view(batch, tokens, self.heads, -1).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        ]

    def forward(self, x):
        q, k, v = self.split(x)
        z = self.attend(q, k, v).transpose(1, 2).reshape(*x.shape[:2], -1)
        return self.out(z)

    def attend(self, q, k, v):
        if self.writing == "scaled_dot_product_attention":
            if self.causal:
                return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return functional.scaled_dot_product_attention(q, k, v, self.bias())
        scale = 1 / math.sqrt(q.shape[-1])
        if self.writing == "bmm":
            flat = [t.flatten(0, 1) for t in (q, k, v)]
            scores = self.hide(torch.bmm(flat[0], flat[1].transpose(1, 2)) * scale)
            return torch.bmm(scores.softmax(-1), flat[2]).view_as(q)
        scores = self.hide((q * scale) @ k.transpose(-2, -1))
        return functional.softmax(scores, dim=-1) @ v

    def bias(self):
        if self.visible is None or self.additive is None:
            return self.visible
        return torch.zeros(self.visible.shape).masked_fill(~self.visible, self.additive)

    def hide(self, scores):
        if self.visible is None:
            return scores
        if self.additive is None:
            return scores.masked_fill(~self.visible, float("-inf"))
        return scores + self.bias()


class Module(nn.Module):
    """nn.MultiheadAttention attending to itself; masks say which pairs are hidden."""

    def __init__(self, width, heads, visible, additive):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        mask = None if visible is None else ~visible
        if mask is not None and additive is not None:
            mask = torch.zeros(mask.shape).masked_fill(mask, additive)
        self.register_buffer("mask", mask)

    def forward(self, x):
        return self.attention(x, x, x, attn_mask=self.mask, need_weights=False)[0]


def attention(b, tokens, width):
    """Name of a layer of attention over `tokens` tokens."""
    kind, writing = b.choose(MASKS), b.choose(WRITINGS)
    heads = b.choose([1, 2]) if width % 2 == 0 else 1
    visible = visible_pairs(b, tokens, kind)
    additive = b.choose([float("-inf"), -1e9]) if kind == "additive" else None
    b.uses("attention", f"attention: {kind}", f"attention: {writing}")
    if writing == "MultiheadAttention":
        return b.add(Module(width, heads, visible, additive))
    packed = b.sometimes("attention: packed q, k, v")
    layer = Masked(width, heads, visible, packed, writing, additive)
    layer.causal = kind == "causal" and b.choose([True, False])
    return b.add(layer)


def as_tokens(x):
    return x.flatten(2).transpose(1, 2)


def as_map(x, shape):
    return x.transpose(1, 2).unflatten(2, shape[1:])


def on_map(b, shape):
    """Attention over all positions of a map, beside its input."""
    name = attention(b, shape[1] * shape[2], shape[0])
    b.uses("attention on a map")
    return lambda m, x: x + as_map(m.layers[name](as_tokens(x)), shape)


def beside_conv(b, shape):
    name = attention(b, shape[1] * shape[2], shape[0])
    conv = b.conv(shape[0], shape[0], 3, 1, 1)
    b.uses("attention beside convolution")
    if b.choose([True, False]):
        return lambda m, x: torch.cat(
            [m.layers[conv](x), as_map(m.layers[name](as_tokens(x)), shape)], 1
        )
    return lambda m, x: m.layers[conv](x) + as_map(m.layers[name](as_tokens(x)), shape)


def in_windows(b, shape):
    """Attention in windows of 2 x 2, rolled or not; what a roll brought together may be hidden again."""
    channels, height, width = shape[0], shape[1] // 2 * 2, shape[2] // 2 * 2
    layer = Masked(channels, 1, None, b.choose([True, False]), "matmul", None)
    shift = b.choose([0, 1, 1])
    b.uses("attention", "attention in windows", *(["attention in rolled windows"] * shift))
    if shift and b.sometimes("windows hidden from each other"):
        layer.register_buffer("visible", region_mask(height, width))
        layer.additive = -100.0
        layer.visible = layer.visible[:, None]
    name = b.add(layer)

    def run(m, x):
        y = x[:, :, :height, :width].permute(0, 2, 3, 1)
        y = y.roll((-shift, -shift), (1, 2)) if shift else y
        y = (
            y.view(len(y), height // 2, 2, width // 2, 2, channels)
            .transpose(2, 3)
            .reshape(-1, 4, channels)
        )
        y = m.layers[name](y).view(-1, height // 2, width // 2, 2, 2, channels).transpose(2, 3)
        y = y.reshape(-1, height, width, channels)
        y = y.roll((shift, shift), (1, 2)) if shift else y
        return x[:, :, :height, :width] + y.permute(0, 3, 1, 2)

    return run


def region_mask(height, width):
    """Bool (windows, 4, 4): pairs that were not torn apart by the roll."""
    regions = torch.zeros(height, width)
    regions[-1] += 1
    regions[:, -1] += 2
    windows = regions.view(height // 2, 2, width // 2, 2).transpose(1, 2).reshape(-1, 4)
    return windows[:, :, None] == windows[:, None]


MAP_STEPS = [on_map, *[beside_conv] * 2, *[in_windows] * 3]
