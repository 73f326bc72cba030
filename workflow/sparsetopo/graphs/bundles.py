"""Bundles: the edges between two node layers, none stored, no two parallel.

A bundle is the normal form that the exact algorithms work on. Like a block of the plan it is the
product ::

    kept weights (tap, source channel, target channel)  x  rows incidence  x  columns incidence

with tap = (row tap, column tap), but it holds *all* edges between its two layers, and every
(source row, target row) pair, and every pair of columns, occurs with one tap only. So each edge has
exactly one description, and the edges at a node are found from short lists.

Where windows overlap, or several blocks join the same two layers, the plan describes an edge more
than once. There the taps of a bundle are *composite*: one for each distinct set of (block, tap)
that joins a pair of positions. A composite kernel keeps a channel pair if any of its blocks' taps
keeps it, with the sum of their magnitudes: the rule for parallel edges.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import Axis, Block, Plan
from sparsetopo.graphs.unroll import kernels_and_mask

Masks = Mapping[str, NDArray[np.bool_]]
Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Lookup:
    """Incidence along one axis as seen from one end: entries of position p are
    ``starts[p]:starts[p + 1]``.

    Attributes
    ----------
    starts
        (positions + 1,) int32.
    taps, ends
        (entries,) int32: the tap, and the position at the other end.
    """  # noqa: D205

    starts: NDArray[np.int32]
    taps: NDArray[np.int32]
    ends: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Incidence:
    """Which positions along one axis are joined, and by which tap; each pair once.

    Attributes
    ----------
    sources, taps, targets
        (pairs,) int32, sorted by (target, source).
    num_sources, num_taps, num_targets
        Exclusive upper bounds of the three.
    """

    sources: NDArray[np.int32]
    taps: NDArray[np.int32]
    targets: NDArray[np.int32]
    num_sources: int
    num_taps: int
    num_targets: int

    @cached_property
    def from_sources(self) -> Lookup:
        """Entries by source position, in the order of the targets."""
        return _lookup(self.sources, self.taps, self.targets, self.num_sources)

    @cached_property
    def from_targets(self) -> Lookup:
        """Entries by target position, in the order of the sources."""
        return _lookup(self.targets, self.taps, self.sources, self.num_targets)

    @cached_property
    def pairs_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of (source, target) pairs."""
        return np.bincount(self.taps, minlength=self.num_taps)

    @cached_property
    def source_counts(self) -> NDArray[np.float64]:
        """(taps, source positions) number of targets."""
        counts = np.zeros((self.num_taps, self.num_sources))
        np.add.at(counts, (self.taps, self.sources), 1)
        return counts

    @cached_property
    def target_counts(self) -> NDArray[np.float64]:
        """(taps, target positions) number of sources."""
        counts = np.zeros((self.num_taps, self.num_targets))
        np.add.at(counts, (self.taps, self.targets), 1)
        return counts


@dataclass(frozen=True, eq=False)
class Lists:
    """For every (tap, channel) the channels at the other end of the kept weights.

    Attributes
    ----------
    starts
        (taps * channels + 1,) int64; the list of (tap, channel c) is
        ``starts[tap * channels + c] : starts[tap * channels + c + 1]``.
    ends
        (kept weights,) int32 channels at the other end, ascending within a list.
    magnitudes
        (kept weights,) float32 |w|.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int32]
    magnitudes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Bundle:
    """All edges between two node layers.

    Channel c of the lists is channel ``source_channel + c`` (``target_channel + c``) of the layer.

    Attributes
    ----------
    source, target
        Indices of node layers, source < target.
    source_channel, source_channels, target_channel, target_channels
        Ranges of channels that can have edges: first one and how many.
    rows, columns
        Spatial incidences.
    forward, backward
        Kept weights by (tap, source channel) and by (tap, target channel), where
        tap = row tap * columns.num_taps + column tap.
    """

    source: int
    target: int
    source_channel: int
    source_channels: int
    target_channel: int
    target_channels: int
    rows: Incidence
    columns: Incidence
    forward: Lists
    backward: Lists

    @property
    def num_taps(self) -> int:
        """Number of (row tap, column tap) pairs."""
        return self.rows.num_taps * self.columns.num_taps

    @property
    def num_kept(self) -> int:
        """Number of kept weights; each is unrolled to `pairs_per_tap` edges."""
        return len(self.forward.ends)

    @cached_property
    def pairs_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of (source position, target position) pairs."""
        return np.outer(self.rows.pairs_per_tap, self.columns.pairs_per_tap).ravel()

    @cached_property
    def kept_per_tap(self) -> NDArray[np.int64]:
        """(taps,) number of kept weights."""
        return np.diff(self.forward.starts[:: self.source_channels])

    @cached_property
    def num_edges(self) -> int:
        """Number of edges."""
        pairs, kept = self.pairs_per_tap.tolist(), self.kept_per_tap.tolist()
        return sum(p * k for p, k in zip(pairs, kept, strict=True))

    def source_kept(self) -> NDArray[np.int64]:
        """(taps, source channels) number of kept weights."""
        return np.diff(self.forward.starts).reshape(self.num_taps, self.source_channels)

    def target_kept(self) -> NDArray[np.int64]:
        """(taps, target channels) number of kept weights."""
        return np.diff(self.backward.starts).reshape(self.num_taps, self.target_channels)

    def pattern(self, dtype: type = np.float32) -> NDArray[np.generic]:
        """(taps, target channels, source channels) array of 1 where a weight is kept, else 0."""
        dense = np.zeros((self.num_taps * self.target_channels, self.source_channels), dtype)
        rows = np.repeat(np.arange(len(dense)), np.diff(self.backward.starts))
        dense[rows, self.backward.ends] = 1
        return dense.reshape(self.num_taps, self.target_channels, self.source_channels)


def bundles(plan: Plan, weights: Weights, masks: Masks) -> list[Bundle]:
    """Bundles of a network that hold at least one edge, by (target, source)."""
    between: dict[tuple[int, int], list[Block]] = defaultdict(list)
    for block in plan.blocks:
        between[block.target, block.source].append(block)
    found = (_bundle(plan, between[pair], weights, masks) for pair in sorted(between))
    return [bundle for bundle in found if bundle is not None and bundle.num_edges]


def _bundle(plan: Plan, blocks: list[Block], weights: Weights, masks: Masks) -> Bundle | None:
    kept = [block for block in blocks if _keeps_any(block, masks)]
    if not kept:
        return None
    axes = [[plan.axes[b.rows] for b in kept], [plan.axes[b.columns] for b in kept]]
    if len(kept) == 1 and all(_is_simple(axis) for (axis,) in axes):
        return _simple(plan, kept[0], weights, masks)
    return _composite(plan, kept, weights, masks)


def _keeps_any(block: Block, masks: Masks) -> bool:
    return block.parameter is None or bool(block.kernels(masks[block.parameter]).any())


@lru_cache(maxsize=4096)
def _is_simple(axis: Axis) -> bool:
    """Whether every pair of positions is joined by one tap only."""
    return len(set(zip(axis.sources, axis.targets, strict=True))) == len(axis.sources)


def _simple(plan: Plan, block: Block, weights: Weights, masks: Masks) -> Bundle:
    """Bundle of one block whose taps need not be united."""
    kernels, kept = kernels_and_mask(block, weights, masks)
    taps = block.kernel[0] * block.kernel[1]
    outputs, inputs = block.outputs, block.inputs
    # (tap, group, output of the group, input of the group)
    shape = (block.groups, outputs // block.groups, inputs, taps)
    flags = np.ascontiguousarray(kept.reshape(shape).transpose(3, 0, 1, 2))
    sizes = np.abs(kernels.reshape(shape).transpose(3, 0, 1, 2))
    rows = _incidence(plan, block.rows, block.kernel[0], block, 0)
    columns = _incidence(plan, block.columns, block.kernel[1], block, 1)
    return Bundle(
        block.source,
        block.target,
        block.source_channel,
        block.source_channels,
        block.target_channel,
        block.outputs,
        rows,
        columns,
        forward=_lists(flags.swapaxes(2, 3), sizes.swapaxes(2, 3)),
        backward=_lists(flags, sizes),
    )


def _lists(flags: NDArray[np.bool_], sizes: NDArray[np.float32]) -> Lists:
    """Lists of arrays (tap, group, from, to), `from` and `to` numbered within their group."""
    taps, groups, from_channels, to_channels = flags.shape
    flags, sizes = np.ascontiguousarray(flags), np.ascontiguousarray(sizes)
    lengths = np.count_nonzero(flags, axis=3).ravel()
    starts = np.zeros(taps * groups * from_channels + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    places = np.flatnonzero(flags)
    lists, ends = np.divmod(places, to_channels)
    if groups > 1:
        ends += lists // from_channels % groups * to_channels
    return Lists(starts, ends.astype(np.int32), sizes.ravel()[places])


def _composite(plan: Plan, blocks: list[Block], weights: Weights, masks: Masks) -> Bundle:
    """Bundle of blocks that may describe an edge more than once."""
    first = blocks[0]
    source_channel = min(block.source_channel for block in blocks)
    target_channel = min(block.target_channel for block in blocks)
    sources = max(block.source_channel + block.source_channels for block in blocks) - source_channel
    targets = max(block.target_channel + block.outputs for block in blocks) - target_channel
    rows, row_sets = _united(plan, [block.rows for block in blocks], first, 0)
    columns, column_sets = _united(plan, [block.columns for block in blocks], first, 1)
    parts = [kernels_and_mask(block, weights, masks) for block in blocks]
    forward, backward = _ListBuilder(sources), _ListBuilder(targets)
    for row_set in row_sets:
        for column_set in column_sets:
            flags = np.zeros((targets, sources), dtype=bool)
            sizes = np.zeros((targets, sources), dtype=np.float32)
            for number, block in enumerate(blocks):
                row_taps = [tap for which, tap in row_set if which == number]
                column_taps = [tap for which, tap in column_set if which == number]
                if row_taps and column_taps:
                    _add(
                        flags[block.target_channel - target_channel :],
                        sizes[block.target_channel - target_channel :],
                        block.source_channel - source_channel,
                        block,
                        *(part[:, :, row_taps][:, :, :, column_taps] for part in parts[number]),
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
    sizes: NDArray[np.float32],
    source_channel: int,
    block: Block,
    kernels: NDArray[np.float32],
    kept: NDArray[np.bool_],
) -> None:
    """Unite some taps of a block, (outputs, inputs, row taps, column taps), with what is there."""
    united = kept.any(axis=(2, 3))
    summed = np.where(kept, np.abs(kernels), np.float32(0)).sum(axis=(2, 3))
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

    def append(self, flags: NDArray[np.bool_], sizes: NDArray[np.float32]) -> None:
        """Add the tap whose (from, to) channel pairs are given."""
        rows, ends = np.nonzero(flags)
        self.lengths.append(np.bincount(rows, minlength=self.channels))
        self.ends.append(ends.astype(np.int32))
        self.magnitudes.append(sizes[rows, ends])

    def lists(self) -> Lists:
        starts = np.concatenate([[0], np.cumsum(np.concatenate(self.lengths))])
        return Lists(starts, np.concatenate(self.ends), np.concatenate(self.magnitudes))


def _incidence(plan: Plan, axis: int, taps: int, block: Block, dimension: int) -> Incidence:
    sizes = [_extent(plan, layer, dimension) for layer in (block.source, block.target)]
    return _shared_incidence(plan.axes[axis], taps, *sizes)


@lru_cache(maxsize=1024)
def _shared_incidence(axis: Axis, taps: int, num_sources: int, num_targets: int) -> Incidence:
    arrays = (np.array(values, dtype=np.int32) for values in (axis.sources, axis.taps, axis.targets))
    return Incidence(*arrays, num_sources, taps, num_targets)


def _extent(plan: Plan, layer: int, dimension: int) -> int:
    """Height (dimension 0) or width (1) of a node layer."""
    return (plan.node_layers[layer].height, plan.node_layers[layer].width)[dimension]


TapSet = tuple[tuple[int, int], ...]  # of (block's number among those of the bundle, tap)


def _united(
    plan: Plan, axes: Iterable[int], block: Block, dimension: int
) -> tuple[Incidence, list[TapSet]]:
    """Unite the incidences of several blocks along one axis: one composite tap for each tap set."""
    joined: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for number, index in enumerate(axes):
        axis = plan.axes[index]
        for source, tap, target in zip(axis.sources, axis.taps, axis.targets, strict=True):
            joined[target, source].append((number, tap))
    numbers: dict[TapSet, int] = {}
    triples = [
        (source, numbers.setdefault(tuple(sorted(taps)), len(numbers)), target)
        for (target, source), taps in sorted(joined.items())
    ]
    sources, taps, targets = np.array(triples, dtype=np.int32).reshape(-1, 3).T.copy()
    sizes = [_extent(plan, layer, dimension) for layer in (block.source, block.target)]
    return Incidence(sources, taps, targets, sizes[0], len(numbers), sizes[1]), list(numbers)


def _lookup(
    near: NDArray[np.int32], taps: NDArray[np.int32], far: NDArray[np.int32], positions: int
) -> Lookup:
    order = np.argsort(near, kind="stable")
    starts = np.zeros(positions + 1, dtype=np.int32)
    np.cumsum(np.bincount(near, minlength=positions), out=starts[1:])
    return Lookup(starts, taps[order], far[order])
