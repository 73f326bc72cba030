"""The weighted adjacency matrix as an operator: its product with several vectors at once.

The vectors are the columns of an array (V, vectors), so that one row of a feature map is a
contiguous run of width x vectors numbers, which processors add with long vector instructions.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.adjacency_loops import gather, scatter
from sparsetopo.metrics.implicit.spectra.adjacency_tables import (
    BundleTables,
    Side,
    sides_and_tables,
)
from sparsetopo.metrics.implicit.workers import Workers

Vectors = NDArray[np.floating[Any]]

# Pieces of work that a product is cut into, for as many threads.
_PIECES = 8


class Adjacency:
    """The undirected weighted adjacency matrix of a graph, (V, V) and symmetric; weights are divided by `scale`.

    The rounding of products does not depend on the number of threads.
    """

    def __init__(
        self,
        layers: Sequence[NodeLayer],
        bundles: Sequence[Bundle],
        scale: float = 1.0,
        workers: Workers | None = None,
    ) -> None:
        offsets = np.cumsum([0, *(layer.size for layer in layers)]).tolist()
        self._workers = workers or Workers()
        contributions: dict[int, list[_Contribution]] = defaultdict(list)
        for bundle in bundles:
            core, wide, tables = sides_and_tables(layers, offsets, bundle, scale)
            cost = int(bundle.kept_per_tap.sum()) * core.shape[1] * core.shape[2]
            contributions[core.layer].append(_Contribution(gather, wide, core, tables, cost))
            contributions[wide.layer].append(_Contribution(scatter, core, wide, tables, cost))
        self._pieces = _balanced(list(contributions.values()))

    def product(self, vectors: Vectors) -> Vectors:
        """Product with (V, vectors) float32 or float64 vectors, in their precision; otherwise TypeError."""
        if vectors.ndim != 2 or vectors.dtype not in (np.float32, np.float64):
            raise TypeError(
                f"vectors have shape {vectors.shape} and type {vectors.dtype}, but must be "
                "(V, vectors) of float32 or float64."
            )
        vectors = np.ascontiguousarray(vectors)
        result = np.zeros_like(vectors)

        def add(piece: list[_Contribution]) -> None:
            for multiply, source, target, tables, _ in piece:
                maps, sums = vectors[source.nodes], result[target.nodes]
                multiply(tables, maps.reshape(-1), sums.reshape(-1), vectors.shape[1])

        self._workers.run([partial(add, piece) for piece in self._pieces])
        return result


class _Contribution(NamedTuple):
    """What the maps at one end of a bundle add to those at the other."""

    multiply: Callable[..., None]
    source: Side
    target: Side
    tables: BundleTables
    cost: int


def _balanced(by_layer: list[list[_Contribution]]) -> list[list[_Contribution]]:
    """Distribute layers over pieces of work of about the same cost.

    All that is added to one layer is in one piece, in a fixed order.
    """
    pieces: list[list[_Contribution]] = [[] for _ in range(min(_PIECES, len(by_layer)))]
    loads = [0] * len(pieces)
    for layer in sorted(by_layer, key=lambda layer: -sum(part.cost for part in layer)):
        lightest = loads.index(min(loads))
        pieces[lightest] += layer
        loads[lightest] += sum(part.cost for part in layer)
    return pieces
