"""What a backend provides: the quantities that metrics are made of.

A metric names the primitives it needs; each is computed once, when it is first read. There are two backends:
`implicit`, the default, which stores no edge, and `explicit`, which checks it. Nothing heavy is imported here, because
the registry of metrics reads these names while a configuration is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

SIZES = ("graph", "num_nodes", "num_edges", "layer_sizes")
"""What every metric may read without declaring it."""

WEIGHTED_PRIMITIVES = frozenset(
    {
        "weighted_degrees",
        "adjacency",
        "adjacency_eigenvalues",
        "laplacian_largest_eigenvalue",
        "log_path_sum",
    }
)
"""Primitives that read the weights of the edges; the others depend on the mask alone."""

MOST_MEMORY = "adjacency_eigenvalues"
"""The primitive for which the default backend needs most memory: it is computed first, before other results take up
memory too."""


class Graph(Protocol):
    """The part of a multipartite graph that the explicit backend reads."""

    @property
    def layer_sizes(self) -> Sequence[int]:
        """Nodes of each node layer; the nodes of a layer are consecutive."""

    def to_scipy(self) -> csr_array:
        """(V, V) float32 |w|, source to target; every stored entry is an edge, a zero too."""


class Operator(Protocol):
    """A symmetric matrix that is not stored."""

    def product(self, vectors: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Product with (V, block) C-contiguous vectors of float32 or float64, in their precision."""


@dataclass(frozen=True)
class MotifCounts:
    """Copies, induced or not, of every connected graph on four nodes, and of the triangle."""

    stars: int
    paths: int
    cycles: int
    paws: int
    diamonds: int
    cliques: int
    triangles: int


@dataclass
class Eigenvectors:
    """What one measurement keeps of eigenvectors, for the next one of a graph with other weights (`topometrics`)."""

    adjacency: NDArray[np.floating[Any]] | None = None
    """(V, 4) sums of outer eigenvectors of the adjacency matrix; None before the first measurement."""

    laplacian: NDArray[np.floating[Any]] | None = None
    """(V, 4) outer eigenvectors of the Laplacian, 0 where the largest one is negligible."""


@dataclass(frozen=True)
class AdjacencyEigenvalues:
    """The outermost eigenvalues of the weighted undirected adjacency matrix, with multiplicity.

    They are the three largest magnitudes and the two largest eigenvalues, descending; 0 stands for those that a graph
    of fewer nodes lacks.
    """

    magnitudes: tuple[float, float, float]
    largest: tuple[float, float]


@dataclass(frozen=True)
class EffectiveParts:
    """How many nodes, edges and weights lie on a path from an input to an output, and how many weights there are.

    A weight does if one of its edges does. All weights are those of the parameters in the graph, pruned ones included;
    of a graph without parameters, all edges that could be between the node layers that are joined.
    """

    nodes: int
    edges: int
    parameters: int
    all_parameters: int


def path_ends(graph: Graph) -> tuple[int, tuple[int, ...]]:
    """How many node layers, the first ones, paths begin at, and the indices of those that they end at.

    Of a graph without a plan these are the first and the last one.
    """
    plan = getattr(graph, "plan", None)
    return (1, (len(graph.layer_sizes) - 1,)) if plan is None else (plan.inputs, plan.outputs)


class Primitives(Protocol):
    """The quantities a metric may need; "undirected" means that directions are ignored."""

    def prepare(self, needs: Iterable[str], threads: int, started: Callable[[str], None]) -> None:
        """Compute in several threads what can be computed independently; call `started` with each name."""

    @property
    def graph(self) -> Graph:
        """The graph itself."""

    @property
    def num_nodes(self) -> int:
        """V, isolated nodes included."""

    @property
    def num_edges(self) -> int:
        """E."""

    @property
    def layer_sizes(self) -> Sequence[int]:
        """Nodes of each node layer, in the order of the node numbers."""

    @property
    def in_degrees(self) -> NDArray[np.int64]:
        """(V,) number of incoming edges."""

    @property
    def out_degrees(self) -> NDArray[np.int64]:
        """(V,) number of outgoing edges."""

    @property
    def weighted_degrees(self) -> NDArray[np.float64]:
        """(V,) sum of |w| over the edges of a node, in and out."""

    @property
    def adjacency(self) -> Operator:
        """The weighted undirected adjacency matrix, as an operator."""

    @property
    def levels(self) -> NDArray[np.int32]:
        """(V,) distance from the root of the node's component, in undirected steps.

        The root is the node of largest degree (the first of several) in that node's component, and the node
        of lowest number in every other component.
        """

    @property
    def pairs_within_two_hops(self) -> int:
        """Ordered pairs (u, v) where a directed walk of 0, 1 or 2 edges leads from u to v."""

    @property
    def motif_counts(self) -> MotifCounts:
        """Subgraph counts of the undirected graph."""

    @property
    def core_numbers(self) -> NDArray[np.int64]:
        """(V,) largest k such that the node is in an undirected subgraph of minimum degree k."""

    @property
    def num_components(self) -> int:
        """Weakly connected components, isolated nodes counted."""

    @property
    def num_bridges(self) -> int:
        """Undirected edges whose removal splits a component."""

    @property
    def num_articulation_points(self) -> int:
        """Nodes whose removal splits a component of the undirected graph."""

    @property
    def adjacency_eigenvalues(self) -> AdjacencyEigenvalues:
        """Outermost eigenvalues of the weighted undirected adjacency matrix."""

    @property
    def laplacian_largest_eigenvalue(self) -> float:
        """Largest eigenvalue of D - A, weighted and undirected."""

    @property
    def effective_parts(self) -> EffectiveParts:
        """What lies on a directed path from an input to an output."""

    @property
    def log_path_count(self) -> float:
        """Natural logarithm of 1 + the number of these paths."""

    @property
    def log_path_sum(self) -> float:
        """Natural logarithm of the sum, over these paths, of the product of |w|; minus infinity if that is 0."""


PRIMITIVES = tuple(
    name
    for name, member in vars(Primitives).items()
    if isinstance(member, property) and name not in SIZES
)
"""What a metric may declare under "needs"."""
