"""Neighbourhood metrics: how many nodes a node reaches in one step and in two.

Source: Cunegatti et al., TMLR 2024, section 4.1. A neighbourhood includes the node itself.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "n1": {
        "label": "1-hop neighbours",
        "category": "neighbour",
        "graphs": ["network", "layer"],
        "scaling": "edges",
        "size_free": "none",
        "needs": [],
        "description": "mean number of nodes within one step along edges, itself included",
    },
    "n2": {
        "label": "2-hop neighbours",
        "category": "neighbour",
        "graphs": ["network"],
        "scaling": "edges",
        "size_free": "none",
        "needs": ["pairs_within_two_hops"],
        "description": "mean number of distinct nodes within two steps along edges, itself too",
    },
}


def n1(primitives: "Primitives") -> float:
    """Mean size of the 1-hop out-neighbourhoods: 1 + E/V, since no two edges are parallel."""
    return 1 + primitives.num_edges / primitives.num_nodes


def n2(primitives: "Primitives") -> float:
    """Mean size of the 2-hop out-neighbourhoods."""
    return primitives.pairs_within_two_hops / primitives.num_nodes
