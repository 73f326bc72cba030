"""The parts of a plan: node layers, spatial incidences, and the blocks of edges that they describe.

The edges of a block are a product of kernels, rows and columns (``docs/graph.md``, section 3).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NodeLayer:
    """One part of the multipartite graph: channels x height x width nodes, numbered in that order."""

    name: str
    channels: int
    height: int
    width: int

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.channels * self.height * self.width


@dataclass(frozen=True)
class Axis:
    """Incidence along one spatial axis: distinct triples (source position, tap, target position).

    They are sorted by (target, source, tap). Positions count from 0 in their node layer; those of the input include its
    frame.
    """

    sources: tuple[int, ...]
    taps: tuple[int, ...]
    targets: tuple[int, ...]

    def pairs_by_tap(self, taps: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """(source positions, target positions) of each tap."""
        triples = (self.sources, self.taps, self.targets)
        sources, tap_of, targets = (np.array(values, dtype=np.int64) for values in triples)
        return [(sources[tap_of == tap], targets[tap_of == tap]) for tap in range(taps)]

    def tap_counts(self, taps: int) -> NDArray[np.int64]:
        """Number of (source, target) pairs of each tap, shape (taps,)."""
        return np.bincount(np.array(self.taps, dtype=np.int64), minlength=taps)


def outputs_first(array: NDArray[Any], groups: int) -> NDArray[Any]:
    """Weights of a transposed convolution, (in, out / groups, *kernel), as (out, in / groups, *kernel)."""
    # The inputs of one group are contiguous.
    by_group = array.reshape(groups, array.shape[0] // groups, *array.shape[1:]).swapaxes(1, 2)
    return by_group.reshape(groups * by_group.shape[1], *by_group.shape[2:])


@dataclass(frozen=True)
class Block:
    """One bipartite block of edges between the node layers of index `source` and `target`, source < target.

    It joins `outputs` target channels from `target_channel` on to ``groups * inputs`` source channels from
    `source_channel` on. Output o belongs to group ``o // (outputs // groups)``, and its input i is source channel
    ``source_channel + group * inputs + i``.

    `parameter` names the weight tensor; it is None for an identity shortcut, whose weights are 1. `kind` is "conv",
    "linear", "transposed" (convolution) or "identity". `input_offset` is the first input channel (of each group) that
    is read; of a linear layer, the first column. `kernel` is (height, width); of a linear layer, of the map that was
    flattened. `parameter_groups` counts the groups of the whole layer; after a concatenation the block may hold only
    some of them. `rows` and `columns` are indices into the plan's `axes`.
    """

    parameter: str | None
    kind: str
    source: int
    target: int
    source_channel: int
    target_channel: int
    input_offset: int
    inputs: int
    outputs: int
    groups: int
    parameter_groups: int
    kernel: tuple[int, int]
    rows: int
    columns: int

    @property
    def source_channels(self) -> int:
        """Number of source channels that the block reads."""
        return self.groups * self.inputs

    def kernels(self, array: NDArray[Any] | None) -> NDArray[Any]:
        """Part of a parameter (or of its mask) that this block uses, as (outputs, inputs, kh, kw).

        `array` is the whole parameter in PyTorch's shape; it is ignored for an identity shortcut, whose kernels are
        float32 ones. The result is a view of it, except for grouped transposed convolutions.
        """
        height, width = self.kernel
        if self.kind == "identity":
            return np.ones((self.outputs, 1, 1, 1), dtype=np.float32)
        assert array is not None
        outputs = slice(self.target_channel, self.target_channel + self.outputs)
        if self.kind == "linear":
            columns = slice(self.input_offset, self.input_offset + self.inputs * height * width)
            return array[outputs, columns].reshape(self.outputs, self.inputs, height, width)
        inputs = slice(self.input_offset, self.input_offset + self.inputs)
        if self.kind == "transposed":
            array = outputs_first(array, self.parameter_groups)
        return array.reshape(array.shape[0], array.shape[1], height, width)[outputs, inputs]
