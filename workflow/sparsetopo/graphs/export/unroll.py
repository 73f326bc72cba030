"""Unrolling: from a plan and masked weights to an explicit sparse matrix, without bundles.

The matrix is assembled one source layer at a time, so that only the edges of that layer exist as coordinates.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.kernels import (
    Masks,
    Weights,
    kernels_and_mask,
    single_precision,
)
from sparsetopo.graphs.export.memory import require_memory
from sparsetopo.graphs.plan import Block, Plan

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Edges = tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]], NDArray[np.float32]]


def unroll(plan: Plan, weights: Weights, masks: Masks) -> "csr_array":
    """Adjacency matrix of the parts of an MGE, as `MGE.to_scipy` says: sorted, parallel edges summed in float64.

    Indices are int32 where they fit, else int64.
    """
    from scipy.sparse import csr_array

    counts = {id(block): num_unmerged_edges(plan, block, masks) for block in plan.blocks}
    total = sum(counts.values())
    limit = np.iinfo(np.int32).max
    index_dtype = np.dtype(np.int32 if max(total, plan.num_nodes) <= limit else np.int64)
    by_source: list[list[Block]] = [[] for _ in plan.node_layers]
    for block in plan.blocks:
        by_source[block.source].append(block)
    largest = max(sum(counts[id(block)] for block in blocks) for blocks in by_source)
    # The result, and one source layer as coordinates, once more as its own rows, and while sorting.
    width = index_dtype.itemsize
    require_memory(total * (width + 4) + largest * (5 * width + 20) + plan.num_nodes * width, total)

    indices = np.empty(total, dtype=index_dtype)
    values = np.empty(total, dtype=np.float32)
    row_ends = np.zeros(plan.num_nodes + 1, dtype=index_dtype)
    filled = 0
    for layer, (offset, blocks) in enumerate(zip(plan.layer_offsets, by_source, strict=False)):
        size = plan.node_layers[layer].size
        rows = _rows_of_layer(plan, blocks, weights, masks, offset, size, index_dtype)
        stop = filled + rows.nnz
        indices[filled:stop] = rows.indices
        values[filled:stop] = single_precision(rows.data)
        row_ends[offset + 1 : offset + size + 1] = rows.indptr[1:] + filled
        filled = stop
    shape = (plan.num_nodes, plan.num_nodes)
    if filled < total:
        indices, values = indices[:filled].copy(), values[:filled].copy()
    matrix = csr_array((values, indices, row_ends), shape=shape)
    matrix.has_canonical_format = True
    return matrix


def _rows_of_layer(
    plan: Plan,
    blocks: list[Block],
    weights: Weights,
    masks: Masks,
    offset: int,
    size: int,
    index_dtype: np.dtype[Any],
) -> "csr_array":
    """Rows of one source layer as a (size, V) matrix with sorted, merged entries."""
    from scipy.sparse import coo_array, csr_array

    parts = [
        edges
        for block in blocks
        for edges in _block_edges(plan, block, weights, masks, index_dtype)
    ]
    if not parts:
        return csr_array((size, plan.num_nodes), dtype=np.float32)
    sources = np.concatenate([part[0] for part in parts])
    sources -= index_dtype.type(offset)
    targets = np.concatenate([part[1] for part in parts])
    values = np.concatenate([part[2] for part in parts], dtype=np.float64)
    rows = coo_array((values, (sources, targets)), shape=(size, plan.num_nodes)).tocsr()
    rows.sum_duplicates()  # sorts too; keeps explicit zeros
    return rows


def _block_edges(
    plan: Plan,
    block: Block,
    weights: Weights,
    masks: Masks,
    index_dtype: np.dtype[Any],
) -> Iterator[Edges]:
    """Edges of one block, a tap pair at a time: (source ids, target ids, |w|), not merged."""
    source, target = plan.node_layers[block.source], plan.node_layers[block.target]
    kernels, kept = kernels_and_mask(block, weights, masks)
    rows = plan.axes[block.rows].pairs_by_tap(block.kernel[0])
    columns = plan.axes[block.columns].pairs_by_tap(block.kernel[1])
    offsets = plan.layer_offsets
    for ky, (row_sources, row_targets) in enumerate(rows):
        for kx, (column_sources, column_targets) in enumerate(columns):
            outputs, inputs = np.nonzero(kept[:, :, ky, kx])
            if not (outputs.size and row_sources.size and column_sources.size):
                continue
            magnitudes = np.abs(kernels[outputs, inputs, ky, kx])
            outputs, source_channels, magnitudes = _source_channels(
                plan, block, outputs, inputs, magnitudes
            )
            target_channels = block.target_channel + outputs
            sources = np.add.outer(row_sources * source.width, column_sources).ravel()
            targets = np.add.outer(row_targets * target.width, column_targets).ravel()
            source_planes = offsets[block.source] + source_channels * source.height * source.width
            target_planes = offsets[block.target] + target_channels * target.height * target.width
            yield (
                np.add.outer(
                    source_planes, sources, dtype=index_dtype, casting="same_kind"
                ).ravel(),
                np.add.outer(
                    target_planes, targets, dtype=index_dtype, casting="same_kind"
                ).ravel(),
                np.repeat(magnitudes, sources.size),
            )


def _source_channels(
    plan: Plan,
    block: Block,
    outputs: NDArray[np.int64],
    inputs: NDArray[np.int64],
    magnitudes: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """(output, source channel, |w|) of kept weights, once for every channel that their input reads."""
    numbers = outputs // (block.outputs // block.groups) * block.inputs + inputs
    if block.channel_map is None:
        return outputs, block.source_channel + numbers, magnitudes
    counts, read = plan.channel_maps[block.channel_map].read_by(numbers)
    return np.repeat(outputs, counts), read, np.repeat(magnitudes, counts)


def num_unmerged_edges(plan: Plan, block: Block, masks: Masks) -> int:
    """Count the edges of a block before parallel ones are merged."""
    rows = plan.axes[block.rows].tap_counts(block.kernel[0])
    columns = plan.axes[block.columns].tap_counts(block.kernel[1])
    if block.parameter is None:
        edges = block.outputs
        if block.channel_map is not None:
            edges = len(plan.channel_maps[block.channel_map].channels)
        return edges * int(rows[0]) * int(columns[0])
    kept = block.kernels(masks[block.parameter])
    if block.channel_map is None:
        return int(rows @ np.count_nonzero(kept, axis=(0, 1)) @ columns)
    reads = np.diff(plan.channel_maps[block.channel_map].starts).reshape(block.groups, 1, -1, 1, 1)
    by_group = kept.reshape(block.groups, -1, *kept.shape[1:])
    return int(rows @ (by_group * reads).sum(axis=(0, 1, 2), dtype=np.int64) @ columns)
