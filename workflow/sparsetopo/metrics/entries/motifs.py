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

    Let X be the number of (not necessarily induced) copies of each connected graph on four nodes:
    stars S, paths P, cycles C4, paws (a triangle with a tail), diamonds (two triangles on one
    edge), cliques K4. A connected 4-set contains the following number of copies of each:

    ======== = = == === ======= ==
    induced  S P C4 paw diamond K4
    ======== = = == === ======= ==
    star     1 0 0  0   0       0
    path     0 1 0  0   0       0
    C4       0 4 1  0   0       0
    paw      1 2 0  1   0       0
    diamond  2 6 1  4   1       0
    K4       4 12 3 12  6       1
    ======== = = == === ======= ==

    so that S + P - 3 C4 - 2 paw + 4 diamond - 6 K4 counts every one of them exactly once.
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
