"""The primitives of a graph given by its bundles, each computed when it is first read.

Independent ones can be computed at once, in threads: every piece of work is a single-threaded loop
or matrix product, so no result depends on how many threads there are.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError
from sparsetopo.metrics.implicit import degrees
from sparsetopo.metrics.implicit.neighbours import Neighbours, neighbours
from sparsetopo.metrics.implicit.paths.large_numbers import Parts, log_beyond_one, log_of
from sparsetopo.metrics.implicit.paths.parameters import effective_weights
from sparsetopo.metrics.implicit.paths.passes import Flags, PathGraph
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.adjacency_eigenvalues import (
    adjacency_eigenvalues,
    is_decomposed,
)
from sparsetopo.metrics.implicit.spectra.laplacian import laplacian_largest_eigenvalue
from sparsetopo.metrics.implicit.spectra.ritz import NotConvergedError
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph
from sparsetopo.metrics.implicit.traversal.biconnected import Biconnectivity, biconnected
from sparsetopo.metrics.implicit.traversal.cores import core_numbers
from sparsetopo.metrics.implicit.traversal.forest import Forest, breadth_first_forest
from sparsetopo.metrics.implicit.walks.two_walks import TwoWalks
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.metrics.primitives import (
    MOST_MEMORY,
    AdjacencyEigenvalues,
    EffectiveParts,
    Eigenvectors,
    MotifCounts,
    Primitives,
    path_ends,
)

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

logger = logging.getLogger(__name__)

# Node numbers are 32-bit in the traversals.
_MOST_NODES = 2**31 - 1

# A graph in several pieces is unrolled for its adjacency eigenvalues if it has at most so many edges: pieces
# that are alike have eigenvalues closer together than an iteration on all of them can tell (docs/graph.md).
_FEW_EDGES = 200_000

_RADIUS = "laplacian_largest_eigenvalue"
_SEARCHES = ("num_bridges", "num_articulation_points", "num_components", "levels")

Work = tuple[str, Callable[[], Any]]


class ImplicitPrimitives:
    """Primitives of a multipartite graph, from its kept weights and short lists.

    EncodingError if the graph has more nodes than 32 bits can number. The iteration for the adjacency's eigenvalues
    starts from known eigenvectors, if given, and keeps those that it finds there.
    """

    def __init__(self, mge: "MGE", known: Eigenvectors | None = None) -> None:
        if mge.num_nodes > _MOST_NODES:
            raise EncodingError(
                f"the graph has {mge.num_nodes:,} nodes, but metrics can be computed for at most "
                f"{_MOST_NODES:,}: use a smaller input."
            )
        self.graph = mge
        self._known = known
        self.layer_sizes: Sequence[int] = mge.layer_sizes
        self.num_nodes = mge.num_nodes
        self.num_edges = mge.num_edges
        self._layers = mge.plan.node_layers
        self._workers = Workers()
        self._bundles = mge.bundles

    def prepare(self, needs: Iterable[str], threads: int, started: Callable[[str], None]) -> None:
        """Compute the primitives named in `needs` in several threads.

        `started` is called with a primitive's name when its computation starts, from any thread.
        """

        def run(name: str, compute: Callable[[], Any]) -> None:
            started(name)
            compute()

        with Workers(threads) as self._workers:
            needs = set(needs)
            # Alone, to save memory; the products of its iteration share the threads.
            if MOST_MEMORY in needs:
                run(MOST_MEMORY, lambda: self.adjacency_eigenvalues)
            work = self._independent_work(needs - {MOST_MEMORY})
            self._workers.run([partial(run, *item) for item in work])
        self._workers = Workers()

    def _independent_work(self, needs: Collection[str]) -> list[Work]:
        """Pieces of work that can run at once, costliest first; what they share is computed here."""
        chosen = [need for need in (_RADIUS, "core_numbers") if need in needs]
        # The first of these that is needed computes the search that answers all of them.
        chosen += [need for need in _SEARCHES if need in needs][:1]
        if set(chosen) - {_RADIUS}:
            _ = self._neighbours, self._degrees
        if _RADIUS in chosen:
            _ = self.weighted_degrees
        walks = self._two_walks
        motifs = "motif_counts" in needs and walks.four_joined_layers() is None
        pairs = walks.pairs(directed="pairs_within_two_hops" in needs, undirected=motifs)
        name = "motif_counts" if motifs else "pairs_within_two_hops"
        work: list[Work] = [(need, partial(getattr, self, need)) for need in chosen]
        return work + [(name, partial(walks.compute, pair)) for pair in pairs]

    @cached_property
    def _neighbours(self) -> Neighbours:
        return neighbours(self._layers, self._bundles)

    @cached_property
    def _degrees(self) -> NDArray[np.int64]:
        return self.in_degrees + self.out_degrees

    @cached_property
    def _two_walks(self) -> TwoWalks:
        return TwoWalks(self._layers, self._bundles)

    @cached_property
    def _weighted_graph(self) -> WeightedGraph:
        return WeightedGraph(self._layers, self._bundles, self.weighted_degrees)

    @cached_property
    def _forest(self) -> Forest:
        return breadth_first_forest(self._neighbours, self._degrees)

    @cached_property
    def _biconnectivity(self) -> Biconnectivity:
        return biconnected(self._neighbours, self._degrees, self._forest)

    @cached_property
    def out_degrees(self) -> NDArray[np.int64]:
        """(V,) number of outgoing edges."""
        return degrees.out_degrees(self._layers, self._bundles)

    @cached_property
    def in_degrees(self) -> NDArray[np.int64]:
        """(V,) number of incoming edges."""
        return degrees.in_degrees(self._layers, self._bundles)

    @cached_property
    def weighted_degrees(self) -> NDArray[np.float64]:
        """(V,) sum of |w| over the edges of a node."""
        return degrees.weighted_degrees(self._layers, self._bundles)

    @cached_property
    def adjacency(self) -> Adjacency:
        """As convolutions with |w|."""
        return Adjacency(self._layers, self._bundles)

    @property
    def levels(self) -> NDArray[np.int32]:
        """By breadth-first search."""
        return self._forest.levels

    @cached_property
    def pairs_within_two_hops(self) -> int:
        """Entries of the pattern of I + A + A^2, by classes of positions."""
        return self._two_walks.pairs_within_two_hops()

    @cached_property
    def motif_counts(self) -> MotifCounts:
        """Closed forms in the degrees and the entries of A^2, by classes of positions."""
        return self._two_walks.motif_counts(self._degrees)

    @cached_property
    def core_numbers(self) -> NDArray[np.int64]:
        """By peeling whole pixels at once."""
        return core_numbers(self._layers, self._bundles, self._neighbours, self._degrees)

    @property
    def num_components(self) -> int:
        """By breadth-first search."""
        return self._forest.num_components

    @property
    def num_bridges(self) -> int:
        """Tree edges of the search that are alone in their biconnected component."""
        return self._biconnectivity.num_bridges

    @property
    def num_articulation_points(self) -> int:
        """Nodes where biconnected components meet."""
        return self._biconnectivity.num_articulation_points

    @cached_property
    def adjacency_eigenvalues(self) -> AdjacencyEigenvalues:
        """By a block Krylov method, or component by component where few edges are in several."""
        if self._has_few_edges_in_pieces:
            return self._unrolled().adjacency_eigenvalues
        try:
            return adjacency_eigenvalues(self._weighted_graph, self._workers, self._known)
        except NotConvergedError as error:
            return self._by_components(error).adjacency_eigenvalues

    @cached_property
    def laplacian_largest_eigenvalue(self) -> float:
        """By Davidson's method, mostly on a part of the graph."""
        try:
            return laplacian_largest_eigenvalue(self._weighted_graph, self._known)
        except NotConvergedError as error:
            return self._by_components(error).laplacian_largest_eigenvalue

    @cached_property
    def _paths(self) -> PathGraph:
        return PathGraph(self._layers, self._bundles, *path_ends(self.graph))

    @cached_property
    def _counted_paths(self) -> tuple[Parts, Flags]:
        return self._paths.from_inputs(weighted=False)

    @cached_property
    def effective_parts(self) -> EffectiveParts:
        """By one pass from the inputs and one from the outputs."""
        _, reached = self._counted_paths
        leading, edges = self._paths.from_outputs()
        on_path = [np.count_nonzero(a & b) for a, b in zip(reached, leading, strict=True)]
        # Sums of whole numbers, exact in float64.
        num_edges = sum(int(n[flags].sum()) for n, flags in zip(edges, reached, strict=True))
        weights = effective_weights(self.graph.plan, self.graph.masks, reached, leading)
        return EffectiveParts(
            nodes=int(sum(on_path)),
            edges=num_edges,
            parameters=sum(int(np.count_nonzero(flags)) for flags in weights.values()),
            all_parameters=sum(flags.size for flags in weights.values()),
        )

    @cached_property
    def log_path_count(self) -> float:
        """By the pass from the inputs, with numbers of any magnitude."""
        return log_beyond_one(self._counted_paths[0])

    @cached_property
    def log_path_sum(self) -> float:
        """By a pass from the inputs with the weights."""
        return log_of(self._paths.from_inputs(weighted=True)[0])

    @property
    def _has_few_edges_in_pieces(self) -> bool:
        """Whether an iteration would be needed, but there are few edges, in several components."""
        if is_decomposed(self._layers) or self.num_edges > _FEW_EDGES:
            return False
        graph = self.graph
        positive = {name: mask & (graph.weights[name] != 0) for name, mask in graph.masks.items()}
        # Spectra do not see edges of weight 0, so such edges join nothing.
        seen = self
        if any(positive[name].sum() < mask.sum() for name, mask in graph.masks.items()):
            seen = ImplicitPrimitives(type(graph)(graph.plan, graph.weights, positive))
        isolated = int(np.count_nonzero(seen._degrees == 0))
        return seen.num_components - isolated > 1

    def _unrolled(self) -> Primitives:
        """The explicit graph, solved component by component; not kept, since it may be large."""
        from sparsetopo.metrics.explicit.backend import ExplicitPrimitives

        return ExplicitPrimitives(self.graph)

    def _by_components(self, reason: Exception) -> Primitives:
        """The explicit graph, where an iteration did not converge."""
        logger.warning(
            "%s; going on with the unrolled graph, component by component, "
            "which takes memory for every edge",
            reason,
        )
        return self._unrolled()
