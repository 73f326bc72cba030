"""Steps on maps that only move elements; a convolution behind each of them reads what was moved."""

import torch
from tests.model_steps.build import MOST_ELEMENTS
from torch import nn
from torch.nn import functional

MOVES = []


def moved(name):
    """Decorator: names a function of a map."""

    def decorate(function):
        MOVES.append((name, function))
        return function

    return decorate


def move(b, shape):
    """One to three moves, and a plain or strided convolution that reads what they give."""
    chosen = [b.choose(MOVES) for _ in range(b.choose([1, 2, 3]))]
    b.uses(*(name for name, _ in chosen))

    def run(x):
        for _, function in chosen:
            x = function(x)
        return x

    result = run(torch.zeros(1, *shape))
    if result.numel() > MOST_ELEMENTS:
        raise ValueError("too large")
    stride = b.choose([1, 2])
    layer = b.conv(result.shape[1], 2, b.choose([1, 3]), stride, 1)
    b.uses(*(["moves before a strided convolution"] * (stride - 1)))
    return lambda m, x: m.layers[layer](run(x))


@moved("pixel shuffle")
def shuffle(x):
    return functional.pixel_shuffle(x.repeat_interleave(4 // gcd4(x), 1), 2)


def gcd4(x):
    return {0: 4, 2: 2}.get(x.shape[1] % 4, 1)


@moved("pixel unshuffle")
def unshuffle(x):
    return functional.pixel_unshuffle(x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2], 2)


@moved("pixel unshuffle")
def space_to_depth(x):
    height, width = x.shape[2] // 2, x.shape[3] // 2
    x = x[:, :, : height * 2, : width * 2].reshape(len(x), x.shape[1], height, 2, width, 2)
    return x.permute(0, 3, 5, 1, 2, 4).reshape(len(x), -1, height, width)


@moved("channel shuffle")
def channel_shuffle(x):
    x = torch.cat([x, x.flip(1)], 1)
    return x.view(len(x), 2, -1, *x.shape[2:]).transpose(1, 2).reshape_as(x)


@moved("channel shuffle")
def channel_shuffle_module(x):
    return nn.ChannelShuffle(2)(torch.cat([x, x], 1))


@moved("transpose")
def swap_axes(x):
    return x.transpose(2, 3)


@moved("flip")
def flip(x):
    return x.flip(3)


@moved("roll")
def roll(x):
    return x.roll((1, -1), (2, 3))


@moved("slice")
def crop(x):
    return x[:, :, ::2, 1:]


@moved("pad")
def pad(x):
    return functional.pad(x, (1, 0, 0, 2))


@moved("expand")
def expand(x):
    return x[:, :1].expand(-1, 3, -1, -1)


@moved("index_select")
def index_select(x):
    return x.index_select(1, torch.arange(x.shape[1] - 1, -1, -1))


@moved("index_select")
def advanced_index(x):
    return x[:, [0, *range(x.shape[1])]]


@moved("stack")
def stack(x):
    return torch.stack([x, x.flip(2)], 1).flatten(1, 2)


@moved("unbind")
def unbind(x):
    return torch.cat([part[:, None] for part in reversed(x.unbind(1))], 1)


@moved("chunk")
def chunk(x):
    first, *rest = torch.cat([x, x.roll(1, 3)], 1).chunk(2, 1)
    return torch.cat([*rest, first[:, :1]], 1)


@moved("repeat")
def repeat(x):
    return x.repeat(1, 2, 1, 1)
