"""The plan of a network: which nodes there are, and which weights join which of them.

A plan is what tracing leaves behind: torch-free, small (no weights, no edges), one per architecture
and input shape. Every block of edges is the product ::

    kernels W[o, i, ky, kx]  x  rows incidence (source row, ky, target row)  x  columns incidence
    (source, kx, target)

that is: for each weight (o, i, ky, kx) of the block there is one edge for every pair of a row
triple with tap ky and a column triple with tap kx. Stride, padding, dilation, pooling, and a linear
layer that reads a flattened map (a kernel as large as the map) are all spelt by the two short lists
of triples.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_json, write_json
from sparsetopo.graphs.plan_consistency import first_problem
from sparsetopo.version import package_version

FORMAT = "sparsetopo plan"
VERSION = 1


@dataclass(frozen=True)
class NodeLayer:
    """One part of the graph: channels x height x width nodes, numbered in that order."""

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
    """Incidence along one spatial axis: triples (source position, tap, target position), each once.

    Sorted by (target, source, tap). A position counts from 0 in its node layer, the frame of the
    input included.
    """

    sources: tuple[int, ...]
    taps: tuple[int, ...]
    targets: tuple[int, ...]

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return (sources, taps, targets) as int64 arrays."""
        return (
            np.array(self.sources, dtype=np.int64),
            np.array(self.taps, dtype=np.int64),
            np.array(self.targets, dtype=np.int64),
        )

    def tap_counts(self, taps: int) -> NDArray[np.int64]:
        """Count the (source, target) pairs of each of `taps` taps, shape (taps,)."""
        return np.bincount(np.array(self.taps, dtype=np.int64), minlength=taps)


@dataclass(frozen=True)
class Block:
    """One bipartite block of edges between two node layers.

    The block holds `outputs` target channels starting at `target_channel` and ``groups * inputs``
    source channels starting at `source_channel`; output o belongs to group ``o // (outputs //
    groups)`` and its input i is source channel ``source_channel + group * inputs + i``.

    Attributes
    ----------
    parameter
        Name of the weight tensor; None for an identity shortcut, whose weights are 1.
    kind
        "conv", "linear", "transposed" (convolution) or "identity".
    source, target
        Indices of node layers; source < target.
    input_offset
        First input channel (of each group) that is read; for a linear layer the first column.
    kernel
        (height, width) of the kernel; of a linear layer: of the map that was flattened.
    parameter_groups
        Groups of the whole layer, of which the block may hold a part (after a concatenation).
    rows, columns
        Indices into the plan's `axes`.
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
        """Number of source channels the block reads."""
        return self.groups * self.inputs

    def kernels(self, array: NDArray[Any] | None) -> NDArray[Any]:
        """Part of a parameter (or its mask) that this block uses, as (outputs, inputs, kh, kw).

        Parameters
        ----------
        array
            The whole parameter as PyTorch shapes it; ignored for an identity shortcut, whose
            kernels are float32 ones.

        Returns
        -------
        A view of `array` where the layout allows it (all but grouped transposed convolution).
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
            # PyTorch: (in, out / groups, kh, kw); the inputs of one group are contiguous.
            groups = self.parameter_groups
            split = array.reshape(groups, array.shape[0] // groups, array.shape[1], height, width)
            whole = split.swapaxes(1, 2)
            array = whole.reshape(groups * whole.shape[1], whole.shape[2], height, width)
            return array[outputs, inputs]
        return array.reshape(array.shape[0], array.shape[1], height, width)[outputs, inputs]


@dataclass(frozen=True)
class Plan:
    """The wiring of a network at one input shape.

    Attributes
    ----------
    input_shape
        Shape of one sample, as given to the model.
    identity_shortcuts
        Whether identity shortcuts are blocks (kind "identity") or left out.
    node_layers
        In topological order: every block goes from a lower to a higher index. The first is the
        input with its frame; the "last layer" of the metrics is the last of the list.
    axes
        Distinct spatial incidences, shared by the blocks.
    blocks
        Bipartite blocks, by target node layer in order of execution.
    parameters
        {name: shape} of every weight tensor that a block uses.
    outputs
        Indices of the node layers that the model's output is made from.
    """

    input_shape: tuple[int, ...]
    identity_shortcuts: bool
    node_layers: tuple[NodeLayer, ...]
    axes: tuple[Axis, ...]
    blocks: tuple[Block, ...]
    parameters: dict[str, tuple[int, ...]] = field(hash=False)
    outputs: tuple[int, ...]

    @property
    def layer_sizes(self) -> list[int]:
        """Number of nodes of each node layer."""
        return [layer.size for layer in self.node_layers]

    @property
    def layer_offsets(self) -> list[int]:
        """First node id of each node layer, and at the end the number of nodes."""
        offsets = [0]
        for layer in self.node_layers:
            offsets.append(offsets[-1] + layer.size)
        return offsets

    @property
    def num_nodes(self) -> int:
        """Number of nodes of the graph."""
        return sum(layer.size for layer in self.node_layers)

    def to_record(self) -> dict[str, Any]:
        """JSON-able record of the plan, with the format's name and version."""
        record = asdict(self)
        return {"format": FORMAT, "version": VERSION, **record}

    @classmethod
    def from_record(cls, record: Any, where: str = "plan") -> "Plan":
        """Read a record of `to_record` (as JSON gives it back).

        Raises
        ------
        FileFormatError
            If it is not such a record, of another version, or not consistent in itself.
        """
        if not isinstance(record, Mapping) or record.get("format") != FORMAT:
            raise FileFormatError(f"{where}: not a plan (its 'format' should be '{FORMAT}').")
        if record.get("version") != VERSION:
            raise FileFormatError(
                f"{where}: plan version {record.get('version')!r}, but this sparsetopo reads "
                f"version {VERSION}: "
                "trace the model again."
            )
        try:
            plan = cls(
                input_shape=tuple(int(size) for size in record["input_shape"]),
                identity_shortcuts=bool(record["identity_shortcuts"]),
                node_layers=tuple(NodeLayer(**layer) for layer in record["node_layers"]),
                axes=tuple(
                    Axis(**{name: tuple(map(int, values)) for name, values in axis.items()})
                    for axis in record["axes"]
                ),
                blocks=tuple(
                    Block(**{**block, "kernel": tuple(block["kernel"])})
                    for block in record["blocks"]
                ),
                parameters={name: tuple(shape) for name, shape in record["parameters"].items()},
                outputs=tuple(record["outputs"]),
            )
            problem = first_problem(plan)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise FileFormatError(
                f"{where}: the plan is malformed ({error!r}): trace the model again."
            ) from error
        if problem:
            raise FileFormatError(
                f"{where}: the plan contradicts itself ({problem}): trace the model again."
            )
        return plan

    def save(self, path: str | PathLike[str], specification: Any = None) -> None:
        """Write the plan as JSON, atomically, with `specification` (JSON-able) beside it."""
        record = self.to_record()
        if specification is not None:
            record["specification"] = specification
        record["package_version"] = package_version()
        write_json(path, record)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Plan":
        """Read a file of `save` (FileFormatError if it is missing, damaged or foreign)."""
        return cls.from_record(read_json(path), str(path))
