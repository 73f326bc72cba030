"""Steps on tokens, (1, T, F): token-wise layers, blocks of transformers, recurrence; and from maps to tokens."""

import torch
from tests.model_steps.attention import attention
from tests.oracle.aten import statistic
from torch import nn
from torch.nn import functional


def token_norm(b, width):
    kind = b.choose(["layer", "root", "layer written out", "root written out"])
    b.uses(f"token normalisation: {kind}")
    if kind == "layer":
        name = b.add(nn.LayerNorm(width))
    elif kind == "root":
        name = b.add(nn.RMSNorm(width))
    else:
        return layer_norm if kind == "layer written out" else root_norm
    return lambda m, x: m.layers[name](x)


def layer_norm(m, x):
    mean = statistic(x.mean(-1, keepdim=True))
    return (x - mean) / statistic(torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5))


def root_norm(m, x):
    return x * statistic(torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


def token_linear(b, shape):
    name = b.linear(shape[1], b.choose([2, 3, 4]))
    b.uses("token-wise linear")
    return lambda m, x: functional.gelu(m.layers[name](x))


def feed_forward(b, shape):
    first, second = b.linear(shape[1], 4), b.linear(4, shape[1])
    norm, before = token_norm(b, shape[1]), b.choose([True, False])
    b.uses("identity shortcut", "token-wise linear")

    def run(m, x):
        y = m.layers[second](functional.gelu(m.layers[first](norm(m, x) if before else x)))
        return x + y if before else norm(m, x + y)

    return run


def swiglu(b, shape):
    first, second, out = b.linear(shape[1], 3), b.linear(shape[1], 3), b.linear(3, shape[1])
    b.uses("SwiGLU")
    return lambda m, x: x + m.layers[out](functional.silu(m.layers[first](x)) * m.layers[second](x))


def attention_block(b, shape):
    name, norm = attention(b, *shape), token_norm(b, shape[1])
    return lambda m, x: x + m.layers[name](norm(m, x))


def plain_attention(b, shape):
    name = attention(b, *shape)
    return lambda m, x: m.layers[name](x)


class Constant(nn.Module):
    """A learned tensor."""

    def __init__(self, *shape):
        super().__init__()
        self.values = nn.Parameter(torch.randn(*shape))


def class_token(b, shape):
    token, linear = b.add(Constant(1, 1, shape[1])), b.linear(shape[1], shape[1])
    b.uses("class token")
    return lambda m, x: m.layers[linear](
        torch.cat([m.layers[token].values.expand(1, -1, -1), x], 1)
    )


def position_embedding(b, shape):
    name, linear = b.add(Constant(1, *shape)), b.linear(shape[1], shape[1])
    b.uses("position embedding")
    return lambda m, x: m.layers[linear](x + m.layers[name].values)


def temporal_conv(b, shape):
    name = b.add(nn.Conv1d(shape[1], 3, b.choose([2, 3]), b.choose([1, 2]), 1, bias=False))
    b.uses("convolution over tokens")
    return lambda m, x: m.layers[name](x.transpose(1, 2)).transpose(1, 2)


def moved_tokens(b, shape):
    kind, linear = b.choose(["roll", "flip", "slice", "pool"]), b.linear(shape[1], 3)
    b.uses("moved tokens")
    function = {
        "roll": lambda x: x.roll(1, 1),
        "flip": lambda x: x.flip(1),
        "slice": lambda x: x[:, 1:],
        "pool": lambda x: torch.cat([x, x.mean(1, keepdim=True)], 1),
    }[kind]
    return lambda m, x: m.layers[linear](function(x))


def recurrent(b, shape):
    kind = b.choose(["RNN", "GRU", "LSTM"])
    name = b.add(getattr(nn, kind)(shape[1], 2, batch_first=True), kind)
    b.explicit_masks = False
    return lambda m, x: m.layers[name](x)[0]


def unrolled(b, shape):
    first, second = b.linear(shape[1], 2), b.linear(2, 2)
    b.uses("recurrence by hand", "shared weights")

    def run(m, x):
        state = m.layers[first](x[:, 0]).tanh()
        states = [state]
        for step in range(1, x.shape[1]):
            state = torch.tanh(m.layers[first](x[:, step]) + m.layers[second](state))
            states.append(state)
        return torch.stack(states, 1)

    return run


STEPS = [
    token_linear, feed_forward, swiglu, attention_block, attention_block, plain_attention, class_token,
    position_embedding,
]  # fmt: skip
# What mixes neighbouring tokens makes sense along a sequence, not along the rows of a map one after another.
SEQUENCE_STEPS = [
    *STEPS,
    temporal_conv,
    moved_tokens,
    *[recurrent] * 5,
    unrolled,
]


def nhwc_linear(b, shape):
    """Linear layers on the channels of a map, as in ConvNeXt."""
    first, second = b.linear(shape[0], 3), b.linear(3, shape[0])
    depthwise = b.conv(shape[0], shape[0], 3, 1, 1, 1, shape[0])
    b.uses("linear layer on a permuted map", "identity shortcut")

    def run(m, x):
        y = m.layers[depthwise](x).permute(0, 2, 3, 1)
        y = m.layers[second](functional.gelu(m.layers[first](y)))
        return x + y.permute(0, 3, 1, 2)

    return run


def patches(b, shape):
    """Tokens from a map, by a strided convolution or by unfolding and a linear layer; None if it is too small."""
    size, width = 2, b.choose([2, 4])
    kind = b.choose(["conv", "unfold", "reshape"])
    b.uses("patch embedding", f"patch embedding: {kind}")
    if kind == "conv":
        name = b.conv(shape[0], width, size, size)
        return lambda m, x: m.layers[name](x).flatten(2).transpose(1, 2)
    name = b.linear(shape[0] * size * size, width)
    if kind == "unfold":
        return lambda m, x: m.layers[name](functional.unfold(x, size, stride=size).transpose(1, 2))

    def run(m, x):
        height, breadth = x.shape[2] // 2, x.shape[3] // 2
        x = x[:, :, : height * 2, : breadth * 2].reshape(len(x), x.shape[1], height, 2, breadth, 2)
        return m.layers[name](x.permute(0, 2, 4, 3, 5, 1).reshape(len(x), height * breadth, -1))

    return run
