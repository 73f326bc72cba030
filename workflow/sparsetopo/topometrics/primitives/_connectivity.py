"""The undirected graph as igraph holds it, for core numbers, bridges and articulation points."""

import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING

import numpy as np

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
