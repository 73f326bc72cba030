"""Global metrics: how many components the undirected graph has, and what holds them together.

Source: Cunegatti et al., TMLR 2024, section 4.1.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "components": {
        "label": "components",
        "category": "global",
        "graphs": ["network", "layer"],
        "scaling": "none",
        "size_free": "nodes_beyond_first",
        "needs": ["num_components"],
        "description": "weakly connected components, isolated nodes counted",
    },
    "component_size": {
        "label": "mean component size",
        "category": "global",
        "graphs": ["network", "layer"],
        "scaling": "nodes",
        "size_free": "nodes",
        "needs": ["num_components"],
        "description": "mean number of nodes of a weakly connected component",
    },
    "cut_edges": {
        "label": "cut edges",
        "category": "global",
        "graphs": ["network", "layer"],
        "scaling": "edges",
        "size_free": "edges",
        "needs": ["num_bridges"],
        "description": "edges whose removal splits a component (bridges)",
    },
    "cut_nodes": {
        "label": "cut nodes",
        "category": "global",
        "graphs": ["network", "layer"],
        "scaling": "edges",
        "size_free": "nodes",
        "needs": ["num_articulation_points"],
        "description": "nodes whose removal splits a component (articulation points)",
    },
}


def components(primitives: "Primitives") -> int:
    """Count the weakly connected components."""
    return primitives.num_components


def component_size(primitives: "Primitives") -> float:
    """Mean size of the components: V over their number."""
    return primitives.num_nodes / primitives.num_components


def cut_edges(primitives: "Primitives") -> int:
    """Count the bridges."""
    return primitives.num_bridges


def cut_nodes(primitives: "Primitives") -> int:
    """Count the articulation points."""
    return primitives.num_articulation_points
