"""Blocks of edges from what an operation reads and the node layers that it writes; blocks share equal axes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from sparsetopo.graphs.plan_parts import Axis, Block, ChannelMap
from sparsetopo.graphs.planning.incidences import (
    Incidence,
    convolution_incidence,
    pointwise_incidence,
)
from sparsetopo.graphs.planning.kernels import kernel_parts
from sparsetopo.graphs.planning.readings import Frame, Reading
from sparsetopo.graphs.planning.recording import Convolution, Ids, Matrix, Site, Weight
from sparsetopo.graphs.planning.windows import Windows


@dataclass
class BlockBuilder:
    """Collects blocks, axes and parameters; `index` gives the node layer of each leaf."""

    index: Mapping[int, int]
    frame: Frame
    blocks: list[Block] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    channel_maps: list[ChannelMap] = field(default_factory=list)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _axis_index: dict[Axis, int] = field(default_factory=dict)
    _map_index: dict[ChannelMap, int] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        """Add the blocks of a reading."""
        site = reading.site
        if site is None:
            self._shortcut(reading)
            return
        kind = site.kind
        assert isinstance(kind, Matrix | Convolution)
        weight = kind.weight
        known = self.parameters.setdefault(weight.parameter, weight.parameter_shape)
        if known != weight.parameter_shape:
            raise site.origin.fail(
                f"parameter '{weight.parameter}' has two shapes, {known} and {weight.parameter_shape}."
            )
        if isinstance(kind, Matrix):
            self._matrix(reading, weight)
        else:
            self._convolution(reading, kind)

    def _shortcut(self, reading: Reading) -> None:
        """Identity shortcut, weight 1: a depthwise 1x1 convolution of each run of channels."""
        box = reading.box
        rows = pointwise_incidence(
            self._windows(box.grid.leaf, box.grid.rows, 1), box.rows, box.of_rows[:1]
        )
        columns = pointwise_incidence(
            self._windows(box.grid.leaf, box.grid.columns, 2), box.columns, box.of_columns[:1]
        )
        starts = np.flatnonzero(np.diff(box.inputs, prepend=-2) != 1)
        for first, last in zip(starts, [*starts[1:], len(box.inputs)], strict=True):
            channels = [box.grid.channels[i] for i in box.channels[first:last]]
            self._append(
                reading,
                None,
                (len(channels), 1, 1, 1, 1),
                0,
                (1, 1, 1, 1, 1),
                channels,
                int(box.inputs[first]),
                rows,
                columns,
            )

    def _matrix(self, reading: Reading, weight: Weight) -> None:
        """A product with a matrix: its inputs may be taps of a kernel, as behind flattened maps and patches."""
        box, target = reading.box, reading.target
        of_output, of_input = weight.strides
        for part in kernel_parts(box):
            rows = pointwise_incidence(
                self._windows(box.grid.leaf, box.grid.rows, 1), box.rows, part.of_rows
            )
            columns = pointwise_incidence(
                self._windows(box.grid.leaf, box.grid.columns, 2), box.columns, part.of_columns
            )
            channels = [() if i < 0 else box.grid.channels[i] for i in part.channels.tolist()]
            shape = (1, len(target.channels), len(channels), *part.taps)
            offset = weight.offset + of_output * target.channels.start + of_input * part.first
            strides = (0, of_output, *(of_input * step for step in part.steps))
            self._append(
                reading, weight.parameter, shape, offset, strides, channels, target.first, rows, columns
            )  # fmt: skip

    def _convolution(self, reading: Reading, kind: Convolution) -> None:
        box, target, site = reading.box, reading.target, reading.site
        assert site is not None
        framed = self.frame if box.grid.leaf in self.frame.leaves and reading.is_framed else None
        rows, columns = convolution_incidence(
            kind,
            site.operands[0].shape,
            site.shape,
            self._windows(box.grid.leaf, box.grid.rows, 1),
            self._windows(box.grid.leaf, box.grid.columns, 2),
            box,
            framed,
        )
        weight = kind.weight
        height, width = int(np.prod(weight.shape[2:-1], dtype=np.int64)), weight.shape[-1]
        spatial = _folded_strides(site, weight)
        if kind.transposed:
            group_inputs, group_outputs = weight.shape[0] // kind.groups, weight.shape[1]
            of_input, of_output = weight.strides[:2]
            of_group = group_inputs * of_input
        else:
            group_inputs, group_outputs = weight.shape[1], weight.shape[0] // kind.groups
            of_output, of_input = weight.strides[:2]
            of_group = group_outputs * of_output
        first, last = int(box.inputs[0]), int(box.inputs[-1]) + 1
        by_input: list[tuple[int, ...]] = [()] * (last - first)
        for number, i in zip(box.inputs.tolist(), box.channels.tolist(), strict=True):
            by_input[number - first] = box.grid.channels[i]
        for start, skipped, inputs, groups in group_pieces(first, last - first, group_inputs):
            group = start // group_inputs
            outputs = range(group * group_outputs, (group + groups) * group_outputs)
            chosen = range(
                max(outputs.start, target.channels.start), min(outputs.stop, target.channels.stop)
            )
            if not chosen:
                continue
            if chosen != outputs and groups > 1:
                raise site.origin.fail(
                    "a part of the groups of a grouped convolution is added to others."
                )
            per_group = group_outputs if chosen == outputs else len(chosen)
            offset = (
                weight.offset
                + group * of_group
                + skipped * of_input
                + (chosen.start - outputs.start) * of_output
            )
            self._append(
                reading,
                weight.parameter,
                (groups, per_group, inputs, height, width),
                offset,
                (of_group, of_output, of_input, *spatial),
                by_input[start - first : start - first + groups * inputs],
                target.first + chosen.start - target.channels.start,
                rows,
                columns,
            )

    def _windows(self, leaf: int, windows: Windows, coordinate: int) -> Windows:
        """Windows in positions of the node layer: of the input with its frame."""
        if leaf not in self.frame.leaves:
            return windows
        places = self.frame.rows() if coordinate == 1 else self.frame.columns()
        known = {window: tuple(places[list(window)].tolist()) for window in set(windows)}
        return tuple(known[window] for window in windows)

    def _append(
        self,
        reading: Reading,
        parameter: str | None,
        shape: tuple[int, ...],
        offset: int,
        strides: tuple[int, ...],
        channels: list[tuple[int, ...]],
        target_channel: int,
        rows: Incidence,
        columns: Incidence,
    ) -> None:
        row_axis = self._axis(rows, reading.target.rows)
        column_axis = self._axis(columns, reading.target.columns)
        source_channel, channel_map = self._channels(channels)
        self.blocks.append(
            Block(
                parameter,
                self.index[reading.box.grid.leaf],
                self.index[reading.target.leaf.number],
                tuple(map(int, shape)),  # type: ignore[arg-type]
                int(offset),
                tuple(map(int, strides)),  # type: ignore[arg-type]
                source_channel,
                channel_map,
                target_channel,
                row_axis,
                column_axis,
            )
        )

    def _channels(self, channels: list[tuple[int, ...]]) -> tuple[int, int | None]:
        """First source channel if the inputs read one each, in order; else 0 and the index of a map."""
        first = channels[0][0] if channels and channels[0] else 0
        if all(read == (first + number,) for number, read in enumerate(channels)):
            return first, None
        made = ChannelMap.of(channels)
        if made not in self._map_index:
            self._map_index[made] = len(self.channel_maps)
            self.channel_maps.append(made)
        return 0, self._map_index[made]

    def _axis(self, incidence: Incidence, target: Ids) -> int:
        targets = target[incidence.targets]
        kept = targets >= 0
        axis = Axis.of(incidence.sources[kept], incidence.taps[kept], targets[kept])
        if axis not in self._axis_index:
            self._axis_index[axis] = len(self.axes)
            self.axes.append(axis)
        return self._axis_index[axis]


def _folded_strides(site: Site, weight: Weight) -> tuple[int, int]:
    """Strides of the kernel's rows (depth and height, folded) and columns."""
    *rows, column = weight.strides[2:]
    sizes = weight.shape[2:-1]
    if not rows:
        return 0, column
    for stride, inner, size in zip(rows, rows[1:], sizes[1:], strict=False):
        if stride != inner * size:
            raise site.origin.fail("its kernel is a transposed view of a three-dimensional one.")
    return rows[-1], column


def group_pieces(start: int, channels: int, group_inputs: int) -> list[tuple[int, int, int, int]]:
    """Cut input channels start..start+channels of a grouped convolution along its groups.

    A piece is (first input channel, offset within its group, inputs per group, groups); adjacent whole groups are one.
    """
    pieces: list[tuple[int, int, int, int]] = []
    first, stop = start, start + channels
    while first < stop:
        offset = first % group_inputs
        whole = (stop - first) // group_inputs if offset == 0 else 0
        inputs = group_inputs if whole else min(group_inputs - offset, stop - first)
        pieces.append((first, offset, inputs, max(whole, 1)))
        first += inputs * max(whole, 1)
    return pieces
