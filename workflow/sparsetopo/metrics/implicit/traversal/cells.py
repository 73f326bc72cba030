"""Cells of positions that are alike, so that a graph of cells stands for the whole one.

All patch tokens of a vision transformer see as many tokens by each tap; only the class token differs. ``docs/graph.md``
says when positions are alike (core numbers), and why their nodes have the same core numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Half
from sparsetopo.graphs.bundles.incidence import Lookup
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.equal_taps import EMPTY, equal_taps
from sparsetopo.metrics.implicit.neighbours import RepeatedLookup, sorted_halves

# Cells are sought if some tap joins so many pairs of positions for each position: then many may be alike, and each
# node that is removed costs much.
_PAIRS_A_POSITION = 8
# They are used if there are at most so many for each position.
_CELLS_A_POSITION = 0.5
_ONE_ROW = Lookup(
    np.array([0, 1], dtype=np.int32), np.zeros(1, dtype=np.int32), np.zeros(1, dtype=np.int32), 1
)


class Cells(NamedTuple):
    """A graph of cells: a layer's cells are its positions, in one row.

    Attributes
    ----------
    layers
        Its node layers.
    halves
        Its halves, in the order of `sorted_halves`. An entry's `times` are how many positions of the near cell are
        joined to each position of the far one: so many edges a far node loses with the near nodes of a channel.
    labels
        For each layer the cell of each position.
    samples
        For each layer one position of each cell.
    """

    layers: list[NodeLayer]
    halves: list[Half]
    labels: list[NDArray[np.int64]]
    samples: list[NDArray[np.int64]]


class _Joined(NamedTuple):
    """Pairs of positions that a half joins, by near position; equal taps have one number."""

    half: Half
    starts: NDArray[np.int64]
    near: NDArray[np.int64]
    taps: NDArray[np.int64]
    far: NDArray[np.int64]


def cells(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> Cells | None:
    """Cells of the positions of all layers; None where too few positions are alike, or none is expected to be."""
    sizes = [layer.height * layer.width for layer in layers]
    if not any(_joins_many(bundle, sizes) for bundle in bundles):
        return None
    equal = {(bundle.source, bundle.target): equal_taps(bundle) for bundle in bundles}
    joined = [
        _joined(half, equal[min(half.near, half.far), max(half.near, half.far)], layers)
        for half in sorted_halves(bundles)
    ]
    labels = _refined(sizes, joined)
    if labels is None:
        return None
    samples = [np.unique(of_layer, return_index=True)[1] for of_layer in labels]
    halves = [_half_of_cells(pairs, labels) for pairs in joined]
    if any(half is None for half in halves):
        return None
    shapes = [(layer.name, layer.channels, 1) for layer in layers]
    return Cells(
        [NodeLayer(*shape, len(of_layer)) for shape, of_layer in zip(shapes, samples, strict=True)],
        [half for half in halves if half is not None],
        labels,
        samples,
    )


def _joins_many(bundle: Bundle, sizes: Sequence[int]) -> bool:
    positions = max(sizes[bundle.source], sizes[bundle.target])
    return int(bundle.pairs_per_tap.max()) > _PAIRS_A_POSITION * positions


def _joined(half: Half, equal: NDArray[np.int64], layers: Sequence[NodeLayer]) -> _Joined:
    rows, columns = half.rows, half.columns
    taps = equal[np.add.outer(rows.taps.astype(np.int64) * columns.num_taps, columns.taps)]
    near, far = (
        np.add.outer(ends.astype(np.int64) * layers[layer].width, other)
        for layer, ends, other in (
            (half.near, rows.positions, columns.positions),
            (half.far, rows.ends, columns.ends),
        )
    )
    kept = taps != EMPTY
    order = np.argsort(near[kept], kind="stable")
    near, taps, far = (array[kept][order] for array in (near, taps, far))
    layer = layers[half.near]
    starts = np.searchsorted(near, np.arange(layer.height * layer.width + 1))
    return _Joined(half, starts, near, taps, far)


def _refined(sizes: Sequence[int], joined: Sequence[_Joined]) -> list[NDArray[np.int64]] | None:
    """Split the cells until positions of one cell see as many of each cell by each tap; None if too many are left.

    Multisets are told apart by a sum of 64-bit hashes; `_half_of_cells` checks that none were taken for one.
    """
    labels = [np.zeros(size, dtype=np.int64) for size in sizes]
    of_layer: list[list[tuple[int, _Joined]]] = [[] for _ in sizes]
    for number, pairs in enumerate(joined):
        of_layer[pairs.half.near].append((number, pairs))
    found, before = len(sizes), 0
    while found > before:
        before = found
        # Up through the layers and down again: differences spread both ways.
        for layer in [*range(len(sizes)), *reversed(range(len(sizes) - 1))]:
            signs = _hashed(labels[layer], 0)
            for number, pairs in of_layer[layer]:
                seen = _hashed(
                    pairs.taps * sizes[pairs.half.far] + labels[pairs.half.far][pairs.far],
                    1 + number,
                )
                sums = np.append(np.uint64(0), np.cumsum(seen, dtype=np.uint64))
                signs = signs + (sums[pairs.starts[1:]] - sums[pairs.starts[:-1]])
            labels[layer] = np.unique(signs, return_inverse=True)[1]
        found = sum(int(of_layer.max()) + 1 for of_layer in labels)
        if found > _CELLS_A_POSITION * sum(sizes):
            return None
    return labels


def _hashed(values: NDArray[np.int64], stream: int) -> NDArray[np.uint64]:
    """(len,) hashes by splitmix64 (Steele, Lea and Flood, OOPSLA 2014), different ones for each stream."""
    mixed = values.astype(np.uint64) + np.uint64(stream * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def _half_of_cells(pairs: _Joined, labels: Sequence[NDArray[np.int64]]) -> Half | None:
    """A half between cells; None if some positions of a cell see different numbers of others."""
    half, near, far = pairs.half, labels[pairs.half.near], labels[pairs.half.far]
    num_far = int(far.max()) + 1
    span = half.num_taps * num_far
    positions, times = np.unique(
        pairs.near * span + pairs.taps * num_far + far[pairs.far], return_counts=True
    )
    # What each position sees, now by cell: alike if each entry occurs as often as the cell has positions.
    at, seen = np.divmod(positions, span)
    entries, inverse, members = np.unique(
        near[at] * span + seen, return_inverse=True, return_counts=True
    )
    cell, seen = np.divmod(entries, span)
    sizes = np.bincount(near)
    numbers = np.zeros(len(entries), dtype=np.int64)
    numbers[inverse] = times
    if (members != sizes[cell]).any() or (numbers[inverse] != times).any():
        return None
    taps, ends = np.divmod(seen, num_far)
    # As many pairs of positions, seen from the other end.
    numbers = numbers * sizes[cell] // np.bincount(far)[ends]
    starts = np.searchsorted(cell, np.arange(len(sizes) + 1))
    columns = RepeatedLookup(
        starts.astype(np.int32),
        taps.astype(np.int32),
        ends.astype(np.int32),
        half.num_taps,
        numbers.astype(np.int32),
    )
    channels = half.near_channels, half.far_channels
    return Half(half.near, half.far, *channels, _ONE_ROW, columns, half.lists)
