"""Dispersion of degrees: how unevenly the edges of a node layer are spread over its nodes.

Each is a mean over node layers, so that layers of other sizes and densities are not compared with each other:
in-degrees of every layer that edges enter, out-degrees of every layer that edges leave. All nodes of such a layer
count, also those without edges. The coefficient of variation and the Gini coefficient are 0 if all degrees are equal; a
single node that has all edges of a layer of n nodes yields sqrt(n - 1) and 1 - 1/n. Source of the latter as a measure
of sparsity: Hurley and Rickard, "Comparing measures of sparsity", IEEE Trans. Inf. Theory 55, 2009 (arXiv 0811.4706).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Primitives

METRICS = {
    "in_degree_variation": {
        "label": "in-degree variation",
        "category": "dispersion",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["in_degrees"],
        "description": "coefficient of variation of the in-degrees of a node layer, mean over layers",
    },
    "out_degree_variation": {
        "label": "out-degree variation",
        "category": "dispersion",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["out_degrees"],
        "description": "coefficient of variation of the out-degrees of a node layer, mean over layers",
    },
    "in_degree_gini": {
        "label": "in-degree Gini",
        "category": "dispersion",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["in_degrees"],
        "description": "Gini coefficient of the in-degrees of a node layer, mean over layers",
    },
    "out_degree_gini": {
        "label": "out-degree Gini",
        "category": "dispersion",
        "graphs": ["network"],
        "scaling": "none",
        "size_free": "none",
        "needs": ["out_degrees"],
        "description": "Gini coefficient of the out-degrees of a node layer, mean over layers",
    },
}


def in_degree_variation(primitives: "Primitives") -> float:
    """Mean coefficient of variation of in-degrees; 0 without edges."""
    return _mean_over_layers(primitives, primitives.in_degrees, _variation)


def out_degree_variation(primitives: "Primitives") -> float:
    """Mean coefficient of variation of out-degrees; 0 without edges."""
    return _mean_over_layers(primitives, primitives.out_degrees, _variation)


def in_degree_gini(primitives: "Primitives") -> float:
    """Mean Gini coefficient of in-degrees; 0 without edges."""
    return _mean_over_layers(primitives, primitives.in_degrees, _gini)


def out_degree_gini(primitives: "Primitives") -> float:
    """Mean Gini coefficient of out-degrees; 0 without edges."""
    return _mean_over_layers(primitives, primitives.out_degrees, _gini)


def _mean_over_layers(
    primitives: "Primitives",
    degrees: NDArray[np.int64],
    dispersion: Callable[[NDArray[np.int64]], float],
) -> float:
    """Mean over the node layers that have such edges."""
    layers = np.split(degrees, np.cumsum(primitives.layer_sizes)[:-1])
    found = [dispersion(layer) for layer in layers if layer.any()]
    return sum(found) / len(found) if found else 0.0


def _variation(degrees: NDArray[np.int64]) -> float:
    """Standard deviation over mean."""
    return float(degrees.std() / degrees.mean())


def _gini(degrees: NDArray[np.int64]) -> float:
    """Mean difference of two nodes, over twice the mean: from the sorted degrees, in whole numbers."""
    number, total = len(degrees), int(degrees.sum())
    ranked = int(np.arange(1, number + 1) @ np.sort(degrees))
    return (2 * ranked - (number + 1) * total) / (number * total)
