"""What each end of a term adds to the other, in the form that compiled loops read."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.axis_taps import AxisTap, Classes
from sparsetopo.metrics.implicit.spectra.product.loops import gather, scatter
from sparsetopo.metrics.implicit.spectra.product.pooling import Pooling, pool, spread
from sparsetopo.metrics.implicit.spectra.product.tables import (
    BundleTables,
    Pairs,
    Shape,
    scaled,
    tables_of,
)
from sparsetopo.metrics.implicit.spectra.product.terms import End, Term

Vectors = NDArray[np.floating[Any]]


class Side(NamedTuple):
    """The maps of one end of a term: their layer, their nodes in it, their shape, and what is summed."""

    layer: int
    nodes: slice
    shape: Shape
    pooling: Pooling | None

    @property
    def multiplied_shape(self) -> Shape:
        """Shape of what is multiplied: of the sums, or else of the maps."""
        return self.shape if self.pooling is None else self.pooling.shape


class Contribution(NamedTuple):
    """What the maps at one end of a term add to those at the other; `cost` is in multiplications for each vector."""

    multiply: Callable[..., None]
    source: Side
    target: Side
    tables: BundleTables
    cost: int

    def add(self, maps: Vectors, sums: Vectors, vectors: int) -> None:
        """Add to the flat maps `sums` the product with others."""
        before, after = self.source.pooling, self.target.pooling
        if before is not None:
            pooled = np.zeros(before.size * vectors, dtype=maps.dtype)
            pool(before, maps, pooled, vectors)
            maps = pooled
        if after is None:
            self.multiply(self.tables, maps, sums, vectors)
            return
        products = np.zeros(after.size * vectors, dtype=maps.dtype)
        self.multiply(self.tables, maps, products, vectors)
        spread(after, products, sums, vectors)


def contributions(layers: Sequence[NodeLayer], term: Term, scale: float) -> list[Contribution]:
    """What a term adds at either end, its magnitudes divided by `scale`."""
    core, wide = (
        _side(layers, end, *(getattr(taps[0], name) for taps in (term.rows, term.columns)))
        for end, name in ((term.core, "core_classes"), (term.wide, "wide_classes"))
    )
    shapes = core.multiplied_shape, wide.multiplied_shape
    tables = tables_of(*shapes, _pairs(term.rows), _pairs(term.columns), term.kernel)
    tables = scaled(tables, scale)
    cost = term.kernel.num_weights * shapes[0][1] * shapes[0][2]
    return [
        Contribution(gather, wide, core, tables, cost),
        Contribution(scatter, core, wide, tables, cost),
    ]


def _side(
    layers: Sequence[NodeLayer], end: End, rows: Classes | None, columns: Classes | None
) -> Side:
    height, width = layers[end.layer].height, layers[end.layer].width
    nodes = slice(end.channels.start * height * width, end.channels.stop * height * width)
    shape = len(end.channels), height, width
    side = Side(end.layer, nodes, shape, None)
    if rows is None and columns is None and end.groups is None:
        return side
    channels, *singles = (Classes(np.arange(size, dtype=np.int32), size) for size in shape)
    if end.groups is not None:
        channels = Classes(end.groups, end.num_groups)
    rows, columns = rows or singles[0], columns or singles[1]
    row_weights, column_weights = (
        np.ones(len(axis.of)) if axis.weights is None else axis.weights for axis in (rows, columns)
    )
    pooling = Pooling(
        channels.of,
        rows.of,
        columns.of,
        row_weights,
        column_weights,
        (channels.size, rows.size, columns.size),
        rows.running,
        columns.running,
    )
    return side._replace(pooling=pooling)


def _pairs(taps: list[AxisTap]) -> Pairs:
    starts = np.cumsum([0, *(len(tap.core) for tap in taps)])
    core, wide = (np.concatenate([getattr(tap, end) for tap in taps]) for end in ("core", "wide"))
    return starts, core, wide
