"""The undirected graph as igraph and scipy hold it, for searches and products."""

import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from igraph import GraphBase
    from scipy.sparse import csr_array


def _graph_class() -> type["GraphBase"]:
    """Return igraph's compiled graph class.

    `import igraph` takes 0.4 s because it imports matplotlib for its drawing; the compiled module
    with all algorithms takes 0.01 s. It is registered under its own name, so a later `import
    igraph` finds it and works as ever.
    """
    name = "igraph._igraph"
    if "igraph" not in sys.modules and name not in sys.modules:
        package = importlib.util.find_spec("igraph")
        folders = package.submodule_search_locations if package else None
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
        if spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules[name] = module
    if name not in sys.modules:
        importlib.import_module("igraph")
    return sys.modules[name].GraphBase


def undirected_igraph(matrix: "csr_array") -> "GraphBase":
    """Undirected igraph graph with one edge a stored entry of the matrix."""
    sources = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    # igraph reads an iterable of pairs twice as fast as an array.
    edges = zip(sources.tolist(), matrix.indices.tolist(), strict=True)
    return _graph_class()(n=matrix.shape[0], edges=edges)


def levels(matrix: "csr_array", degrees: NDArray[np.int64]) -> NDArray[np.int32]:
    """Distances from the roots (see `Primitives.levels`), (V,)."""
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
        """Product with (V, block) vectors, in their precision."""
        product = self._matrix @ vectors + self._transposed @ vectors
        return np.asarray(product, dtype=vectors.dtype)
