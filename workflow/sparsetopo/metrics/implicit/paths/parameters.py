"""Which weights of the parameters stand for an edge on a path, from the nodes that paths pass.

A weight is unrolled to the edges from the units that its input reads to those that its output writes, one for each pair
of positions that its tap joins. It is effective if one of them begins at a node that an input reaches, and ends at a
node that reaches an output. So two sets of positions are compared for each kept weight, eight positions a byte.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparsetopo.graphs.plan import Axis, Block, Plan
from sparsetopo.metrics.implicit.paths.moves import Move

Bits = NDArray[np.uint8]

# Bytes that are compared at once.
_AT_ONCE = 2**23


def effective_weights(
    plan: Plan,
    masks: Mapping[str, NDArray[np.bool_]],
    reached: Sequence[NDArray[np.bool_]],
    leading: Sequence[NDArray[np.bool_]],
) -> dict[str, NDArray[np.bool_]]:
    """{parameter: which of its elements are effective}; one that several operations share is so if one use of it is.

    `reached` and `leading` are, by node layer, the nodes that an input reaches and those that reach an output.
    """
    found = {name: np.zeros(shape, dtype=bool) for name, shape in plan.parameters.items()}
    for block in plan.blocks:
        if block.parameter is None:
            continue
        kept = block.kernels(masks[block.parameter])
        if kept.any():
            effective = _of_block(plan, block, kept, reached[block.source], leading[block.target])
            flat = found[block.parameter].reshape(-1)
            strides = tuple(stride * flat.itemsize for stride in block.strides)
            # Only True is written, as elements of a view may be one element of the parameter.
            as_strided(flat[block.offset :], block.shape, strides)[effective] = True
    return found


def _of_block(
    plan: Plan,
    block: Block,
    kept: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    leading: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which of the (outputs, inputs, kh, kw) kept weights are effective, in the shape of the block."""
    inputs = _read_maps(plan, block, reached)
    first = block.target_channel
    outputs = leading[first : first + block.outputs]
    sizes = (outputs.shape[1], inputs.shape[1]), (outputs.shape[2], inputs.shape[2])
    rows, columns = (
        _moves(plan.axes[axis], taps, size)
        for axis, taps, size in zip((block.rows, block.columns), block.kernel, sizes, strict=True)
    )
    effective = np.zeros(kept.shape, dtype=bool)
    for row_tap, row in enumerate(rows):
        if row is None or not kept[:, :, row_tap].any():
            continue
        read_rows = row.read(inputs.astype(np.float64), 1)
        for column_tap, column in enumerate(columns):
            of_tap = kept[:, :, row_tap, column_tap]
            if column is not None and of_tap.any():
                near = column.read(read_rows, 2) > 0
                effective[:, :, row_tap, column_tap] = _meet(block, of_tap, near, outputs)
    return effective.reshape(block.shape)


def _read_maps(plan: Plan, block: Block, reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(all inputs, height, width) whether a channel that the input reads has a node of `reached` there."""
    if block.channel_map is None:
        return reached[block.source_channel : block.source_channel + block.all_inputs]
    channels = plan.channel_maps[block.channel_map]
    ones = np.ones(len(channels.channels), dtype=np.float32)
    reads = csr_array(
        (ones, channels.channels, channels.starts), shape=(channels.inputs, len(reached))
    )
    united = reads @ reached.reshape(len(reached), -1).astype(np.float32) > 0
    return united.reshape(channels.inputs, *reached.shape[1:])


def _moves(axis: Axis, taps: int, sizes: tuple[int, int]) -> list[Move | None]:
    """Moves of the taps of an axis, near positions being the targets; None for a tap that joins nothing."""
    pairs = axis.pairs_by_tap(taps)
    return [
        Move.of(targets, sources, sizes) if len(targets) else None for sources, targets in pairs
    ]


def _meet(
    block: Block,
    kept: NDArray[np.bool_],
    near: NDArray[np.bool_],
    outputs: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which of the (outputs, inputs) kept weights of a tap join a node that is reached with one that leads on.

    `near` has, for all inputs, the target positions that a reached node is joined to.
    """
    found = np.zeros(kept.shape, dtype=bool)
    output, own = np.nonzero(kept)
    read = output // (block.outputs // block.groups) * block.inputs + own
    first, second = (np.packbits(maps.reshape(len(maps), -1), axis=1) for maps in (near, outputs))
    step = max(1, _AT_ONCE // first.shape[1])
    for start in range(0, len(output), step):
        some = slice(start, start + step)
        meets = (first[read[some]] & second[output[some]]).any(axis=1)
        found[output[some], own[some]] = meets
    return found
