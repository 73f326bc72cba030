"""Motifs: connected subgraphs of four nodes in a network, of three (or four, by an option) in a layer.

Source: Cunegatti et al., TMLR 2024, section 4.1, who estimate the number by sampling; here it is exact.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "motif": {
        "label": "motifs",
        "category": "neighbour",
        "graphs": ["layer"],
        "scaling": "edges",
        "size_free": "edges",
        "needs": ["in_degrees", "out_degrees"],
        "description": "connected induced subgraphs of three nodes in the graph of a layer",
    },
    "motif4": {
        "label": "4-node motifs",
        "category": "neighbour",
        "graphs": ["network"],
        "scaling": "edges",
        "size_free": "edges",
        "needs": ["motif_counts"],
        "description": "connected induced subgraphs of four nodes in the undirected graph",
    },
}


def motif(primitives: "Primitives") -> int:
    """Count the connected induced subgraphs of three nodes of a bipartite graph.

    It has no triangles, so each of them is a path: two neighbours of its middle node.
    """
    degrees = primitives.in_degrees + primitives.out_degrees
    return sum(degree * (degree - 1) // 2 for degree in degrees.tolist())


def motif4(primitives: "Primitives") -> int:
    """Count the sets of four nodes whose induced undirected subgraph is connected.

    The copies of each kind are added up so that each such set counts exactly once (``docs/graph.md``).
    """
    counts = primitives.motif_counts
    return (
        counts.stars
        + counts.paths
        - 3 * counts.cycles
        - 2 * counts.paws
        + 4 * counts.diamonds
        - 6 * counts.cliques
    )
