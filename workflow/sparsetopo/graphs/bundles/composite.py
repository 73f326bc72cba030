"""Bundles of plan blocks that describe an edge more than once: composite taps.

``docs/graph.md``, section 3, defines them. Magnitudes are summed in float64.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.bundles.incidence import Incidence
from sparsetopo.graphs.bundles.kernels import (
    Masks,
    Weights,
    kernels_and_mask,
    single_precision,
)
from sparsetopo.graphs.plan import Axis, Block, Plan

TapSet = tuple[tuple[int, int], ...]  # of (block's number among those of the bundle, tap)


def composite_bundle(
    plan: Plan, blocks: list[Block], weights: Weights, masks: Masks
) -> Bundle | None:
    """Bundle of blocks that may describe an edge more than once; None if their windows see only padding."""
    source, target = plan.node_layers[blocks[0].source], plan.node_layers[blocks[0].target]
    row_axes = [plan.axes[block.rows] for block in blocks]
    column_axes = [plan.axes[block.columns] for block in blocks]
    rows, row_sets = _united(row_axes, source.height, target.height)
    columns, column_sets = _united(column_axes, source.width, target.width)
    if not (row_sets and column_sets):
        return None
    sources = _hull([(block.source_channel, block.source_channels) for block in blocks])
    targets = _hull([(block.target_channel, block.outputs) for block in blocks])
    parts = [(block, *kernels_and_mask(block, weights, masks)) for block in blocks]
    forward, backward = [], []
    for row_set in row_sets:
        for column_set in column_sets:
            flags = np.zeros((len(targets), len(sources)), dtype=bool)
            sizes = np.zeros(flags.shape)
            for number, (block, kernels, kept) in enumerate(parts):
                row_taps, column_taps = _taps_of(row_set, number), _taps_of(column_set, number)
                if row_taps and column_taps:
                    _add(
                        flags[block.target_channel - targets.start :],
                        sizes[block.target_channel - targets.start :],
                        block.source_channel - sources.start,
                        block,
                        kernels[:, :, row_taps][:, :, :, column_taps],
                        kept[:, :, row_taps][:, :, :, column_taps],
                    )
            # As arrays of one tap and one group.
            kept_pairs, sums = flags[None, None], single_precision(sizes)[None, None]
            forward.append(Lists.of(kept_pairs.swapaxes(2, 3), sums.swapaxes(2, 3)))
            backward.append(Lists.of(kept_pairs, sums))
    return Bundle(
        blocks[0].source,
        blocks[0].target,
        sources,
        targets,
        rows,
        columns,
        _concatenated(forward),
        _concatenated(backward),
    )


def _hull(ranges: Sequence[tuple[int, int]]) -> range:
    """Smallest range that holds several ranges, given by their starts and lengths."""
    return range(min(start for start, _ in ranges), max(start + size for start, size in ranges))


def _taps_of(taps: TapSet, number: int) -> list[int]:
    return [tap for block, tap in taps if block == number]


def _add(
    flags: NDArray[np.bool_],
    sizes: NDArray[np.float64],
    source_channel: int,
    block: Block,
    kernels: NDArray[np.float32],
    kept: NDArray[np.bool_],
) -> None:
    """Unite some taps of a block, (outputs, inputs, row taps, column taps), with what is there."""
    united: NDArray[np.bool_] = np.any(kept, axis=(2, 3))
    summed = np.where(kept, np.abs(kernels), np.float32(0)).sum(axis=(2, 3), dtype=np.float64)
    outputs = block.outputs // block.groups
    for group in range(block.groups):
        out = slice(group * outputs, (group + 1) * outputs)
        start = source_channel + group * block.inputs
        flags[out, start : start + block.inputs] |= united[out]
        sizes[out, start : start + block.inputs] += summed[out]


def _concatenated(taps: list[Lists]) -> Lists:
    lengths = np.concatenate([np.diff(lists.starts) for lists in taps])
    _, ends, magnitudes = (np.concatenate(arrays) for arrays in zip(*taps, strict=True))
    return Lists(np.concatenate([[0], np.cumsum(lengths)]), ends, magnitudes)


def _united(
    axes: Sequence[Axis], num_sources: int, num_targets: int
) -> tuple[Incidence, list[TapSet]]:
    """Unite the incidences of several blocks along one axis: one composite tap for each tap set."""
    joined: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for number, axis in enumerate(axes):
        for source, tap, target in zip(axis.sources, axis.taps, axis.targets, strict=True):
            joined[target, source].append((number, tap))
    numbers: dict[TapSet, int] = {}
    triples = [
        (source, numbers.setdefault(tuple(sorted(taps)), len(numbers)), target)
        for (target, source), taps in sorted(joined.items())
    ]
    sources, taps, targets = np.array(triples, dtype=np.int32).reshape(-1, 3).T.copy()
    incidence = Incidence(sources, taps, targets, num_sources, len(numbers), num_targets)
    return incidence, list(numbers)
