"""Bundles of blocks that describe an edge more than once: composite taps.

Where windows overlap, or several blocks join the same two layers, the plan describes an edge more
than once. There the taps of a bundle are *composite*: one for each distinct set of (block, tap)
that joins a pair of positions. A composite kernel keeps a channel pair if any of its blocks' taps
keeps it, with the sum of their magnitudes (taken in float64): the rule for parallel edges.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.bundles.incidence import Incidence
from sparsetopo.graphs.export.unroll import Masks, Weights, kernels_and_mask, single_precision
from sparsetopo.graphs.plan import Axis, Block, Plan

TapSet = tuple[tuple[int, int], ...]  # of (block's number among those of the bundle, tap)


def composite_bundle(
    plan: Plan, blocks: list[Block], weights: Weights, masks: Masks
) -> Bundle | None:
    """Bundle of blocks that may describe an edge more than once; None if their windows see only padding."""
    first = blocks[0]
    source_channel = min(block.source_channel for block in blocks)
    target_channel = min(block.target_channel for block in blocks)
    sources = max(block.source_channel + block.source_channels for block in blocks) - source_channel
    targets = max(block.target_channel + block.outputs for block in blocks) - target_channel
    source, target = plan.node_layers[first.source], plan.node_layers[first.target]
    row_axes = [plan.axes[block.rows] for block in blocks]
    column_axes = [plan.axes[block.columns] for block in blocks]
    rows, row_sets = _united(row_axes, source.height, target.height)
    columns, column_sets = _united(column_axes, source.width, target.width)
    if not (row_sets and column_sets):
        return None
    parts = [kernels_and_mask(block, weights, masks) for block in blocks]
    forward, backward = _ListBuilder(sources), _ListBuilder(targets)
    for row_set in row_sets:
        for column_set in column_sets:
            flags = np.zeros((targets, sources), dtype=bool)
            sizes = np.zeros((targets, sources))
            for number, block in enumerate(blocks):
                row_taps = [tap for which, tap in row_set if which == number]
                column_taps = [tap for which, tap in column_set if which == number]
                if row_taps and column_taps:
                    start = block.target_channel - target_channel
                    kernels, kept = parts[number]
                    _add(
                        flags[start:],
                        sizes[start:],
                        block.source_channel - source_channel,
                        block,
                        kernels[:, :, row_taps][:, :, :, column_taps],
                        kept[:, :, row_taps][:, :, :, column_taps],
                    )
            forward.append(flags.T, sizes.T)
            backward.append(flags, sizes)
    return Bundle(
        first.source,
        first.target,
        source_channel,
        sources,
        target_channel,
        targets,
        rows,
        columns,
        forward.lists(),
        backward.lists(),
    )


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


class _ListBuilder:
    """Collects the lists of one tap after the other."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.lengths: list[NDArray[np.int64]] = []
        self.ends: list[NDArray[np.int32]] = []
        self.magnitudes: list[NDArray[np.float32]] = []

    def append(self, flags: NDArray[np.bool_], sizes: NDArray[np.float64]) -> None:
        """Add the tap whose (from, to) channel pairs are given."""
        rows, ends = np.nonzero(flags)
        self.lengths.append(np.bincount(rows, minlength=self.channels))
        self.ends.append(ends.astype(np.int32))
        self.magnitudes.append(single_precision(sizes[rows, ends]))

    def lists(self) -> Lists:
        starts = np.concatenate([[0], np.cumsum(np.concatenate(self.lengths))])
        return Lists(starts, np.concatenate(self.ends), np.concatenate(self.magnitudes))


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
