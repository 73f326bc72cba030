"""The parts of a plan: node layers, incidences of positions and channels, and the blocks of edges that they describe.

The edges of a block are a product of kernels, rows and columns (``docs/graph.md``, section 3).
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
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


@dataclass(frozen=True, eq=False)
class _Table:
    """Some int32 arrays, given as any integers; equal if they hold the same."""

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.array(getattr(self, field.name), dtype=np.int32)
            values.flags.writeable = False
            object.__setattr__(self, field.name, values)

    @cached_property
    def _content(self) -> tuple[bytes, ...]:
        return tuple(getattr(self, field.name).tobytes() for field in fields(self))

    @cached_property
    def _hash(self) -> int:
        return hash(self._content)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._content == other._content


@dataclass(frozen=True, eq=False)
class Axis(_Table):
    """Incidence along one spatial axis: distinct triples (source position, tap, target position).

    They are sorted by (target, source, tap). Positions count from 0 in their node layer; those of the input include its
    frame.
    """

    sources: NDArray[np.int32]
    taps: NDArray[np.int32]
    targets: NDArray[np.int32]

    @classmethod
    def of(cls, sources: Any, taps: Any, targets: Any) -> "Axis":
        """Axis of triples in any order, which may repeat."""
        target, source, tap = (np.asarray(v, dtype=np.int64) for v in (targets, sources, taps))
        if not target.size:
            return cls(sources, taps, targets)
        # One number for each triple: sorting these is far quicker than sorting rows.
        of_source, of_tap = int(source.max()) + 1, int(tap.max()) + 1
        numbers = (target * of_source + source) * of_tap + tap
        if not (numbers[1:] > numbers[:-1]).all():
            numbers = np.unique(numbers)
        pairs, tap = np.divmod(numbers, of_tap)
        target, source = np.divmod(pairs, of_source)
        return cls(source.astype(np.int32), tap.astype(np.int32), target.astype(np.int32))

    @property
    def is_ascending(self) -> bool:
        """Whether the triples are sorted, and each occurs once."""
        if len(self.targets) < 2:
            return True
        steps = [np.diff(v.astype(np.int64)) for v in (self.targets, self.sources, self.taps)]
        target, source, tap = steps
        ordered = (target > 0) | ((target == 0) & ((source > 0) | ((source == 0) & (tap > 0))))
        return bool(ordered.all())

    def pairs_by_tap(self, taps: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """(source positions, target positions) of each tap."""
        sources, targets = self.sources.astype(np.int64), self.targets.astype(np.int64)
        of_tap = [self.taps == tap for tap in range(taps)]
        return [(sources[chosen], targets[chosen]) for chosen in of_tap]

    def tap_counts(self, taps: int) -> NDArray[np.int64]:
        """Number of (source, target) pairs of each tap, shape (taps,)."""
        return np.bincount(self.taps, minlength=taps)


@dataclass(frozen=True, eq=False)
class ChannelMap(_Table):
    """Which source channels each input of a block reads: ``channels[starts[i] : starts[i + 1]]`` for input i."""

    starts: NDArray[np.int32]
    channels: NDArray[np.int32]

    @classmethod
    def of(cls, channels: "list[tuple[int, ...]]") -> "ChannelMap":
        """Map of the source channels of every input."""
        starts = np.cumsum([0, *map(len, channels)])
        return cls(starts, np.array([c for read in channels for c in read], dtype=np.int32))

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self.starts) - 1

    def read_by(self, inputs: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many channels each of some inputs reads, and these channels, input by input."""
        counts = np.diff(self.starts)[inputs].astype(np.int64)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        channels = self.channels[np.repeat(self.starts[inputs], counts) + within]
        return counts, channels.astype(np.int64)


def outputs_first(array: NDArray[Any], groups: int) -> NDArray[Any]:
    """Weights of a transposed convolution, (in, out / groups, *kernel), as (out, in / groups, *kernel)."""
    # The inputs of one group are contiguous.
    by_group = array.reshape(groups, array.shape[0] // groups, *array.shape[1:]).swapaxes(1, 2)
    return by_group.reshape(groups * by_group.shape[1], *by_group.shape[2:])


@dataclass(frozen=True)
class Block:
    """One bipartite block of edges between the node layers of index `source` and `target`, source < target.

    Attributes
    ----------
    parameter
        The weight tensor; None for an identity shortcut, whose weights are 1.
    shape, offset, strides
        Kernel [group, output of the group, input of the group, ky, kx] is element ``offset + indices @ strides`` of the
        flattened parameter.
    target_channel
        Output o of group g is target channel ``target_channel + g * shape[1] + o``.
    source_channel, channel_map
        Input i of group g is number ``g * shape[2] + i`` among the inputs: source channel ``source_channel`` + that
        number, or, if `channel_map` is the index of one of the plan's, all channels that the map lists.
    rows, columns
        Indices into the plan's `axes`; their taps are ky and kx.
    """

    parameter: str | None
    source: int
    target: int
    shape: tuple[int, int, int, int, int]
    offset: int
    strides: tuple[int, int, int, int, int]
    source_channel: int
    channel_map: int | None
    target_channel: int
    rows: int
    columns: int

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.shape[0]

    @property
    def outputs(self) -> int:
        """Number of target channels."""
        return self.shape[0] * self.shape[1]

    @property
    def inputs(self) -> int:
        """Number of inputs of one group."""
        return self.shape[2]

    @property
    def all_inputs(self) -> int:
        """Number of inputs of all groups."""
        return self.shape[0] * self.shape[2]

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width)."""
        return self.shape[3], self.shape[4]

    @property
    def is_identity(self) -> bool:
        """Whether the block is an identity shortcut."""
        return self.parameter is None

    @property
    def last_element(self) -> int:
        """Largest index into the flattened parameter."""
        steps = zip(self.shape, self.strides, strict=True)
        return self.offset + sum((size - 1) * stride for size, stride in steps)

    def kernels(self, array: NDArray[Any] | None) -> NDArray[Any]:
        """Part of a parameter (or of its mask) that this block uses, as (outputs, inputs, kh, kw).

        `array` is the whole parameter in PyTorch's shape; it is ignored for an identity shortcut, whose kernels are
        float32 ones. The result is a view where that is possible.
        """
        if self.parameter is None:
            return np.ones((self.outputs, *self.shape[2:]), dtype=np.float32)
        assert array is not None
        flat = np.ascontiguousarray(array).reshape(-1)[self.offset :]
        if self.last_element - self.offset >= max(len(flat), 1) and min(self.shape) > 0:
            raise ValueError(f"block of '{self.parameter}' lies outside of it")
        strides = tuple(stride * flat.itemsize for stride in self.strides)
        view = as_strided(flat, self.shape, strides, writeable=False)
        return view.reshape(self.outputs, *self.shape[2:])
