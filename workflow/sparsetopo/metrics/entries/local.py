"""Local metrics: nodes that signals cannot pass, and the edges spent on them.

A *source* is a node after the first layer without incoming edges, a *sink* is a node before the last layer without
outgoing edges: training cannot use their edges. Source: Cunegatti et al., TMLR 2024, section 4.1.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "sink": {
        "label": "sink nodes",
        "category": "local",
        "graphs": ["network"],
        "scaling": "nodes",
        "size_free": "nodes",
        "needs": ["in_degrees", "out_degrees"],
        "description": "nodes with incoming but no outgoing edges, outside the last layer",
    },
    "source": {
        "label": "source nodes",
        "category": "local",
        "graphs": ["network"],
        "scaling": "nodes",
        "size_free": "nodes",
        "needs": ["in_degrees", "out_degrees"],
        "description": "nodes with outgoing but no incoming edges, outside the first layer",
    },
    "disconnected": {
        "label": "disconnected nodes",
        "category": "local",
        "graphs": ["network"],
        "scaling": "nodes",
        "size_free": "nodes",
        "needs": ["in_degrees", "out_degrees"],
        "description": "nodes without edges, in every layer",
    },
    "r_out": {
        "label": "removable out-edges",
        "category": "local",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["in_degrees", "out_degrees"],
        "description": "share of edges that leave a source (named r-in in the released table)",
    },
    "r_in": {
        "label": "removable in-edges",
        "category": "local",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["in_degrees", "out_degrees"],
        "description": "share of edges that enter a sink (named r-out in the released table)",
    },
}


def _sinks(primitives: "Primitives") -> NDArray[np.bool_]:
    """(V,) bool: in-degree > 0, out-degree 0, not in the last layer."""
    sinks = (primitives.out_degrees == 0) & (primitives.in_degrees > 0)
    sinks[primitives.num_nodes - primitives.layer_sizes[-1] :] = False
    return sinks


def _sources(primitives: "Primitives") -> NDArray[np.bool_]:
    """(V,) bool: out-degree > 0, in-degree 0, not in the first layer (with several inputs, not in the first layers)."""
    sources = (primitives.in_degrees == 0) & (primitives.out_degrees > 0)
    inputs = getattr(getattr(primitives.graph, "plan", None), "inputs", 1)
    sources[: sum(primitives.layer_sizes[:inputs])] = False
    return sources


def sink(primitives: "Primitives") -> int:
    """Count the sinks."""
    return int(np.count_nonzero(_sinks(primitives)))


def source(primitives: "Primitives") -> int:
    """Count the sources."""
    return int(np.count_nonzero(_sources(primitives)))


def disconnected(primitives: "Primitives") -> int:
    """Count the nodes without any edge."""
    return int(np.count_nonzero((primitives.in_degrees == 0) & (primitives.out_degrees == 0)))


def r_out(primitives: "Primitives") -> float:
    """Out-degrees of the sources over all edges; 0 without edges."""
    if primitives.num_edges == 0:
        return 0.0
    return int(primitives.out_degrees[_sources(primitives)].sum()) / primitives.num_edges


def r_in(primitives: "Primitives") -> float:
    """In-degrees of the sinks over all edges; 0 without edges."""
    if primitives.num_edges == 0:
        return 0.0
    return int(primitives.in_degrees[_sinks(primitives)].sum()) / primitives.num_edges
