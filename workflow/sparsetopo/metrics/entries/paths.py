"""Path metrics: what of the graph lies on a path from an input to an output, and how many such paths there are.

Gradients reach a weight only along such paths, so that others are as good as pruned. Sources: effective sparsity by
Vysogorets and Kempe, "Connectivity matters: neural network pruning through the lens of effective sparsity", JMLR 24,
2023 (arXiv 2107.02306); the path norm by Neyshabur, Tomioka and Srebro, "Norm-based capacity control in neural
networks", COLT 2015 (arXiv 1503.00036); paths of pruned networks by Patil and Dovrolis, "PHEW", ICML 2021 (arXiv
2010.11354), and Gebhart, Saxena and Schrater (arXiv 2101.10552). ``docs/graph.md`` has definitions and algorithms.
"""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "effective_nodes": {
        "label": "effective nodes",
        "category": "paths",
        "graphs": ["network"],
        "scaling": "nodes",
        "size_free": "nodes",
        "needs": ["effective_parts"],
        "description": "nodes on a path from an input to an output",
    },
    "effective_edges": {
        "label": "effective edges",
        "category": "paths",
        "graphs": ["network"],
        "scaling": "edges",
        "size_free": "edges",
        "needs": ["effective_parts"],
        "description": "edges on a path from an input to an output",
    },
    "effective_parameters": {
        "label": "effective parameters",
        "category": "paths",
        "graphs": ["network"],
        "scaling": "edges",
        "size_free": "edges",
        "needs": ["effective_parts"],
        "description": "kept weights that stand for at least one edge on a path from an input to an output",
    },
    "effective_sparsity": {
        "label": "effective sparsity",
        "category": "paths",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["effective_parts"],
        "description": "share of all weights of the parameters, pruned ones included, that are not effective",
    },
    "log_paths": {
        "label": "log paths",
        "category": "paths",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["log_path_count"],
        "description": "natural logarithm of 1 + the number of paths from the inputs to the outputs",
    },
    "log_path_norm": {
        "label": "log path norm",
        "category": "paths",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["log_path_sum"],
        "description": "natural logarithm of the l1 path norm: the sum, over these paths, of the product of their "
        "|weights|; missing if it is 0",
    },
}


def effective_nodes(primitives: "Primitives") -> int:
    """Count the nodes on a path."""
    return primitives.effective_parts.nodes


def effective_edges(primitives: "Primitives") -> int:
    """Count the edges on a path."""
    return primitives.effective_parts.edges


def effective_parameters(primitives: "Primitives") -> int:
    """Count the weights with an edge on a path."""
    return primitives.effective_parts.parameters


def effective_sparsity(primitives: "Primitives") -> float:
    """Share of the weights that are pruned or have no edge on a path; 1 if there are no weights."""
    parts = primitives.effective_parts
    return 1 - parts.parameters / parts.all_parameters if parts.all_parameters else 1.0


def log_paths(primitives: "Primitives") -> float:
    """log(1 + number of paths): 0 if there is none."""
    return primitives.log_path_count


def log_path_norm(primitives: "Primitives") -> float:
    """Logarithm of the l1 path norm, NaN where it is minus infinity."""
    log = primitives.log_path_sum
    return log if log > -math.inf else math.nan
