"""Bundles of plan blocks that describe an edge more than once: composite taps.

``docs/graph.md``, section 3, defines them. Magnitudes are summed in float64.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

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
from sparsetopo.graphs.plan import Axis, Block, ChannelMap, Plan

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
    sources = _hull([_source_range(plan, block) for block in blocks])
    targets = _hull([(block.target_channel, block.outputs) for block in blocks])
    shape = len(targets), len(sources)
    parts = [(block, *kernels_and_mask(block, weights, masks)) for block in blocks]
    forward, backward = [], []
    kernels_alone = [replace(block, rows=0, columns=0) for block in blocks]
    firsts = [kernels_alone.index(block) for block in kernels_alone]
    known: dict[_Reads, tuple[Lists, Lists]] = {}
    for row_set in row_sets:
        for column_set in column_sets:
            reads = _reads(firsts, row_set, column_set)
            if reads not in known:
                known[reads] = _lists(plan, parts, reads, sources.start, targets.start, shape)
            ahead, back = known[reads]
            forward.append(ahead)
            backward.append(back)
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


# Of a pair of composite taps, what each block adds: the block's number, and its row and column taps. Blocks whose
# kernels are equal, as those of the rows of a map of patches, have the number of the first.
_Reads = tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]


def _reads(firsts: Sequence[int], row_set: TapSet, column_set: TapSet) -> _Reads:
    """What the blocks add; `firsts` are, for each, the first with equal kernels."""
    found = []
    for number in sorted({block for block, _ in row_set} & {block for block, _ in column_set}):
        row_taps, column_taps = _taps_of(row_set, number), _taps_of(column_set, number)
        if row_taps and column_taps:
            found.append((firsts[number], tuple(row_taps), tuple(column_taps)))
    return tuple(found)


def _lists(
    plan: Plan,
    parts: Sequence[tuple[Block, NDArray[np.float32], NDArray[np.bool_]]],
    reads: _Reads,
    first_source: int,
    first_target: int,
    shape: tuple[int, int],
) -> tuple[Lists, Lists]:
    """Lists of the kept weights of one pair of composite taps, from the sources and from the targets."""
    if not reads:
        nothing = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        from_targets, from_sources = (
            Lists(np.zeros(size + 1, dtype=np.int64), *nothing) for size in shape
        )
        return from_sources, from_targets
    flags, sizes = np.zeros(shape, dtype=bool), np.zeros(shape)
    for number, row_taps, column_taps in reads:
        block, kernels, kept = parts[number]
        start = block.target_channel - first_target
        _add(
            flags[start:],
            sizes[start:],
            first_source,
            plan,
            block,
            kernels[:, :, list(row_taps)][:, :, :, list(column_taps)],
            kept[:, :, list(row_taps)][:, :, :, list(column_taps)],
        )
    # As arrays of one tap and one group.
    kept_pairs, sums = flags[None, None], single_precision(sizes)[None, None]
    forward = Lists.of(kept_pairs.swapaxes(2, 3), sums.swapaxes(2, 3))
    return forward, Lists.of(kept_pairs, sums)


def _hull(ranges: Sequence[tuple[int, int]]) -> range:
    """Smallest range that holds several ranges, given by their starts and lengths."""
    return range(min(start for start, _ in ranges), max(start + size for start, size in ranges))


def _taps_of(taps: TapSet, number: int) -> list[int]:
    return [tap for block, tap in taps if block == number]


def _source_range(plan: Plan, block: Block) -> tuple[int, int]:
    """First source channel that a block reads, and how many there are up to the last."""
    if block.channel_map is None:
        return block.source_channel, block.all_inputs
    channels = plan.channel_maps[block.channel_map].channels
    first = int(channels.min(initial=np.iinfo(np.int32).max))
    return (first, int(channels.max()) + 1 - first) if len(channels) else (0, 0)


def _add(
    flags: NDArray[np.bool_],
    sizes: NDArray[np.float64],
    first_source: int,
    plan: Plan,
    block: Block,
    kernels: NDArray[np.float32],
    kept: NDArray[np.bool_],
) -> None:
    """Unite some taps of a block, (outputs, inputs, row taps, column taps), with what is there."""
    united: NDArray[np.bool_] = np.any(kept, axis=(2, 3))
    summed = np.where(kept, np.abs(kernels), np.float32(0)).sum(axis=(2, 3), dtype=np.float64)
    if block.channel_map is not None:
        _add_mapped(
            flags, sizes, first_source, plan.channel_maps[block.channel_map], block, united, summed
        )
        return
    outputs = block.outputs // block.groups
    for group in range(block.groups):
        out = slice(group * outputs, (group + 1) * outputs)
        start = block.source_channel - first_source + group * block.inputs
        flags[out, start : start + block.inputs] |= united[out]
        sizes[out, start : start + block.inputs] += summed[out]


def _add_mapped(
    flags: NDArray[np.bool_],
    sizes: NDArray[np.float64],
    first_source: int,
    channels: ChannelMap,
    block: Block,
    united: NDArray[np.bool_],
    summed: NDArray[np.float64],
) -> None:
    """The same where inputs read other channels than those of their own number, or several."""
    outputs, inputs = np.nonzero(united)
    numbers = outputs // (block.outputs // block.groups) * block.inputs + inputs
    counts, read = channels.read_by(numbers)
    places = np.repeat(outputs, counts), read - first_source
    flags[places] = True
    np.add.at(sizes, places, np.repeat(summed[outputs, inputs], counts))


def _concatenated(taps: list[Lists]) -> Lists:
    lengths = np.concatenate([np.diff(lists.starts) for lists in taps])
    _, ends, magnitudes = (np.concatenate(arrays) for arrays in zip(*taps, strict=True))
    return Lists(np.concatenate([[0], np.cumsum(lengths)]), ends, magnitudes)


def _united(
    axes: Sequence[Axis], num_sources: int, num_targets: int
) -> tuple[Incidence, list[TapSet]]:
    """Unite the incidences of several blocks along one axis: one composite tap for each tap set."""
    return _united_axes(tuple(axes), num_sources, num_targets)


@lru_cache(maxsize=256)
def _united_axes(
    axes: tuple[Axis, ...], num_sources: int, num_targets: int
) -> tuple[Incidence, list[TapSet]]:
    # Every triple as (pair of positions, number of its block and tap), in this order.
    codes = [(number, int(tap)) for number, axis in enumerate(axes) for tap in np.unique(axis.taps)]
    code_of = {code: place for place, code in enumerate(codes)}
    pairs, taps = [], []
    for number, axis in enumerate(axes):
        table = np.array(
            [code_of.get((number, tap), -1) for tap in range(int(axis.taps.max(initial=-1)) + 1)],
            dtype=np.int64,
        )
        pairs.append(axis.targets.astype(np.int64) * num_sources + axis.sources)
        taps.append(table[axis.taps])
    pair, tap = np.concatenate(pairs), np.concatenate(taps)
    order = np.lexsort((tap, pair))
    pair, tap = pair[order], tap[order]
    distinct, starts, lengths = np.unique(pair, return_index=True, return_counts=True)
    # Tap sets as rows of equal length, filled up with -1.
    sets = np.full((len(distinct), int(lengths.max(initial=0))), -1, dtype=np.int64)
    places = np.arange(len(pair)) - np.repeat(starts, lengths)
    sets[np.repeat(np.arange(len(distinct)), lengths), places] = tap
    rows, first, inverse = np.unique(sets, axis=0, return_index=True, return_inverse=True)
    # Numbered by first occurrence.
    ranks = np.empty(len(rows), dtype=np.int64)
    ranks[np.argsort(first, kind="stable")] = np.arange(len(rows))
    found = [
        tuple(codes[code] for code in row if code >= 0) for row in rows[np.argsort(ranks)].tolist()
    ]
    targets, sources = np.divmod(distinct, max(num_sources, 1))
    incidence = Incidence(
        sources.astype(np.int32),
        ranks[inverse.ravel()].astype(np.int32),
        targets.astype(np.int32),
        num_sources,
        len(found),
        num_targets,
    )
    return incidence, found
