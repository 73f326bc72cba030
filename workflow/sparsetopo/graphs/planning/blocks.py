"""Blocks of edges from a symbolic value to the layer that reads it; blocks share equal axes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sparsetopo.graphs.plan import Axis, Block
from sparsetopo.graphs.planning import windows
from sparsetopo.graphs.planning.recording import Convolution, Linear, Operation, Padding
from sparsetopo.graphs.planning.values import Segment, Term, Value
from sparsetopo.graphs.planning.windows import Triple, Windows

INPUT = 0  # number of the value that is the model's input


@dataclass(frozen=True)
class Frame:
    """Rows and columns of zero padding around the input, whose elements are nodes."""

    top: int
    bottom: int
    left: int
    right: int

    def enlarged(self, padding: Padding) -> "Frame":
        """Smallest frame that holds this one and `padding`."""
        (top, bottom), (left, right) = padding
        return Frame(
            max(self.top, top),
            max(self.bottom, bottom),
            max(self.left, left),
            max(self.right, right),
        )


def reads_input(term: Term, height: int, width: int) -> bool:
    """Whether a term is the input itself (height x width), neither pooled nor cropped nor padded."""
    return (
        term.producer == INPUT
        and term.rows == windows.identity(height)
        and term.columns == windows.identity(width)
    )


@dataclass
class BlockBuilder:
    """Collects blocks, axes and parameters; `index` gives the node layer of each producer."""

    index: Mapping[int, int]
    frame: Frame
    input_size: tuple[int, int]
    blocks: list[Block] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _axis_index: dict[Axis, int] = field(default_factory=dict)

    def weighted(self, operation: Operation, value: Value, target: int) -> None:
        """Add the blocks of a weighted layer: one per term, or several if the term cuts through groups."""
        kind = operation.kind
        assert isinstance(kind, Convolution | Linear)
        known = self.parameters.setdefault(kind.parameter, kind.parameter_shape)
        if known != kind.parameter_shape:
            raise operation.fail(
                f"parameter '{kind.parameter}' has two shapes, {known} and {kind.parameter_shape}."
            )
        start = 0
        for segment in value:
            for term in segment.terms:
                if isinstance(kind, Linear):
                    self._linear(kind, segment, term, start, target)
                else:
                    self._convolution(kind, operation, segment, term, start, target)
            start += segment.size if isinstance(kind, Linear) else segment.channels

    def shortcut(self, operation: Operation, value: Value, target: int) -> None:
        """Add the blocks of an identity shortcut, weight 1: a depthwise 1x1 convolution."""
        start = 0
        for segment in value:
            if operation.shape.flat and segment.height * segment.width > 1:
                raise operation.fail(
                    "adds a flattened map to a vector, which identity shortcuts cannot express; "
                    "encode with identity_shortcuts=False."
                )
            for term in segment.terms:
                rows, columns = self._source_windows(term)
                self._append(
                    term,
                    (windows.pointwise(rows), windows.pointwise(columns)),
                    parameter=None,
                    kind="identity",
                    target=target,
                    source_channel=term.channel,
                    target_channel=start,
                    input_offset=0,
                    inputs=1,
                    outputs=segment.channels,
                    groups=segment.channels,
                    parameter_groups=segment.channels,
                    kernel=(1, 1),
                )
            start += segment.channels

    def _linear(self, kind: Linear, segment: Segment, term: Term, column: int, target: int) -> None:
        rows, columns = self._source_windows(term)
        self._append(
            term,
            (windows.full_kernel(rows), windows.full_kernel(columns)),
            parameter=kind.parameter,
            kind="linear",
            target=target,
            source_channel=term.channel,
            target_channel=0,
            input_offset=column,
            inputs=segment.channels,
            outputs=kind.parameter_shape[0],
            groups=1,
            parameter_groups=1,
            kernel=(segment.height, segment.width),
        )

    def _convolution(
        self,
        kind: Convolution,
        operation: Operation,
        segment: Segment,
        term: Term,
        start: int,
        target: int,
    ) -> None:
        rows, columns = self._source_windows(term)
        padding = (kind.padding[0][0], kind.padding[1][0])
        if not kind.transposed and reads_input(term, *self.input_size):
            # The convolution reads the frame too, which may be wider than its own padding.
            rows = windows.gather(range(len(rows) + self.frame.top + self.frame.bottom))
            columns = windows.gather(range(len(columns) + self.frame.left + self.frame.right))
            padding = (padding[0] - self.frame.top, padding[1] - self.frame.left)
        triples = (
            _convolution_axis(kind, 0, rows, padding[0], operation.shape.height),
            _convolution_axis(kind, 1, columns, padding[1], operation.shape.width),
        )
        shape = kind.parameter_shape
        if kind.transposed:
            group_inputs, group_outputs = shape[0] // kind.groups, shape[1]
        else:
            group_inputs, group_outputs = shape[1], shape[0] // kind.groups
        for first, offset, inputs, groups in group_pieces(start, segment.channels, group_inputs):
            self._append(
                term,
                triples,
                parameter=kind.parameter,
                kind="transposed" if kind.transposed else "conv",
                target=target,
                source_channel=term.channel + first - start,
                target_channel=first // group_inputs * group_outputs,
                input_offset=offset,
                inputs=inputs,
                outputs=groups * group_outputs,
                groups=groups,
                parameter_groups=kind.groups,
                kernel=kind.kernel,
            )

    def _source_windows(self, term: Term) -> tuple[Windows, Windows]:
        """Windows of a term, in positions of its node layer (of the input: with its frame)."""
        if term.producer != INPUT:
            return term.rows, term.columns
        return windows.shifted(term.rows, self.frame.top), windows.shifted(
            term.columns, self.frame.left
        )

    def _append(self, term: Term, triples: tuple[list[Triple], list[Triple]], **block: Any) -> None:
        rows, columns = self._axis(triples[0]), self._axis(triples[1])
        self.blocks.append(
            Block(source=self.index[term.producer], rows=rows, columns=columns, **block)
        )

    def _axis(self, triples: list[Triple]) -> int:
        ordered = sorted(triples, key=lambda triple: (triple[2], triple[0], triple[1]))
        axis = Axis(
            tuple(source for source, _, _ in ordered),
            tuple(tap for _, tap, _ in ordered),
            tuple(target for _, _, target in ordered),
        )
        if axis not in self._axis_index:
            self._axis_index[axis] = len(self.axes)
            self.axes.append(axis)
        return self._axis_index[axis]


def _convolution_axis(
    kind: Convolution, axis: int, source: Windows, padding: int, outputs: int
) -> list[Triple]:
    triples = windows.transposed_convolution if kind.transposed else windows.convolution
    return triples(
        source, kind.kernel[axis], kind.stride[axis], padding, kind.dilation[axis], outputs
    )


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
