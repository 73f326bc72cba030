"""Random small networks that use every feature of the encoding, as lists of steps.

`draw_network` takes a function that chooses from a list, so that hypothesis and a plain random
generator both serve. A step is a tuple whose first item names it; `StepNetwork.run` is its meaning
in PyTorch.
"""

import itertools
import math

import torch
from torch import nn
from torch.nn import functional

POOLS = {
    "max": lambda x: functional.max_pool2d(x, 2),
    "max_overlapping": lambda x: functional.max_pool2d(x, 3, 2, 1),
    "max_ceil": lambda x: functional.max_pool2d(x, (2, 3), 2, (0, 1), ceil_mode=True),
    "max_dilated": lambda x: functional.max_pool2d(x, 2, 1, 0, dilation=2),
    "avg": lambda x: functional.avg_pool2d(x, 2),
    "avg_overlapping": lambda x: functional.avg_pool2d(x, 3, 1, 1),
    "avg_rectangular": lambda x: functional.avg_pool2d(x, (1, 2), (1, 2)),
    "adaptive": lambda x: functional.adaptive_avg_pool2d(x, (2, 3)),
    "adaptive_max": lambda x: functional.adaptive_max_pool2d(x, 3),
    "lp": lambda x: functional.lp_pool2d(x, 2, 2),
    "global": lambda x: x.mean((2, 3), keepdim=True),
    "nearest": lambda x: functional.interpolate(x, scale_factor=2),
    "bilinear": lambda x: functional.interpolate(x, size=(5, 7), mode="bilinear"),
    "zero_pad": lambda x: functional.pad(x, (1, 0, 2, 1)),
    "crop": lambda x: x[:, :, 1:, :-1],
    "circular": lambda x: functional.pad(x, (1, 1, 1, 1), mode="circular"),
    "reflect": lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect"),
    "replicate": lambda x: functional.pad(x, (1, 2, 0, 1), mode="replicate"),
}
SHAPE_KEEPING = ("avg_overlapping",)


class StepNetwork(nn.Module):
    """Network of a list of steps; weighted layers are modules `layer<n>` without bias."""

    def __init__(self, input_shape, steps, layers):
        super().__init__()
        self.input_shape, self.steps = input_shape, steps
        self.layers = nn.ModuleDict(layers)

    def forward(self, x):
        return self.run(self.steps, x)

    def run(self, steps, x):
        for name, *settings in steps:
            if name == "layer":
                x = self.layers[settings[0]](x)
            elif name == "relu":
                x = x.relu()
            elif name == "pool":
                x = POOLS[settings[0]](x)
            elif name == "residual":  # settings: main path, list of projection shortcuts, identity?
                main, projections, identity = settings
                total = self.run(main, x)
                for projection in projections:
                    total = total + self.run(projection, x)
                x = total + x if identity else total
            elif name == "concat":
                x = torch.cat([self.run(branch, x) for branch in settings[0]], 1)
            elif name == "sum":  # of operands that are not fresh
                x = sum(self.run(branch, x) for branch in settings[0])
            elif name == "flatten":
                x = x.flatten(1)
        return x


class _Builder:
    """Draws steps, keeping track of the shape they lead to."""

    def __init__(self, choose):
        self.choose, self.layers = choose, {}

    def layer(self, module):
        name = f"layer{len(self.layers)}"
        self.layers[name] = module
        return ("layer", name)

    def shape_after(self, steps, shape):
        network = StepNetwork(shape, steps, self.layers)
        with torch.no_grad():
            return tuple(network(torch.zeros(1, *shape)).shape[1:])

    def conv(self, shape, outputs=None, stride=None, kernel=None, same=False):
        channels = shape[0]
        groups = self.choose([g for g in (1, 1, channels, 2) if channels % g == 0])
        outputs = outputs or groups * self.choose([1, 2])
        if outputs % groups:
            groups = 1
        kernel = kernel or self.choose([3, 3, 1, 2, (1, 3), (3, 2)])
        stride = stride or self.choose([1, 1, 2, (2, 1), 3])
        dilation = self.choose([1, 1, 1, 2, (1, 2)])
        padding = self.choose([0, 1, 1, (1, 2), 2])
        if same:
            stride, padding = 1, "same"
        return self.layer(
            nn.Conv2d(channels, outputs, kernel, stride, padding, dilation, groups, bias=False)
        )

    def transposed(self, shape):
        groups = self.choose([g for g in (1, shape[0]) if shape[0] % g == 0])
        outputs = groups * self.choose([1, 2])
        kernel, stride = self.choose([2, 3, (3, 2)]), self.choose([1, 2])
        padding, dilation = self.choose([0, 1]), self.choose([1, 2])
        return self.layer(
            nn.ConvTranspose2d(
                shape[0], outputs, kernel, stride, padding, 0, groups, False, dilation
            )
        )

    def residual(self, shape):
        outputs, stride = self.choose([shape[0], 2, 3]), self.choose([1, 1, 2])
        first = self.layer(nn.Conv2d(shape[0], outputs, 3, stride, 1, bias=False))
        second = self.layer(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False))
        same = stride == 1 and outputs == shape[0]
        count = self.choose([0, 1, 2]) if same else self.choose([1, 1, 2])
        projections = [
            [self.layer(nn.Conv2d(shape[0], outputs, 1, stride, bias=False))] for _ in range(count)
        ]
        identity = same and (count == 0 or self.choose([True, False]))
        return ("residual", [first, ("relu",), second], projections, identity)

    def concat(self, shape):
        branches = []
        for _ in range(self.choose([2, 3])):
            kind = self.choose(["conv", "conv", "pool", "keep"])
            steps = [("pool", "avg_overlapping")] if kind == "pool" else []
            if kind == "conv":
                steps = [self.conv(shape, kernel=self.choose([1, 3, 2]), same=True), ("relu",)]
            branches.append(steps)
        return ("concat", branches)

    def sum(self, shape):
        outputs = self.choose([1, 2])
        branches = [
            [self.conv(shape, outputs, same=True), ("pool", pool)]
            for pool in (self.choose(["avg_overlapping", "replicate"]),) * self.choose([2, 3])
        ]
        return ("sum", branches)

    def step(self, shape):
        kind = self.choose(
            ["conv", "conv", "pool", "pool", "residual", "residual", "concat", "transposed", "sum"]
        )
        if kind == "pool":
            return ("pool", self.choose(sorted(POOLS)))
        return getattr(self, kind)(shape)


def draw_network(choose):
    """Draw a network of at most four steps and a head; at most 250 elements a map."""
    builder = _Builder(choose)
    if choose([True] + [False] * 9):
        widths = [choose([3, 5, 8]) for _ in range(choose([2, 3, 4]))]
        steps = [builder.layer(nn.Linear(a, b, bias=False)) for a, b in itertools.pairwise(widths)]
        return StepNetwork((widths[0],), steps, builder.layers)
    input_shape = (choose([1, 2, 3]), choose([4, 5, 7, 8]), choose([4, 6, 7]))
    shape, steps = input_shape, []
    for _ in range(choose([1, 2, 3, 4])):
        step = builder.step(shape)
        try:
            new = builder.shape_after([step], shape)
        except (RuntimeError, ValueError):  # the kernel or window does not fit the map
            continue
        if min(new) > 0 and math.prod(new) <= 250:
            steps += [step, ("relu",)]
            shape = new
    head = choose(["flatten", "global", "none", "conv"])
    if head in ("flatten", "global"):
        steps += [("pool", "global")] * (head == "global") + [("flatten",)]
        length = builder.shape_after(steps, input_shape)[0]
        steps.append(builder.layer(nn.Linear(length, 3, bias=False)))
    elif head == "conv" or not any(name in str(steps) for name in builder.layers):
        steps.append(builder.layer(nn.Conv2d(shape[0], 2, 1, bias=False)))
    used = {name: module for name, module in builder.layers.items() if f"'{name}'" in str(steps)}
    return StepNetwork(input_shape, steps, used)
