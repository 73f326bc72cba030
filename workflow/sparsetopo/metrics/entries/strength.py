"""Strength metrics: how well nodes are connected, by edges (core numbers) and by weights.

Source: Cunegatti et al., TMLR 2024, section 4.1.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "k_core": {
        "label": "mean core number",
        "category": "strength",
        "graphs": ["network", "layer"],
        "scaling": "edges",
        "size_free": "none",
        "needs": ["core_numbers"],
        "description": "mean core number of the nodes in the undirected graph",
    },
    "strength": {
        "label": "mean node strength",
        "category": "strength",
        "graphs": ["network", "layer"],
        "scaling": "edges",
        "size_free": "none",
        "needs": ["weighted_degrees"],
        "description": "mean over the nodes of the summed |weight| of their edges, in and out",
    },
}


def k_core(primitives: "Primitives") -> float:
    """Mean core number: the largest k such that the node is in a subgraph of minimum degree k."""
    return int(primitives.core_numbers.sum()) / primitives.num_nodes


def strength(primitives: "Primitives") -> float:
    """Mean weighted degree, summed in float64."""
    return float(primitives.weighted_degrees.sum()) / primitives.num_nodes
