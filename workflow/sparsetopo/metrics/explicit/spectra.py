"""Spectra of the whole graph from those of its connected components.

Component by component, an eigenvalue that several components share is counted as often as it occurs, which no
iteration on the whole matrix guarantees. Components whose upper bound cannot change the answer are left out.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph, csr_array, diags_array

from sparsetopo.metrics.explicit.eigenvalues import largest_eigenvalue, outer_eigenvalues
from sparsetopo.metrics.primitives import AdjacencyEigenvalues


class WeightedComponents:
    """The undirected weighted adjacency matrix, cut into components joined by edges of weight > 0.

    An edge of weight 0 adds nothing to either spectrum, so it joins nothing here. Weights are
    divided by the largest (`scale`), because the solvers' tolerances are not relative for values near
    the smallest float.

    Attributes
    ----------
    adjacency_bounds
        For each component max over its edges (u, v) of sqrt(s_u s_v), s = weighted degrees: with x
        the Perron vector, u its largest entry and v the largest next to u, lambda x_u <= s_u x_v
        and lambda x_v <= s_v x_u.
    laplacian_bounds
        For each component max of s_u + s_v: D - A = N W N' with N the incidence matrix, and N' N W has the
        same non-zero eigenvalues and these row sums of magnitudes.
    num_singletons
        Nodes without an edge of weight > 0; their only eigenvalue is 0.
    """

    def __init__(self, matrix: csr_array) -> None:
        nodes = matrix.shape[0]
        rows = np.repeat(np.arange(nodes), np.diff(matrix.indptr))
        kept = matrix.data > 0
        rows, columns = rows[kept], matrix.indices[kept]
        weights = matrix.data[kept].astype(np.float64)
        self.scale = float(weights.max(initial=0.0))
        weights /= self.scale or 1.0
        directed = csr_array((weights, (rows, columns)), shape=matrix.shape)
        count, labels = csgraph.connected_components(directed, directed=False)
        sizes = np.bincount(labels, minlength=count)
        # Largest components first, singletons last; nodes of one component keep their order.
        place = np.empty(count, dtype=np.int64)
        place[np.argsort(-sizes, kind="stable")] = np.arange(count)
        number = np.empty(nodes, dtype=np.int32)
        number[np.argsort(place[labels], kind="stable")] = np.arange(nodes)
        rows, columns = number[rows], number[columns]
        self._matrix = csr_array(
            (np.tile(weights, 2), (np.append(rows, columns), np.append(columns, rows))),
            shape=matrix.shape,
        )
        sizes = np.sort(sizes)[::-1]
        joined = int(np.count_nonzero(sizes > 1))
        self.num_singletons = int(count) - joined
        self._starts = np.concatenate([[0], np.cumsum(sizes[:joined])])
        degrees = self._matrix.sum(axis=1)
        first = np.repeat(degrees, np.diff(self._matrix.indptr))
        second = degrees[self._matrix.indices]
        self.adjacency_bounds = self._maximum(np.sqrt(first * second))
        self.laplacian_bounds = self._maximum(first + second)

    def _maximum(self, edge_values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Largest value of each component, of values given for every stored entry."""
        starts = self._matrix.indptr[self._starts[:-1]]
        if len(starts) == 0:
            return np.zeros(0)
        return np.maximum.reduceat(edge_values, starts)

    def descending(self, bounds: NDArray[np.float64]) -> Iterator[tuple[float, csr_array]]:
        """(bound, adjacency matrix) of the components of two nodes or more, largest bound first."""
        for component in np.argsort(-bounds, kind="stable"):
            start, stop = self._starts[component], self._starts[component + 1]
            yield float(bounds[component]), self._matrix[start:stop, start:stop]


def adjacency_eigenvalues(components: WeightedComponents) -> AdjacencyEigenvalues:
    """Three largest magnitudes and two largest eigenvalues of the weighted adjacency matrix."""
    singletons = [0.0] * min(components.num_singletons, 3)
    magnitudes = list(singletons)
    largest = singletons[:2]
    for bound, matrix in components.descending(components.adjacency_bounds):
        if len(magnitudes) == 3 and bound <= min(magnitudes[-1], largest[-1]):
            break
        upper, lower = outer_eigenvalues(matrix)
        magnitudes = sorted([*magnitudes, *np.abs(upper), *np.abs(lower)], reverse=True)[:3]
        largest = sorted([*largest, *upper], reverse=True)[:2]
    first, second, third = (components.scale * float(v) for v in (magnitudes + [0.0] * 3)[:3])
    top, next_to_top = (components.scale * float(v) for v in (largest + [0.0] * 2)[:2])
    return AdjacencyEigenvalues((first, second, third), (top, next_to_top))


def laplacian_largest_eigenvalue(components: WeightedComponents) -> float:
    """Largest eigenvalue of D - A."""
    largest = 0.0
    for bound, matrix in components.descending(components.laplacian_bounds):
        if bound <= largest:
            break
        laplacian = csr_array(diags_array(matrix.sum(axis=1)) - matrix)
        largest = max(largest, largest_eigenvalue(laplacian))
    return components.scale * largest
