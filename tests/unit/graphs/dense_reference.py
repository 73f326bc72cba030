"""Slow independent reference: dense adjacency of a `StepNetwork`, by probing PyTorch.

Nothing of the library is used. A value is, for each node layer it depends on, a Boolean matrix
(elements x nodes); an operation's matrix is what PyTorch makes of unit vectors. Layers are counted
as the definition of the graph says.
"""

import math

import torch
from tests.random_networks import POOLS
from torch import nn
from torch.nn import functional


class Layer:
    """Node layer; `incoming` holds (source layer, weights, whether there is an edge)."""

    def __init__(self, order, shape):
        self.order, self.shape, self.incoming = order, shape, []

    @property
    def size(self):
        return math.prod(self.shape)


class Value:
    """`reads`: what each element depends on; `parts`: the values it was concatenated from."""

    def __init__(self, shape, reads, is_input=False, parts=None):
        self.shape, self.reads, self.is_input = shape, reads, is_input
        self.parts = parts or [self]


def unit_vectors(shape):
    size = math.prod(shape)
    return torch.eye(size, dtype=torch.float64).reshape(size, *shape)


def matrix_of(function, shape):
    """Return the (outputs, inputs) matrix of a linear function, and its result's shape."""
    result = function(unit_vectors(shape))
    return result.flatten(1).T, tuple(result.shape[1:])


class Reference:
    """Dense graph of a network; `weights` and `indicator` are (V, V), source -> target."""

    def __init__(self, network, masks, identity_shortcuts):
        self.network, self.masks, self.identity_shortcuts = network, masks, identity_shortcuts
        self.clock = 0
        shape = network.input_shape
        self.input = Layer(0, shape)
        self.layers = [self.input]
        self.frame = (0, 0, 0, 0)  # left, right, top, bottom as functional.pad has them
        self.on_input = []  # (weighted function of a framed input, target): known once the frame is
        self.shortcuts_on_input = []
        eye = torch.eye(self.input.size, dtype=torch.bool)
        self.run(network.steps, Value(shape, {self.input: eye}, True))
        self.assemble()

    def run(self, steps, value):
        for name, *settings in steps:
            if name == "layer":
                value = self.weighted(settings[0], value)
            elif name == "pool":
                matrix, shape = matrix_of(POOLS[settings[0]], value.shape)
                reach = (matrix.abs() > 0).double()
                reads = {k: (reach @ read.double()) > 0 for k, read in value.reads.items()}
                value = Value(shape, reads)
            elif name == "flatten":
                value = Value((math.prod(value.shape),), value.reads)
            elif name == "residual":
                value = self.residual(value, *settings)
            elif name == "concat":
                value = self.concatenate([self.run(branch, value) for branch in settings[0]])
            elif name == "sum":
                parts = [self.run(branch, value) for branch in settings[0]]
                reads = {}
                for part in parts:
                    for layer, read in part.reads.items():
                        reads[layer] = reads[layer] | read if layer in reads else read
                value = Value(parts[0].shape, reads)
        return value

    def weighted(self, name, value):
        module = self.network.layers[name]
        mask = self.masks[f"layers.{name}.weight"]
        magnitude = module.weight.detach().double().abs() * mask
        shape = tuple(module(torch.zeros(1, *value.shape)).shape[1:])
        self.clock += 1
        target = Layer(self.clock, shape)
        self.layers.append(target)
        start = 0
        for part in value.parts if isinstance(module, nn.Conv2d) else [value]:
            before, start = start, start + part.shape[0]
            self.connect(module, part, (before, value.shape[0] - start), (magnitude, mask), target)
        return Value(shape, {target: torch.eye(target.size, dtype=torch.bool)})

    def connect(self, module, part, others, kernels, target):
        """Edges from the part of a layer's input with `others` channels before and after it."""
        widen = (0, 0, 0, 0, *others) if any(others) else ()
        if part.is_input and isinstance(module, nn.Conv2d):
            padding = padding_of(module)
            self.frame = tuple(max(a, b) for a, b in zip(self.frame, padding, strict=True))
            self.on_input.append((module, padding, widen, *kernels, target))
            return
        edges, kept = (
            matrix_of(
                lambda x, w=w: apply(module, functional.pad(x, widen), w.double()), part.shape
            )[0]
            for w in kernels
        )
        for layer, read in part.reads.items():
            target.incoming.append((layer, edges @ read.double(), (kept @ read.double()) > 0))

    def residual(self, value, main, projections, identity):
        result = self.run(main, value)
        (target,) = result.reads
        for projection in projections:
            (other,) = self.run(projection, value).reads
            target.incoming += other.incoming
            target.order = other.order
            self.layers.remove(other)
            self.on_input = [
                (*rest, target if layer is other else layer) for *rest, layer in self.on_input
            ]
        if identity and self.identity_shortcuts:
            self.clock += 1
            target.order = self.clock
            for layer, read in value.reads.items():
                target.incoming.append((layer, read.double(), read))
        return result

    def concatenate(self, parts):
        layers = dict.fromkeys(layer for part in parts for layer in part.reads)
        reads = {
            layer: torch.cat(
                [
                    part.reads.get(
                        layer, torch.zeros(math.prod(part.shape), layer.size, dtype=torch.bool)
                    )
                    for part in parts
                ]
            )
            for layer in layers
        }
        channels = sum(part.shape[0] for part in parts)
        pieces = [piece for part in parts for piece in part.parts]
        return Value((channels, *parts[0].shape[1:]), reads, parts=pieces)

    def assemble(self):
        lift = None
        if any(self.frame):
            left, right, top, bottom = self.frame
            c, h, w = self.input.shape
            lift = (
                functional.pad(unit_vectors((c, h, w)), self.frame).flatten(1).bool()
            )  # nodes x framed
            self.input.shape = (c, h + top + bottom, w + left + right)
        for layer in self.layers:
            if lift is not None:
                layer.incoming = [
                    (s, e @ lift.double(), (k.double() @ lift.double()) > 0)
                    if s is self.input
                    else (s, e, k)
                    for s, e, k in layer.incoming
                ]
        for layer_on_input in self.on_input:
            self.connect_frame(*layer_on_input)
        self.layers.sort(key=lambda layer: layer.order)
        starts, total = {}, 0
        for layer in self.layers:
            starts[layer], total = total, total + layer.size
        self.weights = torch.zeros(total, total, dtype=torch.float64)
        self.indicator = torch.zeros(total, total, dtype=torch.bool)
        for layer in self.layers:
            columns = slice(starts[layer], starts[layer] + layer.size)
            for source, edges, kept in layer.incoming:
                rows = slice(starts[source], starts[source] + source.size)
                self.weights[rows, columns] += edges.T
                self.indicator[rows, columns] |= kept.T

    def connect_frame(self, module, padding, widen, magnitude, mask, target):
        """Edges of a convolution from the framed input, of which it sees what its own padding reaches."""
        crop = tuple(p - f for p, f in zip(padding, self.frame, strict=True))

        def edges(weight):
            def read(x):
                return unpadded(module, functional.pad(functional.pad(x, crop), widen), weight)

            return matrix_of(read, self.input.shape)[0]

        target.incoming.append((self.input, edges(magnitude), edges(mask.double()) > 0))

    @property
    def layer_sizes(self):
        return [layer.size for layer in self.layers]


def apply(module, x, weight):
    if isinstance(module, nn.Linear):
        return functional.linear(x.flatten(1), weight)
    if isinstance(module, nn.ConvTranspose2d):
        return functional.conv_transpose2d(
            x, weight, None, module.stride, module.padding, 0, module.groups, module.dilation
        )
    return functional.conv2d(
        x, weight, None, module.stride, module.padding, module.dilation, module.groups
    )


def padding_of(module):
    """Zero padding as functional.pad takes it; PyTorch puts the odd one of "same" at the end."""
    if module.padding != "same":
        (height, width) = module.padding
        return (width, width, height, height)
    totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    return tuple(side for total in reversed(totals) for side in (total // 2, total - total // 2))


def unpadded(module, x, weight):
    return functional.conv2d(x, weight, None, module.stride, 0, module.dilation, module.groups)
