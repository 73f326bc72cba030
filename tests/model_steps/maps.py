"""Steps from maps to maps, (1, C, H, W): convolutions, gates, normalisations, residual blocks, pooling."""

import torch
from tests.oracle.aten import statistic
from tests.random_networks import POOLS
from torch import nn
from torch.nn import functional


def conv(b, shape):
    channels = shape[0]
    groups = b.choose([g for g in (1, 1, channels, 2) if channels % g == 0])
    outputs = groups * b.choose([1, 2, 3] if groups == 1 else [1, 2])
    kernel = b.choose([3, 3, 1, 2, (1, 3), (3, 2)])
    stride, dilation = b.choose([1, 1, 2, (2, 1), 3]), b.choose([1, 1, 2, (1, 2)])
    padding = b.choose([0, 1, 1, (1, 2)])
    b.uses(
        "convolution", *(["grouped"] * (groups > 1)), *(["depthwise"] * (groups == channels > 1))
    )
    b.uses(*(["strided"] * (stride != 1)), *(["dilated"] * (dilation != 1)))
    name = b.conv(channels, outputs, kernel, stride, padding, dilation, groups)
    return lambda m, x: m.layers[name](x).relu()


def transposed_conv(b, shape):
    groups = b.choose([1, shape[0]])
    settings = {
        "stride": b.choose([1, 2]),
        "padding": b.choose([0, 1]),
        "dilation": b.choose([1, 2]),
    }
    outputs = groups * b.choose([1, 2])
    layer = nn.ConvTranspose2d(
        shape[0], outputs, b.choose([2, 3, (3, 2)]), groups=groups, bias=False, **settings
    )
    name = b.add(layer, "transposed convolution")
    return lambda m, x: m.layers[name](x).relu()


def pool(b, shape):
    kind = b.choose(sorted(POOLS))
    b.uses("interpolation" if kind in ("nearest", "bilinear") else "pooling")
    return lambda m, x: POOLS[kind](x)


def shared_conv(b, shape):
    name = b.conv(shape[0], shape[0], 3, 1, 1)
    b.uses("shared weights")
    return lambda m, x: m.layers[name](m.layers[name](x).relu())


def residual(b, shape):
    """Two convolutions, with normalisation and a gate or not, beside the identity or projections."""
    first, norm = b.conv(shape[0], shape[0], 3, 1, 1), normalisation(b, shape)
    second = b.conv(shape[0], shape[0], 3, 1, 1)
    gate = b.choose([None, None, squeeze_excitation])
    gate = gate and gate(b, shape)
    projected = not gate and b.choose([True, False])
    projection = b.conv(shape[0], shape[0], 1) if projected else None
    b.uses("identity shortcut" if projection is None else "projection shortcut")

    def run(m, x):
        y = m.layers[second](norm(m, m.layers[first](x)).relu())
        y = gate(m, y) if gate else y
        return (y + (x if projection is None else m.layers[projection](x))).relu()

    return run


def in_place_residual(b, shape):
    """`+=` on a value of which a view was taken before; the view is what is read on."""
    first, second = b.conv(shape[0], 2), b.conv(shape[0], 2)
    b.uses("view before +=")

    def run(m, x):
        y = m.layers[first](x)
        view = y.view(len(y), 2, -1)
        y += m.layers[second](x).relu().roll(1, 1)
        return view.view_as(y)

    return run


def slice_assignment(b, shape):
    first, second = b.conv(shape[0], 3), b.conv(3, 1, 3, 1, 1)
    b.uses("slice assignment")
    rows = b.choose([slice(None), slice(1, None)])

    def run(m, x):
        y = 2 * m.layers[first](x)
        y[:, 1:2, rows] = m.layers[second](y.clone())[:, :, rows]
        return y

    return run


def squeeze_excitation(b, shape):
    """Gate of one number a channel, by 1x1 convolutions or linear layers."""
    middle = b.choose([1, 2])
    b.uses("squeeze-excitation")
    if b.sometimes("gate by linear layers"):
        first, second = b.linear(shape[0], middle), b.linear(middle, shape[0])
        return lambda m, x: (
            x * m.layers[second](m.layers[first](x.mean((2, 3))).relu()).sigmoid()[:, :, None, None]
        )
    first, second = b.conv(shape[0], middle), b.conv(middle, shape[0])
    return lambda m, x: (
        x * m.layers[second](m.layers[first](functional.adaptive_avg_pool2d(x, 1)).relu()).sigmoid()
    )


def spatial_gate(b, shape):
    """Gate of one number a position, from the channels' mean and maximum."""
    name = b.conv(2, 1, 3, 1, 1)
    b.uses("spatial gate")
    return lambda m, x: (
        x
        * m.layers[name](torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)).sigmoid()
    )


def concatenation_gate(b, shape):
    """Squeeze-excitation on a concatenation of a convolution and its input."""
    name = b.conv(shape[0], 2, 3, 1, 1)
    gate = squeeze_excitation(b, (shape[0] + 2, *shape[1:]))
    b.uses("gate on a concatenation", "concatenation")
    return lambda m, x: gate(m, torch.cat([m.layers[name](x).relu(), x], 1))


def gated_product(b, shape):
    first, second = b.conv(shape[0], 2, 3, 1, 1), b.conv(shape[0], 2)
    b.uses("product of two layers")
    return lambda m, x: m.layers[first](x).tanh() * m.layers[second](x).sigmoid()


def glu(b, shape):
    name = b.conv(shape[0], 4)
    b.uses("gated linear unit")
    return lambda m, x: functional.glu(m.layers[name](x), 1)


ACTIVATIONS = [
    lambda x: x * torch.sigmoid(x),
    lambda x: x * (x > 0),
    lambda x: torch.where(x > 0, x, 0.1 * x),
    lambda x: x * functional.relu6(x + 3) / 6,
    lambda x: x * torch.tanh(functional.softplus(x)),
    lambda x: torch.maximum(x, 0.1 * x),
    lambda x: x / (1 + x.abs()),
    functional.hardswish,
    functional.gelu,
    functional.silu,
    functional.mish,
]


def activation(b, shape):
    """One value, element by element, however it is written."""
    name, function = b.conv(shape[0], 2), b.choose(ACTIVATIONS)
    b.uses("activation written out")
    return lambda m, x: function(m.layers[name](x))


def normalisation(b, shape):
    kind = b.choose(["batch", "group", "instance", "layer", "standardised", "norm", "root"])
    b.uses(f"normalisation: {kind}")
    modules = {
        "batch": lambda: nn.BatchNorm2d(shape[0]),
        "group": lambda: nn.GroupNorm(1, shape[0]),
        "instance": lambda: nn.InstanceNorm2d(shape[0], affine=True),
        "layer": lambda: nn.LayerNorm(shape[0]),
    }
    if kind in modules:
        name = b.add(modules[kind]())
        if kind == "layer":
            return lambda m, x: m.layers[name](x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return lambda m, x: m.layers[name](x)
    return {
        "standardised": standardised,
        "norm": lambda m, x: x / statistic(x.norm(dim=1, keepdim=True) + 1e-6),
        "root": lambda m, x: x * statistic(torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6)),
    }[kind]


def standardised(m, x):
    mean = statistic(x.mean((2, 3), keepdim=True))
    variance = statistic(((x - mean) ** 2).mean((2, 3), keepdim=True))
    return (x - mean) / torch.sqrt(variance + 1e-5)


def normalised_conv(b, shape):
    name = b.conv(shape[0], b.choose([2, 3]), 3, 1, 1)
    norm = normalisation(b, (b.layers[name].weight.shape[0], *shape[1:]))
    return lambda m, x: norm(m, m.layers[name](x)).relu()


def branches(b, shape):
    """Concatenation of a convolution, pooling, and the value itself."""
    name = b.conv(shape[0], 2, 3, 1, 1)
    b.uses("concatenation")
    return lambda m, x: torch.cat([m.layers[name](x), functional.max_pool2d(x, 3, 1, 1), x], 1)


def resized(b, shape):
    """A convolution that reads a larger map."""
    kind, name = b.choose(["nearest", "bilinear"]), b.conv(shape[0], 2, 3, 2, 1)
    b.uses("interpolation")
    return lambda m, x: m.layers[name](POOLS[kind](x))


def projected(b, shape):
    """A strided block and its projection, as a ResNet's stages begin."""
    outputs = b.choose([2, 3])
    first, second = b.conv(shape[0], outputs, 3, 2, 1), b.conv(outputs, outputs, 3, 1, 1)
    shortcut, norm = b.conv(shape[0], outputs, 1, 2), normalisation(b, (outputs, *shape[1:]))
    b.uses("projection shortcut")
    return lambda m, x: (
        norm(m, m.layers[second](m.layers[first](x).relu())) + m.layers[shortcut](x)
    ).relu()


STEPS = [
    *[conv] * 3, *[transposed_conv] * 2, *[pool] * 2, shared_conv, *[residual] * 2, projected, *[in_place_residual] * 2,
    *[slice_assignment] * 2, *[squeeze_excitation] * 2, *[spatial_gate] * 2, *[concatenation_gate] * 2,
    *[gated_product] * 2, *[glu] * 2, *[activation] * 2, *[normalised_conv] * 6, *[branches] * 2, *[resized] * 2,
]  # fmt: skip
