"""Some node layers of a graph, and the part of the weighted Laplacian D - A that belongs to them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.davidson import largest_pair
from sparsetopo.metrics.implicit.spectra.product.terms import Term

# Parts of up to this many nodes are solved dense.
_DENSE_ORDER = 400
_CAPACITY, _SMALLEST_CAPACITY, _BASIS_BYTES = 40, 16, 2**29
_MAX_STEPS = 400

Vectors = NDArray[np.float64]


class Part:
    """The rows and columns of the Laplacian that belong to the `chosen` node layers, ascending.

    The other arguments are the layers and terms of the whole graph and its (V,) weighted degrees.
    """

    def __init__(
        self,
        layers: Sequence[NodeLayer],
        terms: Sequence[Term],
        chosen: Sequence[int],
        degrees: Vectors,
    ) -> None:
        index = {layer: number for number, layer in enumerate(chosen)}
        inside = [
            term._replace(
                core=term.core._replace(layer=index[term.core.layer]),
                wide=term.wide._replace(layer=index[term.wide.layer]),
            )
            for term in terms
            if term.core.layer in index and term.wide.layer in index
        ]
        offsets = np.cumsum([0, *(layer.size for layer in layers)])
        self._firsts = offsets[list(chosen)].tolist()
        self.chosen = chosen
        self.layers = [layers[n] for n in chosen]
        self.sizes = [layer.size for layer in self.layers]
        self.degrees = np.concatenate([degrees[offsets[n] : offsets[n + 1]] for n in chosen])
        self.adjacency = Adjacency.of_terms(self.layers, inside)

    def product(self, vectors: Vectors) -> Vectors:
        """Product of the part with (nodes, vectors) vectors."""
        return self.degrees[:, None] * vectors - self.adjacency.product(vectors)

    @property
    def matrix(self) -> Vectors:
        """The part as a dense array."""
        return self.product(np.eye(len(self.degrees)))

    @property
    def is_small(self) -> bool:
        """Whether the part is solved dense, exactly whatever the tolerance."""
        return len(self.degrees) <= _DENSE_ORDER

    def _by_layer(self, values: Vectors) -> dict[int, Vectors]:
        return dict(zip(self.chosen, np.split(values, np.cumsum(self.sizes[:-1])), strict=True))

    def largest_by_layer(self, values: Vectors) -> Vectors:
        """Largest value in each layer of some values at the nodes."""
        return np.maximum.reduceat(values, np.cumsum([0, *self.sizes[:-1]]))

    def largest_pair(
        self, start: Vectors, tolerance: float, least_steps: int
    ) -> tuple[float, Vectors]:
        """Largest eigenvalue of the part, and vectors, its own first; arguments as in `davidson`."""
        order = len(self.degrees)
        if self.is_small:
            values, vectors = np.linalg.eigh(self.matrix)
            return float(values[-1]), vectors[:, -1:]
        return largest_pair(
            self.product,
            self.degrees,
            start,
            tolerance=tolerance,
            capacity=min(_CAPACITY, max(_SMALLEST_CAPACITY, _BASIS_BYTES // (16 * order))),
            least_steps=least_steps,
            max_steps=_MAX_STEPS,
        )

    def restricted(self, vectors: NDArray[np.floating[Any]]) -> Vectors:
        """Rows of (V, vectors) vectors that belong to the part."""
        pieces = (
            vectors[first : first + size]
            for first, size in zip(self._firsts, self.sizes, strict=True)
        )
        return np.concatenate(list(pieces)).astype(np.float64)

    def embedded(self, vectors: Vectors, narrower: "Part") -> Vectors:
        """Vectors of a narrower part as (nodes, vectors) vectors of this one, 0 elsewhere."""
        pieces = narrower._by_layer(vectors)
        return np.concatenate(
            [
                pieces.get(layer, np.zeros((size, vectors.shape[1])))
                for layer, size in zip(self.chosen, self.sizes, strict=True)
            ]
        )

    def residual_outside(self, vector: Vectors, narrower: "Part") -> float:
        """Norm, outside a narrower part, of the product with a (nodes, 1) vector."""
        image = self.product(np.ascontiguousarray(vector))[:, 0]
        outside = [
            float(piece @ piece)
            for layer, piece in self._by_layer(image).items()
            if layer not in narrower.chosen
        ]
        return math.sqrt(math.fsum(outside))
