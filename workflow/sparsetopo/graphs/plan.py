"""The plan of a network: which nodes there are, and which weights join them.

A plan is what tracing yields: torch-free, small (no weights, no edges), one per architecture and input shape. A plan
that is read from a file is checked for contradictions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import accumulate, pairwise
from os import PathLike
from typing import Any

import numpy as np

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_json, write_json
from sparsetopo.graphs.plan_parts import Axis, Block, NodeLayer
from sparsetopo.version import package_version

__all__ = ["Axis", "Block", "NodeLayer", "Plan"]

FORMAT = "sparsetopo plan"
VERSION = 1

_KINDS = ("conv", "linear", "transposed", "identity")
_INTEGERS = (
    "source", "target", "source_channel", "target_channel", "input_offset", "inputs", "outputs",
    "groups", "parameter_groups", "rows", "columns",
)  # fmt: skip


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
        In topological order: every block goes from a lower to a higher index. The first is the input with its frame,
        the last is what the metrics call the last layer.
    axes
        Distinct spatial incidences, shared by the blocks.
    blocks
        Blocks of edges, by target node layer in order of execution.
    parameters
        {name: shape} of every weight tensor that a block uses.
    outputs
        Indices of the node layers from which the model's output is made.

    Examples
    --------
    >>> layers = NodeLayer("input", 3, 1, 1), NodeLayer("linear", 2, 1, 1)
    >>> block = Block("weight", "linear", 0, 1, 0, 0, 0, 3, 2, 1, 1, (1, 1), 0, 0)
    >>> plan = Plan((3,), False, layers, (Axis((0,), (0,), (0,)),), (block,), {"weight": (2, 3)}, (1,))
    >>> plan.num_nodes, Plan.from_record(plan.to_record()) == plan
    (5, True)
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
        return list(accumulate(self.layer_sizes, initial=0))

    @property
    def num_nodes(self) -> int:
        """Number of nodes of the graph."""
        return sum(self.layer_sizes)

    def to_record(self) -> dict[str, Any]:
        """JSON-able record of the plan, with the format's name and version."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

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
            problem = _first_problem(plan)
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
        if not _are_natural(shape):
            return f"the shape of parameter {name!r} is not of natural numbers"
    for axis in plan.axes:
        if not len(axis.sources) == len(axis.taps) == len(axis.targets):
            return "the lists of an axis differ in length"
        if not _is_ascending(axis):
            return "an axis is not sorted, or repeats a triple"
    for number, block in enumerate(plan.blocks):
        fields = [getattr(block, name) for name in _INTEGERS]
        if not _are_natural([*fields, *block.kernel]):
            return f"block {number} has a field that is not a natural number"
        problem = _block_problem(plan, block)
        if problem:
            return f"block {number}: {problem}"
    return None


def _are_natural(values: Iterable[object]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


def _is_ascending(axis: Axis) -> bool:
    """Whether the triples are sorted by (target, source, tap) and each occurs once."""
    triples = list(zip(axis.targets, axis.sources, axis.taps, strict=True))
    return all(first < second for first, second in pairwise(triples))


def _block_problem(plan: Plan, block: Block) -> str | None:
    if block.kind not in _KINDS:
        return f"unknown kind {block.kind!r}"
    if not block.source < block.target < len(plan.node_layers):
        return "its layers are not in order"
    source, target = plan.node_layers[block.source], plan.node_layers[block.target]
    if block.source_channel + block.source_channels > source.channels:
        return "it reads more channels than its source has"
    if block.target_channel + block.outputs > target.channels:
        return "it writes more channels than its target has"
    if block.groups < 1 or block.outputs % block.groups:
        return "its outputs do not divide into its groups"
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
            if values and not (min(values) >= 0 and max(values) < bound):
                return "an axis leaves its layer or kernel"
    dummy = None
    if block.kind == "identity":
        if block.parameter is not None:
            return "an identity shortcut has no parameter"
    elif block.parameter not in plan.parameters:
        return f"parameter {block.parameter!r} is not in the list"
    else:
        # A dummy of the parameter's shape without memory of its own: slicing it shows a misfit.
        dummy = np.broadcast_to(np.int8(0), plan.parameters[block.parameter])
    if block.kernels(dummy).shape != (block.outputs, block.inputs, *block.kernel):
        return f"its kernels do not fit parameter {block.parameter!r}"
    return None
