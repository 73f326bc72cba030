"""Number of edges of the graph, parallel ones merged, without unrolling it.

Blocks that join the same two node layers are counted together. Along each axis the (source, target)
pairs are grouped by the set of (block, tap) that joins them; for each pair of such row and column
classes, the channel pairs that some kept weight joins are counted once and multiplied by the sizes
of the classes.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import Block, Plan
from sparsetopo.graphs.unroll import num_unmerged_edges

Masks = Mapping[str, NDArray[np.bool_]]
AxisClass = frozenset[tuple[int, int]]  # of (block's number in its group, tap)


def num_edges(plan: Plan, masks: Masks) -> int:
    """Count the edges after merging parallel ones."""
    groups: dict[tuple[int, int], list[Block]] = defaultdict(list)
    for block in plan.blocks:
        groups[block.source, block.target].append(block)
    return sum(_edges_between(plan, blocks, masks) for blocks in groups.values())


def _edges_between(plan: Plan, blocks: list[Block], masks: Masks) -> int:
    rows = _axis_classes(plan, [block.rows for block in blocks])
    columns = _axis_classes(plan, [block.columns for block in blocks])
    if not _may_overlap(blocks, rows, columns):
        return sum(num_unmerged_edges(plan, block, masks) for block in blocks)
    return sum(
        row_pairs * column_pairs * _joined_channel_pairs(blocks, row_class, column_class, masks)
        for row_class, row_pairs in rows.items()
        for column_class, column_pairs in columns.items()
    )


def _axis_classes(plan: Plan, axes: list[int]) -> Counter[AxisClass]:
    """Classes of (source, target) positions along one axis, with their sizes."""
    members: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for number, index in enumerate(axes):
        axis = plan.axes[index]
        for source, tap, target in zip(axis.sources, axis.taps, axis.targets, strict=True):
            members[source, target].append((number, tap))
    return Counter(frozenset(taps) for taps in members.values())


def _may_overlap(
    blocks: list[Block], rows: Counter[AxisClass], columns: Counter[AxisClass]
) -> bool:
    if all(len(taps) == 1 for taps in (*rows, *columns)):
        return False
    several_taps = any(
        len({tap for number, tap in taps if number == block}) > 1
        for taps in (*rows, *columns)
        for block in range(len(blocks))
    )
    return several_taps or any(
        _ranges_meet(
            first.source_channel,
            first.source_channels,
            second.source_channel,
            second.source_channels,
        )
        and _ranges_meet(first.target_channel, first.outputs, second.target_channel, second.outputs)
        for position, first in enumerate(blocks)
        for second in blocks[:position]
    )


def _ranges_meet(start: int, length: int, other_start: int, other_length: int) -> bool:
    return start < other_start + other_length and other_start < start + length


def _joined_channel_pairs(
    blocks: list[Block], row_class: AxisClass, column_class: AxisClass, masks: Masks
) -> int:
    """Count the (output, source) channel pairs that any kept weight of these taps joins."""
    row_taps, column_taps = _by_block(row_class), _by_block(column_class)
    shared = [number for number in row_taps if number in column_taps]
    if not shared:
        return 0
    if len(shared) == 1:
        joined = _any_tap(blocks[shared[0]], row_taps[shared[0]], column_taps[shared[0]], masks)
        return int(np.count_nonzero(joined))
    outputs = max(blocks[n].target_channel + blocks[n].outputs for n in shared)
    sources = max(blocks[n].source_channel + blocks[n].source_channels for n in shared)
    pairs = np.zeros((outputs, sources), dtype=bool)
    for number in shared:
        block = blocks[number]
        joined = _any_tap(block, row_taps[number], column_taps[number], masks)
        group_outputs = block.outputs // block.groups
        for group in range(block.groups):
            first = block.target_channel + group * group_outputs
            start = block.source_channel + group * block.inputs
            pairs[first : first + group_outputs, start : start + block.inputs] |= joined[
                group * group_outputs : (group + 1) * group_outputs
            ]
    return int(np.count_nonzero(pairs))


def _by_block(taps: AxisClass) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for number, tap in sorted(taps):
        found[number].append(tap)
    return found


def _any_tap(
    block: Block, row_taps: list[int], column_taps: list[int], masks: Masks
) -> NDArray[np.bool_]:
    """Whether a weight at any of these taps is kept, (outputs, inputs) of a block."""
    if block.parameter is None:
        return np.ones((block.outputs, 1), dtype=bool)
    kept = block.kernels(masks[block.parameter])
    joined: NDArray[np.bool_] = kept[:, :, row_taps][:, :, :, column_taps]
    return np.any(joined, axis=(2, 3))
