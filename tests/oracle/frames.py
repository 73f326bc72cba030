"""The input's frame: zero padding of convolutions that read the input directly belongs to the first layer."""

import math

import torch
from torch.nn import functional


class Frames:
    """Edges from framed inputs, computed once all paddings are known.

    A convolution reads the input directly in those of its channels that are, element by element, one channel of the
    input at the same position.
    """

    def __init__(self):
        self.inputs = {}  # layer -> shape of one sample
        self.paddings = {}  # layer -> largest padding of each spatial axis

    def deferred(self, node, kernels, reads, shape, edges):
        """Replace the edges of a convolution from inputs that it reads directly."""
        if node.args[6] or len(shape) < 3:
            return edges
        result = []
        for (layer, matrix), plain in zip(reads, edges, strict=True):
            channels = self._direct_channels(layer, matrix, shape)
            if not channels:
                result.append(plain)
                continue
            padding = list(node.args[4]) * (
                1 if len(node.args[4]) == len(shape) - 2 else len(shape) - 2
            )
            known = self.paddings.setdefault(layer, [0] * len(padding))
            self.paddings[layer] = [max(a, b) for a, b in zip(known, padding, strict=True)]
            magnitudes, kept = (
                _Deferred(node, k, matrix, channels, shape, padding) for k in kernels
            )
            result.append((layer, magnitudes, kept))
        return result

    def _direct_channels(self, layer, matrix, shape):
        """{channel of the operand: channel of the input that it is}."""
        size = self.inputs.get(layer)
        if size is None or tuple(size[1:]) != tuple(shape[2:]):
            return {}
        places = math.prod(size[1:])
        by_channel = matrix.reshape(size[0], places, shape[1], places)
        eye = torch.eye(places, dtype=torch.float64)
        found = {}
        for channel in range(shape[1]):
            sources = [c for c in range(size[0]) if by_channel[c, :, channel].any()]
            if len(sources) == 1 and torch.equal(by_channel[sources[0], :, channel], eye):
                found[channel] = sources[0]
        return found

    def assemble(self, layers):
        """Give framed inputs their nodes, and every edge from them its place among these."""
        for framed, frame in self.paddings.items():
            channels, *sizes = self.inputs[framed]
            wide = [n + 2 * f for n, f in zip(sizes, frame, strict=True)]
            numbers = torch.arange(channels * math.prod(wide)).reshape(channels, *wide)
            inner = numbers[
                (slice(None), *(slice(f, f + n) for f, n in zip(frame, sizes, strict=True)))
            ]
            for layer in layers:
                layer.incoming = [
                    self._lifted(source, m, kept, framed, numbers, inner.flatten(), frame)
                    for source, m, kept in layer.incoming
                ]
            framed.canonical = torch.arange(numbers.numel())

    def _lifted(self, source, magnitudes, kept, framed, numbers, inner, frame):
        if source is not framed:
            return source, magnitudes, kept
        if isinstance(magnitudes, _Deferred):
            return (
                source,
                magnitudes.edges(numbers, inner, frame),
                kept.edges(numbers, inner, frame) > 0.5,
            )
        wide = torch.zeros(numbers.numel(), magnitudes.shape[1], dtype=torch.float64)
        wide_kept = wide.bool()
        wide[inner], wide_kept[inner] = magnitudes, kept
        return source, wide, wide_kept


class _Deferred:
    """One matrix of edges of a convolution from a framed input."""

    def __init__(self, node, kernel, matrix, channels, shape, padding):
        self.node, self.kernel, self.matrix = node, kernel, matrix
        self.channels, self.shape, self.padding = channels, shape, padding
        self.targets = None

    def with_targets(self, units):
        self.targets = units if self.targets is None else self.targets[units]
        return self

    def edges(self, numbers, inner, frame):
        """(nodes of the framed input, units of the convolution's output)."""
        around = [p for pad in reversed(self.padding) for p in (pad, pad)]
        rows = torch.zeros(numbers.numel(), *self.shape, dtype=torch.float64)
        rows[inner] = self.matrix.reshape(-1, *self.shape)
        rows = functional.pad(rows, around)[:, 0]
        outer = torch.ones(self.shape[2:])
        outer = functional.pad(1 - outer, around, value=1.0).bool()
        seen = tuple(
            slice(f - p, numbers.shape[axis + 1] - (f - p))
            for axis, (f, p) in enumerate(zip(frame, self.padding, strict=True))
        )
        for channel, source in self.channels.items():
            nodes = numbers[source][seen]
            for place in outer.nonzero().tolist():
                rows[(int(nodes[tuple(place)]), channel, *place)] = 1
        args = self.node.args
        result = self.node.target(
            rows,
            self.kernel,
            None,
            args[3],
            [0] * len(self.padding),
            args[5],
            False,
            [0] * len(self.padding),
            args[8],
        )
        result = result.flatten(1)
        return result if self.targets is None else result[:, self.targets]
