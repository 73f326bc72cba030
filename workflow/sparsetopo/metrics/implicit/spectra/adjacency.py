"""The weighted adjacency matrix as an operator: its product with several vectors at once.

The vectors are the columns of an array (V, vectors), so that one row of a feature map is a
contiguous run of width x vectors numbers, which processors add with long vector instructions.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.contributions import (
    Contribution,
    Side,
    contributions,
)
from sparsetopo.metrics.implicit.spectra.product.terms import Term, terms_of
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
        self._build(layers, terms_of(layers, bundles), scale, workers)

    @classmethod
    def of_terms(
        cls,
        layers: Sequence[NodeLayer],
        terms: Sequence[Term],
        scale: float = 1.0,
        workers: Workers | None = None,
    ) -> "Adjacency":
        """The sum of some terms between some layers."""
        adjacency = cls.__new__(cls)
        adjacency._build(layers, terms, scale, workers)
        return adjacency

    def _build(
        self,
        layers: Sequence[NodeLayer],
        terms: Sequence[Term],
        scale: float,
        workers: Workers | None,
    ) -> None:
        self._workers = workers or Workers()
        self._offsets = np.cumsum([0, *(layer.size for layer in layers)]).tolist()
        self.order: int = self._offsets[-1]
        """Number of nodes."""
        by_target: dict[int, list[Contribution]] = defaultdict(list)
        for term in terms:
            for part in contributions(layers, term, scale):
                by_target[part.target.layer].append(part)
        self._pieces = _balanced(list(by_target.values()))
        self.cost = sum(part.cost for parts in by_target.values() for part in parts)
        """Multiplications of a product with one vector."""

    def product(self, vectors: Vectors, result: Vectors | None = None) -> Vectors:
        """Product with (V, vectors) float32 or float64 vectors, in their precision; otherwise TypeError.

        It is put into `result`, contiguous and of the same shape and type, if that is given.
        """
        if (
            vectors.ndim != 2
            or len(vectors) != self.order
            or vectors.dtype not in (np.float32, np.float64)
        ):
            raise TypeError(
                f"vectors have shape {vectors.shape} and type {vectors.dtype}, but must be "
                f"({self.order}, vectors) of float32 or float64."
            )
        vectors = np.ascontiguousarray(vectors)
        if result is None:
            result = np.zeros_like(vectors)
        elif result.shape != vectors.shape or result.dtype != vectors.dtype:
            raise TypeError(
                f"the result has shape {result.shape} and type {result.dtype}, but vectors have "
                f"{vectors.shape} and {vectors.dtype}."
            )
        else:
            result.fill(0)

        def add(piece: list[Contribution]) -> None:
            for part in piece:
                source, target = (self._nodes(side) for side in (part.source, part.target))
                part.add(vectors[source].reshape(-1), result[target].reshape(-1), vectors.shape[1])

        self._workers.run([partial(add, piece) for piece in self._pieces])
        return result

    def _nodes(self, side: Side) -> slice:
        first = self._offsets[side.layer]
        return slice(first + side.nodes.start, first + side.nodes.stop)


def _balanced(by_layer: list[list[Contribution]]) -> list[list[Contribution]]:
    """Distribute layers over pieces of work of about the same cost.

    All that is added to one layer is in one piece, in a fixed order.
    """
    pieces: list[list[Contribution]] = [[] for _ in range(min(_PIECES, len(by_layer)))]
    loads = [0] * len(pieces)
    for layer in sorted(by_layer, key=lambda layer: -sum(part.cost for part in layer)):
        lightest = loads.index(min(loads))
        pieces[lightest] += layer
        loads[lightest] += sum(part.cost for part in layer)
    return pieces
