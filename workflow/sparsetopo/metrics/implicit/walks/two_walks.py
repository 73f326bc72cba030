"""Pairs within two hops and motif counts, from sums over the entries of A^2, block by block.

A block of A^2 belongs to a first and a last node layer and holds the walks through some middle layers.
``docs/graph.md`` says which blocks are needed (n2, motif4). Whole blocks within one layer, which are the largest, never
are.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import MetricError
from sparsetopo.graphs.bundles.bundle import Bundle, Half
from sparsetopo.graphs.bundles.incidence import Incidence, Lookup
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.equal_taps import equal_taps
from sparsetopo.metrics.implicit.walks.block import WalkBlock, WalkSums
from sparsetopo.metrics.implicit.walks.classes import WalkClasses, walk_classes
from sparsetopo.metrics.implicit.walks.motif_counts import motif_counts
from sparsetopo.metrics.implicit.walks.tap_products import TapProducts, tap_products
from sparsetopo.metrics.primitives import MotifCounts


class Pair(NamedTuple):
    """A block of A^2: walks from a first to a last node layer through some middle layers."""

    first: int
    last: int
    middles: tuple[int, ...]


class TwoWalks:
    """Pairs within two hops and motif counts of a graph given by its node layers and bundles.

    `compute` may run on different pairs in several threads at once.
    """

    def __init__(self, layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> None:
        self._layers = layers
        self._bundles = {(bundle.source, bundle.target): bundle for bundle in bundles}
        self._halves = {(half.near, half.far): half for b in bundles for half in b.halves}
        self._sources: list[set[int]] = [set() for _ in layers]
        self._targets: list[set[int]] = [set() for _ in layers]
        for source, target in self._bundles:
            self._sources[target].add(source)
            self._targets[source].add(target)
        self._equal_taps: dict[tuple[int, int], NDArray[np.int64]] = {}
        self._table_numbers: dict[Lookup | Incidence, int] = {}
        self._contents: dict[tuple[object, ...], int] = {}
        self._known_products: dict[object, TapProducts] = {}
        self._known_classes: dict[object, WalkClasses] = {}
        self._known_blocks: dict[Pair, WalkBlock] = {}
        self._sums: dict[Pair, WalkSums] = {}

    def pairs(self, *, directed: bool, undirected: bool) -> list[Pair]:
        """Pairs not yet computed that `pairs_within_two_hops` (`motif_counts`) needs, costliest first."""
        wanted: set[Pair] = set()
        if directed:
            wanted.update(self._directed_pairs())
        if undirected:
            for pair in self._undirected_pairs():
                wanted.update([pair, *_parts(pair)])
            wanted.update(self._back_and_forth(bundle) for bundle in self._bundles.values())
        seconds = {pair: self._block(pair).seconds() for pair in wanted - self._sums.keys()}
        return sorted(seconds, key=lambda pair: (-seconds[pair], pair))

    def compute(self, pair: Pair) -> None:
        """Sum over the entries of one block of A^2, and remember the sums."""
        self._sums[pair] = self._block(pair).sums()

    def pairs_within_two_hops(self) -> int:
        """Ordered pairs (u, v) where a directed walk of 0, 1 or 2 edges leads from u to v."""
        self._compute_missing(directed=True)
        found = sum(layer.size for layer in self._layers)
        found += sum(bundle.num_edges for bundle in self._bundles.values())
        for pair in self._directed_pairs():
            sums = self._sums[pair]
            found += sums.positive - (sums.triangles.num_edges if sums.triangles else 0)
        return found

    def motif_counts(self, degrees: NDArray[np.int64]) -> MotifCounts:
        """Copies of the connected graphs on four nodes, given the (V,) undirected degrees.

        MetricError if four node layers are pairwise joined: sums over A^2 do not tell how many cliques of four nodes
        there are.
        """
        if four := self.four_joined_layers():
            # Numbered as in drawings, since one module may make several layers.
            listed = [f"{number} ('{self._layers[number].name}')" for number in four]
            edges = sum(bundle.num_edges for bundle in self._bundles.values())
            raise MetricError(
                f"'motif4' cannot be computed on the implicit graph, because four of its {len(self._layers)} node "
                f"layers are pairwise joined, {', '.join(listed[:3])} and {listed[3]}, counted from 0: "
                "leave this metric out, or count on the unrolled graph with sparsetopo.topometrics(mge, ['motif4'], "
                f"explicit=True), which takes some 100 bytes for each of its {edges:,} edges."
            )
        self._compute_missing(undirected=True)
        trace = 0
        triangles = {}
        for pair in self._undirected_pairs():
            # (first, last) also stands for (last, first).
            trace += 2 * self._sums[pair].squares
            trace += 2 * sum(self._sums[part].squares for part in _parts(pair))
            if (sums := self._sums[pair].triangles) is not None:
                triangles[pair.first, pair.last] = sums
        for bundle in self._bundles.values():
            trace += 2 * self._sums[self._back_and_forth(bundle)].squares
        return motif_counts(self._planes(degrees), [*self._bundles.values()], trace, triangles)

    def four_joined_layers(self) -> tuple[int, int, int, int] | None:
        """Four pairwise joined node layers, or None if there are none."""
        for a, b in sorted(self._bundles):
            after = self._targets[a] & self._targets[b]
            for c in sorted(after):
                for d in sorted(after & self._targets[c]):
                    return a, b, c, d
        return None

    def _compute_missing(self, *, directed: bool = False, undirected: bool = False) -> None:
        for pair in self.pairs(directed=directed, undirected=undirected):
            self.compute(pair)

    def _directed_pairs(self) -> list[Pair]:
        return self._joined_pairs(self._targets, self._sources)

    def _undirected_pairs(self) -> list[Pair]:
        joined = [a | b for a, b in zip(self._sources, self._targets, strict=True)]
        return self._joined_pairs(joined, joined)

    def _joined_pairs(self, from_first: list[set[int]], to_last: list[set[int]]) -> list[Pair]:
        """Different layers with a walk from the first to the last, each with all middle layers."""
        return [
            Pair(first, last, tuple(sorted(middles)))
            for first in range(len(self._layers))
            for last in range(first + 1, len(self._layers))
            if (middles := from_first[first] & to_last[last])
        ]

    def _back_and_forth(self, bundle: Bundle) -> Pair:
        """Walks from one of two joined layers to the other and back, from the cheaper side."""
        pairs = [Pair(half.near, half.near, (half.far,)) for half in bundle.halves]
        return min(pairs, key=lambda pair: self._block(pair).seconds())

    def _block(self, pair: Pair) -> WalkBlock:
        if pair not in self._known_blocks:
            self._known_blocks[pair] = self._new_block(pair)
        return self._known_blocks[pair]

    def _new_block(self, pair: Pair) -> WalkBlock:
        direct = self._bundles.get((pair.first, pair.last))
        rows, columns = (self._classes(axis, pair, direct) for axis in ("rows", "columns"))
        return WalkBlock(
            self._layers[pair.first].channels,
            self._layers[pair.last].channels,
            tuple(self._layers[middle].channels for middle in pair.middles),
            self._steps(pair),
            pair.first == pair.last,
            direct,
            rows,
            columns,
            self._products(pair, rows, columns),
        )

    def _steps(self, pair: Pair) -> tuple[tuple[Half, Half], ...]:
        """For each middle layer its halves with the first and with the last layer, seen from these."""
        return tuple(
            (self._halves[pair.first, middle], self._halves[pair.last, middle])
            for middle in pair.middles
        )

    def _products(self, pair: Pair, rows: WalkClasses, columns: WalkClasses) -> TapProducts:
        """Products of taps; many blocks of A^2 share them."""
        taps = [
            (self._taps(pair.first, middle), self._taps(pair.last, middle))
            for middle in pair.middles
        ]
        steps = self._steps(pair)
        widths = tuple(half.columns.num_taps for halves in steps for half in halves)
        key = rows, columns, widths, tuple(of_end.tobytes() for two in taps for of_end in two)
        if key not in self._known_products:
            self._known_products[key] = tap_products(rows, columns, steps, taps)
        return self._known_products[key]

    def _taps(self, layer: int, other: int) -> NDArray[np.int64]:
        """Which taps between two layers are equal; many blocks of A^2 share them."""
        ends = min(layer, other), max(layer, other)
        if ends not in self._equal_taps:
            self._equal_taps[ends] = equal_taps(self._bundles[ends])
        return self._equal_taps[ends]

    def _classes(self, axis: str, pair: Pair, direct: Bundle | None) -> WalkClasses:
        """Classes of rows or of columns; many blocks of A^2 share them."""
        lookups = tuple(
            tuple(getattr(self._halves[middle, end], axis) for end in (pair.first, pair.last))
            for middle in pair.middles
        )
        edges: Incidence | None = getattr(direct, axis, None)
        key = tuple(tuple(map(self._number, two)) for two in lookups), self._number(edges)
        if key not in self._known_classes:
            self._known_classes[key] = walk_classes(lookups, edges)
        return self._known_classes[key]

    def _number(self, table: Lookup | Incidence | None) -> int:
        """Number that equal tables share, even those of composite taps, which are made anew for each bundle."""
        if table is None:
            return -1
        if table not in self._table_numbers:
            content = tuple(
                value.tobytes() if isinstance(value, np.ndarray) else value
                for value in (getattr(table, field.name) for field in fields(table))
            )
            self._table_numbers[table] = self._contents.setdefault(content, len(self._contents))
        return self._table_numbers[table]

    def _planes(self, values: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Values of the nodes as a (channels, height, width) array for each layer."""
        ends = np.cumsum([layer.size for layer in self._layers])
        return [
            values[end - layer.size : end].reshape(layer.channels, layer.height, layer.width)
            for layer, end in zip(self._layers, ends, strict=True)
        ]


def _parts(pair: Pair) -> list[Pair]:
    """The parts of a block of A^2 with one middle layer each."""
    return [Pair(pair.first, pair.last, (middle,)) for middle in pair.middles]
