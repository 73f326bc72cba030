"""From a recorded run to a plan: which values are node layers, and which blocks join them. Torch-free.

``docs/graph.md``, section 1, has the rules. An addition merges its *fresh* operands into one node layer: outputs of a
convolution or linear layer (or of such an addition) that have the addition's shape and that only this addition reads,
through elementwise operations at most.

Node layers are ordered by when their last producer ran (with identity shortcuts, by the last addition that a shortcut
enters), so that every block goes from a lower to a higher index.
"""

from dataclasses import dataclass, field

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.plan import NodeLayer, Plan
from sparsetopo.graphs.planning import values
from sparsetopo.graphs.planning.blocks import INPUT, BlockBuilder, Frame, reads_input
from sparsetopo.graphs.planning.recording import (
    Add,
    Channels,
    Concatenate,
    Convolution,
    Elementwise,
    Input,
    Linear,
    Operation,
    Recording,
    Reshape,
    Window,
)
from sparsetopo.graphs.planning.values import Value


@dataclass
class _Layer:
    """A node layer under construction; `position` is the operation that determines its order."""

    channels: int
    height: int
    width: int
    position: int
    producers: list[int]
    shortcuts: list[tuple[Operation, Value]] = field(default_factory=list)


class _Resolver:
    """One pass over the recording."""

    def __init__(self, recording: Recording, identity_shortcuts: bool) -> None:
        self.recording = recording
        self.identity_shortcuts = identity_shortcuts
        self.live = recording.live()
        self.readers = recording.readers()
        self.values: dict[int, Value] = {}
        self.layers: dict[int, _Layer] = {}  # by producer; merged layers share one object
        self.merging: set[int] = set()  # additions whose result is a node layer

    def plan(self) -> Plan:
        for operation in self.recording.operations:
            if self.live[operation.output]:
                self.values[operation.output] = self._value(operation)
        ordered = sorted(
            {id(layer): layer for layer in self.layers.values()}.values(),
            key=lambda layer: layer.position,
        )
        index = {producer: n for n, layer in enumerate(ordered) for producer in layer.producers}
        frame = self._frame()
        size = self.recording.operations[INPUT].shape
        builder = BlockBuilder(index, frame, (size.height, size.width))
        for number, layer in enumerate(ordered):
            for producer in layer.producers:
                operation = self.recording.operations[producer]
                if operation.inputs:
                    builder.weighted(operation, self.values[operation.inputs[0]], number)
            for operation, value in layer.shortcuts:
                builder.shortcut(operation, value, number)
        if not builder.blocks:
            raise EncodingError(
                "The model's output depends on no convolution and no linear layer, so there is no graph to build."
            )
        return Plan(
            input_shape=self.recording.input_shape,
            identity_shortcuts=self.identity_shortcuts,
            node_layers=tuple(self._node_layer(layer, frame) for layer in ordered),
            axes=tuple(builder.axes),
            blocks=tuple(builder.blocks),
            parameters=builder.parameters,
            outputs=self._outputs(index),
        )

    def _value(self, operation: Operation) -> Value:
        inputs = [self.values[value] for value in operation.inputs]
        match operation.kind:
            case Input() | Convolution() | Linear():
                return self._produce(operation)
            case Elementwise():
                return inputs[0]
            case Window(rows, columns):
                return values.through_windows(inputs[0], rows, columns)
            case Channels(pieces):
                try:
                    return values.select_channels(inputs[0], pieces, operation.shape.flat)
                except ValueError as error:
                    raise operation.fail(
                        f"cuts a flattened map within a channel ({error})."
                    ) from error
            case Concatenate():
                return values.joined([segment for value in inputs for segment in value])
            case Reshape():
                return _reshape(operation, inputs[0])
            case Add():
                return self._add(operation)
        raise AssertionError(operation.kind)

    def _produce(self, operation: Operation) -> Value:
        shape = operation.shape
        self.layers[operation.output] = _Layer(
            shape.channels, shape.height, shape.width, operation.output, [operation.output]
        )
        return values.node_value(operation.output, shape.channels, shape.height, shape.width)

    def _add(self, operation: Operation) -> Value:
        operands = list(dict.fromkeys(operation.inputs))
        fresh = {
            value: producer
            for value in operands
            if (producer := self._fresh(value, operation)) is not None
        }
        others = [value for value in operands if value not in fresh]
        if not fresh:
            try:
                return values.union([self.values[value] for value in others])
            except ValueError as error:
                raise operation.fail(
                    f"adds vectors that were flattened from maps of different sizes ({error})."
                ) from error
        first, *rest = (self.layers[producer] for producer in fresh.values())
        for layer in rest:
            first.producers = sorted(first.producers + layer.producers)
            first.shortcuts += layer.shortcuts
            first.position = max(first.position, layer.position)
            for producer in layer.producers:
                self.layers[producer] = first
        if others and self.identity_shortcuts:
            first.shortcuts += [(operation, self.values[value]) for value in others]
            first.position = operation.output
        self.merging.add(operation.output)
        return self.values[next(iter(fresh))]

    def _fresh(self, value: int, addition: Operation) -> int | None:
        """Return the producer of `value` if that is a node layer which only `addition` reads, otherwise None."""
        reader = addition.output
        while True:
            operation = self.recording.operations[value]
            if self.readers[value] != [reader] or value in self.recording.outputs:
                return None
            if operation.shape != addition.shape:
                return None
            if isinstance(operation.kind, Convolution | Linear) or value in self.merging:
                return self.values[value][0].terms[0].producer
            if not isinstance(operation.kind, Elementwise):
                return None
            reader, value = value, operation.inputs[0]

    def _frame(self) -> Frame:
        """Largest zero padding among the convolutions that read the input directly."""
        frame = Frame(0, 0, 0, 0)
        size = self.recording.operations[INPUT].shape
        for producer in self.layers:
            operation = self.recording.operations[producer]
            kind = operation.kind
            if isinstance(kind, Convolution) and not kind.transposed:
                value = self.values[operation.inputs[0]]
                if any(
                    reads_input(term, size.height, size.width) for s in value for term in s.terms
                ):
                    frame = frame.enlarged(kind.padding)
        return frame

    def _node_layer(self, layer: _Layer, frame: Frame) -> NodeLayer:
        if layer.producers == [INPUT]:
            height, width = (
                layer.height + frame.top + frame.bottom,
                layer.width + frame.left + frame.right,
            )
            return NodeLayer("input", layer.channels, height, width)
        origins = [self.recording.operations[producer].origin for producer in layer.producers]
        name = " + ".join(origin.module or origin.function for origin in origins)
        return NodeLayer(name, layer.channels, layer.height, layer.width)

    def _outputs(self, index: dict[int, int]) -> tuple[int, ...]:
        found = {
            index[term.producer]
            for value in self.recording.outputs
            for segment in self.values[value]
            for term in segment.terms
        }
        return tuple(sorted(found))


def _reshape(operation: Operation, value: Value) -> Value:
    """Flatten a value, whose segments keep their maps, or undo that."""
    shape = operation.shape
    if shape.flat or all((s.height, s.width) == (shape.height, shape.width) for s in value):
        return value
    raise operation.fail(
        f"reshapes a value to {shape.channels} maps of {shape.height}x{shape.width}, which mixes channels and "
        "positions; only flattening, and undoing it, can be encoded."
    )


def resolve(recording: Recording, identity_shortcuts: bool = False) -> Plan:
    """Turn a recorded run into a plan; `identity_shortcuts` and EncodingError as in `trace`."""
    return _Resolver(recording, identity_shortcuts).plan()
