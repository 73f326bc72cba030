"""The recorded run of a model: a list of symbolic operations on numbered values, without torch.

Tracing appends to a `Recording`. `resolve` reads it after the run, because whether an addition merges its operands into
one node layer depends on what reads them later.
"""

from dataclasses import dataclass, field

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.planning.windows import Windows

Padding = tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))


@dataclass(frozen=True)
class Origin:
    """Where in the model an operation was called, for messages."""

    module: str
    module_type: str
    function: str

    def __str__(self) -> str:
        path = f"module '{self.module}'" if self.module else "the model itself"
        return f"{path} ({self.module_type}) calling {self.function}"


@dataclass(frozen=True)
class ValueShape:
    """Shape of one sample of a value: a map, or (`flat`) a vector of the same elements.

    A vector that is not known to be a flattened map has height = width = 1, and `channels` is its length.
    """

    channels: int
    height: int
    width: int
    flat: bool

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.channels * self.height * self.width


@dataclass(frozen=True)
class Convolution:
    """A (transposed) convolution; one-dimensional ones have height 1."""

    parameter: str
    parameter_shape: tuple[int, ...]
    transposed: bool
    groups: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: Padding
    dilation: tuple[int, int]


@dataclass(frozen=True)
class Linear:
    """A linear layer on a vector."""

    parameter: str
    parameter_shape: tuple[int, ...]


@dataclass(frozen=True)
class Input:
    """The sample that the model is given."""


@dataclass(frozen=True)
class Elementwise:
    """An operation on each position: activation, normalisation, dropout, a scalar factor, a bias."""


@dataclass(frozen=True)
class Window:
    """Pooling, padding, cropping, resizing: for each new row and column, the old ones that it reads."""

    rows: Windows
    columns: Windows


@dataclass(frozen=True)
class Channels:
    """Selection of channels: ranges (start, stop) in order, or a number of constant channels."""

    pieces: tuple[tuple[int, int] | int, ...]


@dataclass(frozen=True)
class Add:
    """Sum (or difference) of values; a side of length 1 is stretched."""


@dataclass(frozen=True)
class Concatenate:
    """Concatenation over channels (of vectors: over elements)."""


@dataclass(frozen=True)
class Reshape:
    """Map to vector or back, in row-major order."""


Kind = Input | Convolution | Linear | Elementwise | Window | Channels | Add | Concatenate | Reshape


@dataclass(frozen=True)
class Operation:
    """One recorded call; `output` is the number of the value it made."""

    kind: Kind
    inputs: tuple[int, ...]
    output: int
    shape: ValueShape
    origin: Origin

    def fail(self, reason: str) -> EncodingError:
        """Error that names the place in the model."""
        return EncodingError(f"{self.origin}: {reason}")


@dataclass
class Recording:
    """Operations in order of execution; value v is made by operation v."""

    input_shape: tuple[int, ...]
    operations: list[Operation] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def append(self, kind: Kind, inputs: tuple[int, ...], shape: ValueShape, origin: Origin) -> int:
        """Record an operation and return the number of its value."""
        value = len(self.operations)
        self.operations.append(Operation(kind, inputs, value, shape, origin))
        return value

    def live(self) -> list[bool]:
        """For each operation, whether an output of the model depends on it."""
        needed = [False] * len(self.operations)
        for value in self.outputs:
            needed[value] = True
        for operation in reversed(self.operations):
            if needed[operation.output]:
                for value in operation.inputs:
                    needed[value] = True
        return needed

    def readers(self) -> list[list[int]]:
        """For each value, the live operations that read it, once for each time they do."""
        needed = self.live()
        readers: list[list[int]] = [[] for _ in self.operations]
        for operation in self.operations:
            if needed[operation.output]:
                for value in operation.inputs:
                    readers[value].append(operation.output)
        return readers
