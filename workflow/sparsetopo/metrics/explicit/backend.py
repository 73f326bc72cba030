"""The explicit backend: every primitive from the stored sparse matrix, with scipy and igraph.

It needs memory for every edge, and is the reference for the backend that does not.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph, csr_array

from sparsetopo.errors import EncodingError
from sparsetopo.metrics.blas import single_threaded_blas
from sparsetopo.metrics.explicit import connectivity, layer_blocks, spectra, two_hops
from sparsetopo.metrics.explicit.motif_counts import motif_counts
from sparsetopo.metrics.explicit.paths import StoredPaths
from sparsetopo.metrics.primitives import (
    AdjacencyEigenvalues,
    EffectiveParts,
    Graph,
    MotifCounts,
)

if TYPE_CHECKING:
    from igraph import GraphBase


class ExplicitPrimitives:
    """Primitives of a graph given as a sparse matrix.

    EncodingError if the matrix and the layers do not fit, an edge joins nodes of one layer, two layers are joined in
    both directions, or a weight is negative or not finite.
    """

    def __init__(self, graph: Graph) -> None:
        matrix = csr_array(graph.to_scipy())
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        self.layer_sizes: Sequence[int] = [int(size) for size in graph.layer_sizes]
        nodes = sum(self.layer_sizes)
        if nodes == 0 or matrix.shape != (nodes, nodes):
            raise EncodingError(
                f"the adjacency matrix has shape {matrix.shape}, but the layers hold {nodes} "
                "nodes; the shape must be (nodes, nodes) with at least one node."
            )
        if not (np.isfinite(matrix.data) & (matrix.data >= 0)).all():
            raise EncodingError(
                "an edge weight is negative or not finite; weights must be magnitudes |w| >= 0."
            )
        self.graph = graph
        self._matrix = matrix

    def prepare(self, needs: Iterable[str], threads: int, started: Callable[[str], None]) -> None:
        """Do nothing: scipy and igraph hold the interpreter lock, so threads would only wait."""

    @cached_property
    def _blocks(self) -> layer_blocks.LayerBlocks:
        return layer_blocks.LayerBlocks(self._matrix, self.layer_sizes)

    @cached_property
    def _igraph(self) -> "GraphBase":
        return connectivity.undirected_igraph(self._matrix)

    @cached_property
    def _weighted_components(self) -> spectra.WeightedComponents:
        return spectra.WeightedComponents(self._matrix)

    @cached_property
    def _paths(self) -> StoredPaths:
        return StoredPaths(self._matrix, self.layer_sizes, self.graph)

    @property
    def num_nodes(self) -> int:
        """V."""
        return int(self._matrix.shape[0])

    @property
    def num_edges(self) -> int:
        """E: stored entries, zeros included."""
        return int(self._matrix.nnz)

    @cached_property
    def out_degrees(self) -> NDArray[np.int64]:
        """(V,) entries of each row."""
        degrees: NDArray[np.int64] = np.diff(self._matrix.indptr).astype(np.int64)
        return degrees

    @cached_property
    def in_degrees(self) -> NDArray[np.int64]:
        """(V,) entries of each column."""
        return np.bincount(self._matrix.indices, minlength=self.num_nodes).astype(np.int64)

    @cached_property
    def weighted_degrees(self) -> NDArray[np.float64]:
        """(V,) row sums plus column sums, in float64."""
        weights = self._matrix.data.astype(np.float64)
        sources = np.repeat(np.arange(self.num_nodes), self.out_degrees)
        degrees: NDArray[np.float64] = np.zeros(self.num_nodes)
        for ends in (sources, self._matrix.indices):
            degrees += np.bincount(ends, weights, minlength=self.num_nodes)
        return degrees

    @cached_property
    def adjacency(self) -> "connectivity.StoredOperator":
        """The sparse matrix and its transpose."""
        return connectivity.StoredOperator(self._matrix)

    @cached_property
    def levels(self) -> NDArray[np.int32]:
        """By scipy, from an extra node that is joined to every root."""
        return connectivity.levels(self._matrix, self.in_degrees + self.out_degrees)

    @cached_property
    def pairs_within_two_hops(self) -> int:
        """Entries of the pattern of I + A + A^2."""
        return self.num_nodes + two_hops.pairs_within_two_hops(self._blocks)

    @cached_property
    def motif_counts(self) -> MotifCounts:
        """Closed forms in the degrees and the entries of A^2."""
        return motif_counts(self._blocks, self.in_degrees + self.out_degrees)

    @cached_property
    def num_components(self) -> int:
        """By scipy's breadth-first search."""
        return int(csgraph.connected_components(self._matrix, directed=False, return_labels=False))

    @cached_property
    def core_numbers(self) -> NDArray[np.int64]:
        """By igraph's peeling."""
        return np.asarray(self._igraph.coreness(), dtype=np.int64)

    @cached_property
    def num_bridges(self) -> int:
        """By igraph's depth-first search."""
        return len(self._igraph.bridges())

    @cached_property
    def num_articulation_points(self) -> int:
        """By igraph's depth-first search."""
        return len(self._igraph.articulation_points())

    @cached_property
    def adjacency_eigenvalues(self) -> AdjacencyEigenvalues:
        """Component by component, in float64."""
        with single_threaded_blas():
            return spectra.adjacency_eigenvalues(self._weighted_components)

    @cached_property
    def laplacian_largest_eigenvalue(self) -> float:
        """Component by component, in float64."""
        with single_threaded_blas():
            return spectra.laplacian_largest_eigenvalue(self._weighted_components)

    @cached_property
    def effective_parts(self) -> EffectiveParts:
        """From node layer to node layer, and weight by weight."""
        return self._paths.effective()

    @cached_property
    def log_path_count(self) -> float:
        """In logarithms, which no number of paths overflows."""
        return float(np.logaddexp(0.0, self._paths.log_total(weighted=False)))

    @cached_property
    def log_path_sum(self) -> float:
        """In logarithms."""
        return self._paths.log_total(weighted=True)
