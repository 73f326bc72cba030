"""Largest eigenvalue of the weighted Laplacian D - A, mostly on a small part of the graph.

Its eigenvector decays quickly away from the nodes of large degree. So the eigenvalue is first
sought on some node layers only, and layers are added while the residual outside them matters:

- No eigenvalue that lives in other layers alone exceeds the largest of d_v + m_v there, where m_v
  is the weighted mean degree of the neighbours of v (Merris, Linear Algebra Appl. 285, 1998: the
  row sums of the signless Laplacian scaled by the degrees). Layers where this bound exceeds the
  largest degree, which the eigenvalue always does, belong to the part from the beginning.
- The residual of the vector found, in all layers that the part is joined to, is the residual in the
  whole graph. An eigenvalue lies no further from the value than its norm r; and since the layers
  left out have no eigenvalue above their bound b, they raise the value by about r^2 / (value - b).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.seeding import generator
from sparsetopo.topometrics.primitives.implicit.adjacency import Adjacency
from sparsetopo.topometrics.primitives.implicit.davidson import largest_pair

# Residual's norm, relative to the eigenvalue; ten times that is promised.
_TOLERANCE = 1e-6
# Parts up to this order are solved dense.
_DENSE_ORDER = 400
# Nodes of largest degree among the start vectors.
_HUBS = 6
_CAPACITY, _SMALLEST_CAPACITY, _BASIS_BYTES = 40, 16, 2**29
_MAX_STEPS = 400


def laplacian_largest_eigenvalue(
    layers: Sequence[NodeLayer], bundles: Sequence[Bundle], degrees: NDArray[np.float64]
) -> float:
    """Largest eigenvalue of D - A.

    Parameters
    ----------
    layers, bundles
        The graph.
    degrees
        (V,) weighted degrees.

    Raises
    ------
    NotConvergedError
        If many eigenvalues lie too close together.
    """
    largest = float(degrees.max(initial=0.0))
    if largest == 0:
        return 0.0
    whole = _Part(layers, bundles, range(len(layers)), degrees)
    mean_degrees = whole.adjacency.product(degrees[:, None])[:, 0]
    np.divide(mean_degrees, degrees, out=mean_degrees, where=degrees > 0)
    bounds = whole.largest_by_layer(degrees + mean_degrees)
    chosen = _with_joined(np.flatnonzero(bounds > largest).tolist(), bundles)
    part = _Part(layers, bundles, chosen, degrees)
    start = part.start_vectors()
    while True:
        value, vectors = part.largest_pair(start)
        beyond = np.delete(bounds, chosen).max(initial=0.0)
        chosen = _with_joined(chosen, bundles)
        wider = _Part(layers, bundles, chosen, degrees)
        start = wider.embedded(vectors, part)
        found = np.ascontiguousarray(start[:, :1])
        residual = float(np.linalg.norm(wider.product(found) - value * found))
        if min(residual, residual**2 / (value - beyond)) <= 2 * _TOLERANCE * value:
            return value
        part = wider


def _with_joined(chosen: Sequence[int], bundles: Sequence[Bundle]) -> list[int]:
    """Layers with those that an edge joins to them."""
    found = set(chosen)
    for bundle in bundles:
        if bundle.source in chosen or bundle.target in chosen:
            found |= {bundle.source, bundle.target}
    return sorted(found)


class _Part:
    """The rows and columns of the Laplacian that belong to some node layers."""

    def __init__(
        self,
        layers: Sequence[NodeLayer],
        bundles: Sequence[Bundle],
        chosen: Sequence[int],
        degrees: NDArray[np.float64],
    ) -> None:
        place = {layer: number for number, layer in enumerate(chosen)}
        inside = [
            replace(bundle, source=place[bundle.source], target=place[bundle.target])
            for bundle in bundles
            if bundle.source in place and bundle.target in place
        ]
        offsets = np.cumsum([0, *(layer.size for layer in layers)])
        self.chosen = chosen
        self.sizes = [layers[n].size for n in chosen]
        self.degrees = np.concatenate([degrees[offsets[n] : offsets[n + 1]] for n in chosen])
        self.adjacency = Adjacency([layers[n] for n in chosen], inside)

    def product(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Product of the part with (nodes, block) vectors."""
        return self.degrees[:, None] * vectors - self.adjacency.product(vectors)

    def largest_by_layer(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Largest of some values of the nodes in each layer."""
        return np.maximum.reduceat(values, np.cumsum([0, *self.sizes[:-1]]))

    def largest_pair(self, start: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Largest eigenvalue of the part, and vectors, its own first."""
        order = len(self.degrees)
        if order <= _DENSE_ORDER:
            values, vectors = np.linalg.eigh(self.product(np.eye(order)))
            return float(values[-1]), vectors[:, -1:]
        return largest_pair(
            self.product,
            self.degrees,
            start,
            tolerance=_TOLERANCE,
            capacity=min(_CAPACITY, max(_SMALLEST_CAPACITY, _BASIS_BYTES // (16 * order))),
            max_steps=_MAX_STEPS,
        )

    def start_vectors(self) -> NDArray[np.float64]:
        """Nodes of largest degree, and powers of the degrees.

        At the two ends of an edge the eigenvector has opposite signs: one power's sign alternates
        from layer to layer; two columns are random, for what has neither hubs nor such signs.
        """
        order = len(self.degrees)
        hubs = np.argsort(-self.degrees, kind="stable")[:_HUBS]
        start = np.zeros((order, len(hubs) + 3))
        start[hubs, np.arange(len(hubs))] = 1
        relative = self.degrees / self.degrees[hubs[0]]
        signs = np.repeat([(-1.0) ** number for number in range(len(self.sizes))], self.sizes)
        start[:, -3] = relative**4 * signs
        start[:, -2:] = generator("laplacian start", order).standard_normal((order, 2))
        start[:, -2:] *= relative[:, None]
        return start

    def embedded(self, vectors: NDArray[np.float64], narrower: "_Part") -> NDArray[np.float64]:
        """Vectors of a part of this part as vectors (nodes, columns) of this one."""
        pieces = dict(
            zip(narrower.chosen, np.split(vectors, np.cumsum(narrower.sizes[:-1])), strict=True)
        )
        return np.concatenate(
            [
                pieces.get(layer, np.zeros((size, vectors.shape[1])))
                for layer, size in zip(self.chosen, self.sizes, strict=True)
            ]
        )
