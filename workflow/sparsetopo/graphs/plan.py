"""The plan of a network: which nodes there are, and which weights join them.

A plan is what tracing yields: torch-free, small (no weights, no edges), one per architecture and input shape. A plan
that is read from a file is checked for contradictions.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from os import PathLike
from typing import Any

import numpy as np

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_json, write_json
from sparsetopo.graphs.axis_record import axis_from_record, axis_record
from sparsetopo.graphs.plan_parts import Axis, Block, ChannelMap, NodeLayer
from sparsetopo.version import package_version

__all__ = ["Axis", "Block", "ChannelMap", "NodeLayer", "Plan"]

FORMAT = "sparsetopo plan"
VERSION = 2

_INTEGERS = ("source", "target", "source_channel", "target_channel", "offset", "rows", "columns")


@dataclass(frozen=True)
class Plan:
    """The wiring of a network at one input shape.

    Attributes
    ----------
    input_shape
        Shape of one sample, as given to the model.
    identity_shortcuts
        Whether identity shortcuts are blocks without a parameter, or left out.
    node_layers
        In topological order: every block goes from a lower to a higher index. The first is the input with its frame,
        the last is what the metrics call the last layer.
    axes, channel_maps
        Distinct incidences of positions and of channels, shared by the blocks.
    blocks
        Blocks of edges, by target node layer in order of execution.
    parameters
        {name: shape} of every weight tensor that a block uses.
    outputs
        Indices of the node layers from which the model's output is made.
    inputs
        How many node layers, the first ones, are what the model is given.
    kinds
        {name: (groups, whether it is transposed)} of the parameters of grouped or transposed convolutions.
    computed
        Those of `parameters` that are no parameters or buffers of the model: its forward pass computes them.
    network
        Fingerprint of the model that was traced, to tell whether another one is alike; None: not known.
    constants
        Digest of what its buffers hold, which may decide the wiring; None: not known.

    Examples
    --------
    >>> layers = NodeLayer("input", 3, 1, 1), NodeLayer("linear", 2, 1, 1)
    >>> block = Block("weight", 0, 1, (1, 2, 3, 1, 1), 0, (6, 3, 1, 1, 1), 0, None, 0, 0, 0)
    >>> plan = Plan((3,), False, layers, (Axis.of([0], [0], [0]),), (), (block,), {"weight": (2, 3)}, (1,))
    >>> plan.num_nodes, Plan.from_record(plan.to_record()) == plan
    (5, True)
    """

    input_shape: tuple[int, ...]
    identity_shortcuts: bool
    node_layers: tuple[NodeLayer, ...]
    axes: tuple[Axis, ...]
    channel_maps: tuple[ChannelMap, ...]
    blocks: tuple[Block, ...]
    parameters: dict[str, tuple[int, ...]] = field(hash=False)
    outputs: tuple[int, ...]
    inputs: int = 1
    kinds: dict[str, tuple[int, bool]] = field(default_factory=dict, hash=False)
    computed: tuple[str, ...] = ()
    network: str | None = field(default=None, compare=False)
    constants: str | None = field(default=None, compare=False)
    attention: str = "all"

    @property
    def layer_sizes(self) -> list[int]:
        """Number of nodes of each node layer."""
        return [layer.size for layer in self.node_layers]

    @property
    def layer_offsets(self) -> list[int]:
        """First node id of each node layer, and at the end the number of nodes."""
        return list(accumulate(self.layer_sizes, initial=0))

    @property
    def num_nodes(self) -> int:
        """Number of nodes of the graph."""
        return sum(self.layer_sizes)

    def to_record(self) -> dict[str, Any]:
        """JSON-able record of the plan, with the format's name and version."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "input_shape": self.input_shape,
            "identity_shortcuts": self.identity_shortcuts,
            "attention": self.attention,
            "node_layers": [asdict(layer) for layer in self.node_layers],
            "axes": [axis_record(axis) for axis in self.axes],
            "channel_maps": [
                [channels.tolist() for channels in np.split(each.channels, each.starts[1:-1])]
                for each in self.channel_maps
            ],
            "blocks": [asdict(block) for block in self.blocks],
            "parameters": self.parameters,
            "outputs": self.outputs,
            "inputs": self.inputs,
            "kinds": self.kinds,
            "computed": self.computed,
            "network": self.network,
            "constants": self.constants,
        }

    @classmethod
    def from_record(cls, record: Any, where: str = "plan") -> "Plan":
        """Read a record of `to_record`, as JSON returns it.

        FileFormatError if it is not such a record, has another version, or contradicts itself.
        """
        if not isinstance(record, Mapping) or record.get("format") != FORMAT:
            raise FileFormatError(f"{where}: not a plan (its 'format' should be '{FORMAT}').")
        if record.get("version") != VERSION:
            raise FileFormatError(
                f"{where}: plan version {record.get('version')!r}, but this sparsetopo reads version {VERSION}: "
                "trace the model again."
            )
        try:
            plan = cls(
                input_shape=tuple(int(size) for size in record["input_shape"]),
                identity_shortcuts=bool(record["identity_shortcuts"]),
                node_layers=tuple(NodeLayer(**layer) for layer in record["node_layers"]),
                axes=tuple(axis_from_record(axis) for axis in record["axes"]),
                channel_maps=tuple(
                    ChannelMap.of([tuple(channels) for channels in each])
                    for each in record["channel_maps"]
                ),
                blocks=tuple(
                    Block(
                        **{
                            **block,
                            "shape": tuple(block["shape"]),
                            "strides": tuple(block["strides"]),
                        }
                    )
                    for block in record["blocks"]
                ),
                parameters={name: tuple(shape) for name, shape in record["parameters"].items()},
                outputs=tuple(record["outputs"]),
                inputs=record["inputs"],
                kinds={
                    name: (int(groups), bool(transposed))
                    for name, (groups, transposed) in record["kinds"].items()
                },
                computed=tuple(record["computed"]),
                network=record["network"],
                constants=record["constants"],
                attention=record["attention"],
            )
            problem = _first_problem(plan)
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            IndexError,
            OverflowError,
        ) as error:
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


def _first_problem(plan: Plan) -> str | None:
    """Return the first contradiction in a plan that was read, or None."""
    if not plan.node_layers:
        return "it has no node layer"
    for layer in plan.node_layers:
        if not _are_natural((layer.channels, layer.height, layer.width)) or layer.size == 0:
            return "a node layer is empty"
    if plan.num_nodes >= 2**63:
        return "its nodes cannot be numbered"
    if not (_are_natural(plan.outputs) and max(plan.outputs, default=0) < len(plan.node_layers)):
        return "an output is not a node layer"
    for name, shape in plan.parameters.items():
        if not _are_natural(shape) or math.prod(shape) >= 2**40:
            return f"the shape of parameter {name!r} is not of natural numbers, or too large"
    if not (_are_natural([plan.inputs]) and 1 <= plan.inputs <= len(plan.node_layers)):
        return "its inputs are not its first node layers"
    for axis in plan.axes:
        if not axis.is_ascending:
            return "an axis is not sorted, or repeats a triple"
    for number, block in enumerate(plan.blocks):
        fields = [getattr(block, name) for name in _INTEGERS]
        if not _are_natural([*fields, *block.shape, *block.strides]):
            return f"block {number} has a field that is not a natural number"
        problem = _block_problem(plan, block)
        if problem:
            return f"block {number}: {problem}"
    return None


def _are_natural(values: Iterable[object]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


def _block_problem(plan: Plan, block: Block) -> str | None:
    if not block.source < block.target < len(plan.node_layers):
        return "its layers are not in order"
    if len(block.shape) != 5 or len(block.strides) != 5 or 0 in block.shape:
        return "its kernels do not have five dimensions"
    source, target = plan.node_layers[block.source], plan.node_layers[block.target]
    if block.target_channel + block.outputs > target.channels:
        return "it writes more channels than its target has"
    if block.channel_map is None:
        read = block.source_channel + block.all_inputs
    else:
        channels = plan.channel_maps[block.channel_map]
        if channels.inputs != block.all_inputs or channels.channels.min(initial=0) < 0:
            return "its channel map does not fit its inputs"
        read = 1 + int(channels.channels.max(initial=-1))
    if read > source.channels:
        return "it reads more channels than its source has"
    for axis_index, from_size, taps, to_size in (
        (block.rows, source.height, block.kernel[0], target.height),
        (block.columns, source.width, block.kernel[1], target.width),
    ):
        axis = plan.axes[axis_index]
        for values, bound in (
            (axis.sources, from_size),
            (axis.taps, taps),
            (axis.targets, to_size),
        ):
            if len(values) and not (values.min() >= 0 and values.max() < bound):
                return "an axis leaves its layer or kernel"
    if block.parameter is None:
        return None if block.shape[1:] == (1, 1, 1, 1) else "an identity shortcut has kernels"
    if block.parameter not in plan.parameters:
        return f"parameter {block.parameter!r} is not in the list"
    size = math.prod(plan.parameters[block.parameter])
    taps = block.kernel[0] * block.kernel[1]
    if max(block.last_element + 1, *block.strides, taps) > size:
        return f"its kernels do not fit parameter {block.parameter!r}"
    return None
