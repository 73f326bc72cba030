"""Whether a plan that was read from a file is consistent in itself."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sparsetopo.graphs.plan import Axis, Block, Plan

KINDS = ("conv", "linear", "transposed", "identity")
INTEGERS = (
    "source", "target", "source_channel", "target_channel", "input_offset", "inputs", "outputs",
    "groups", "parameter_groups", "rows", "columns",
)  # fmt: skip


def first_problem(plan: "Plan") -> str | None:
    """Say what is inconsistent in a plan, or None."""
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
        fields = [getattr(block, name) for name in INTEGERS]
        if not _are_natural([*fields, *block.kernel]):
            return f"block {number} has a field that is not a natural number"
        problem = _block_problem(plan, block)
        if problem:
            return f"block {number}: {problem}"
    return None


def _are_natural(values: Iterable[object]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


def _is_ascending(axis: "Axis") -> bool:
    """Whether the triples are sorted by (target, source, tap) and each occurs once."""
    triples = list(zip(axis.targets, axis.sources, axis.taps, strict=True))
    return all(first < second for first, second in pairwise(triples))


def _block_problem(plan: "Plan", block: "Block") -> str | None:
    if block.kind not in KINDS:
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
        # A read-only dummy of the parameter's shape: slicing costs nothing, and a misfit shows in
        # the result's shape.
        dummy = np.broadcast_to(np.int8(0), plan.parameters[block.parameter])
    if block.kernels(dummy).shape != (block.outputs, block.inputs, *block.kernel):
        return f"its kernels do not fit parameter {block.parameter!r}"
    return None
