"""Uniform: random weights, the same sparsity in every layer.

The definition of Zhu and Gupta, "To prune, or not to prune" (2017), as used by Evci et al.,
"Rigging the lottery" (ICML 2020), here without an exception for the first layer. ``scope: global``
draws from all layers together, as the code released with the multipartite-graph paper does: layers
then have the sparsity on average only.

Decisions: the numbers of weights kept in each layer are rounded by largest remainder, so that the total
is exact. Each layer has its own random stream, and a larger sparsity of the same seed keeps a
subset (up to that rounding).
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.selection import apportion, largest, largest_per_layer

NAME = "uniform"
VERSION = 1
NEEDS = "nothing"
OPTIONS = {
    "scope": {
        "enum": ["layer", "global"],
        "default": "layer",
        "description": "layer: the same sparsity in every layer; global: one draw over all layers.",
    },
}


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep random weights."""
    values = problem.random_scores()
    if problem.options["scope"] == "global":
        return largest(values, problem.kept)
    sizes = list(problem.sizes.values())
    # Shares of the exact total, which can differ by a rounding from sparsity times size.
    quotas = [problem.kept * size / sum(sizes) for size in sizes]
    counts = apportion(quotas, sizes, problem.kept)
    return largest_per_layer(values, dict(zip(values, counts, strict=True)))
