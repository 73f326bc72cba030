"""Whether a plan that was read from a file is consistent in itself."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sparsetopo.graphs.plan import Block, Plan

KINDS = ("conv", "linear", "transposed", "identity")
INTEGERS = (
    "source", "target", "source_channel", "target_channel", "input_offset", "inputs", "outputs",
    "groups", "parameter_groups", "rows", "columns",
)  # fmt: skip


def first_problem(plan: "Plan") -> str | None:
    """Say what is inconsistent in a plan, or None."""
    if any(min(layer.channels, layer.height, layer.width) < 1 for layer in plan.node_layers):
        return "a node layer is empty"
    if not all(0 <= index < len(plan.node_layers) for index in plan.outputs):
        return "an output is not a node layer"
    for axis in plan.axes:
        if not len(axis.sources) == len(axis.taps) == len(axis.targets):
            return "the lists of an axis differ in length"
    for number, block in enumerate(plan.blocks):
        if not all(
            isinstance(getattr(block, name), int) and getattr(block, name) >= 0 for name in INTEGERS
        ):
            return f"block {number} has a field that is not a natural number"
        problem = _block_problem(plan, block)
        if problem:
            return f"block {number}: {problem}"
    return None


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
    if block.kind == "identity":
        return None if block.parameter is None else "an identity shortcut has no parameter"
    if block.parameter not in plan.parameters:
        return f"parameter {block.parameter!r} is not in the list"
    # A read-only dummy of the parameter's shape: slicing costs nothing, and a misfit shows in the
    # result's shape.
    dummy = np.broadcast_to(np.int8(0), plan.parameters[block.parameter])
    expected = (block.outputs, block.inputs, *block.kernel)
    if block.kind != "transposed" and block.kernels(dummy).shape != expected:
        return f"its kernels do not fit parameter {block.parameter!r}"
    return None
