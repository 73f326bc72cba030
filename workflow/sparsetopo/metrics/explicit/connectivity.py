"""The undirected graph as igraph and scipy hold it, for searches and products."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.extras import needed_for

if TYPE_CHECKING:
    from igraph import Graph
    from scipy.sparse import csr_array


def undirected_igraph(matrix: "csr_array") -> "Graph":
    """Undirected igraph graph with one edge for each stored entry of the matrix."""
    with needed_for("the explicit backend (core numbers, bridges, articulation points)"):
        from igraph import Graph

    sources = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    # igraph reads an iterable of pairs twice as fast as an array.
    edges = zip(sources.tolist(), matrix.indices.tolist(), strict=True)
    return Graph(n=matrix.shape[0], edges=edges)


def levels(matrix: "csr_array", degrees: NDArray[np.int64]) -> NDArray[np.int32]:
    """(V,) distances from the roots, which `Primitives.levels` defines."""
    from scipy.sparse import csgraph, csr_array

    nodes = matrix.shape[0]
    _, labels = csgraph.connected_components(matrix, directed=False)
    roots = np.unique(labels, return_index=True)[1]
    hub = int(np.argmax(degrees))
    roots[labels[hub]] = hub
    pattern = csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    pattern.resize((nodes + 1, nodes + 1))
    joined = csr_array(
        (np.ones(len(roots)), (np.full(len(roots), nodes), roots)), shape=pattern.shape
    )
    whole = csr_array(pattern + joined)
    distances = csgraph.dijkstra(whole, directed=False, unweighted=True, indices=nodes)
    return (distances[:nodes] - 1).astype(np.int32)


class StoredOperator:
    """The undirected weighted adjacency matrix of a stored directed one."""

    def __init__(self, matrix: "csr_array") -> None:
        self._matrix, self._transposed = matrix, matrix.T.tocsr()

    def product(self, vectors: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Product with (V, vectors) vectors, in their precision."""
        product = self._matrix @ vectors + self._transposed @ vectors
        return np.asarray(product, dtype=vectors.dtype)
