"""ER: random weights, layer densities proportional to (n_in + n_out) / (n_in * n_out).

The nodes of a convolution are its channels; `sparsetopo.pruning.erdos_renyi` names the sources.

Decisions: a layer whose density would exceed 1 keeps everything and the others share the rest, so
that the total is exact; numbers of weights are rounded by largest remainder; within a layer the
kept weights are random, drawn from the layer's own stream.

``allocation: released`` is what the results released with the multipartite-graph paper show (edge
counts of Conv-6, ``tests/benchmarks/published_edges.py``): the formula of ERK, with densities above 1
clipped. If a layer is full, such a mask has fewer weights than the sparsity asks for.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.pruning.erdos_renyi import clipped_layer_counts, layer_counts
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.selection import largest_per_layer

NAME = "er"
VERSION = 1
NEEDS = "nothing"
OPTIONS = {
    "allocation": {
        "enum": ["exact", "released"],
        "default": "exact",
        "description": "released: ERK's densities, and what full layers cannot take is lost.",
    },
}


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep random weights, as many in each layer as its density says."""
    if problem.options["allocation"] == "released":
        counts = clipped_layer_counts(problem.shapes, problem.kept, kernel=True)
    else:
        counts = layer_counts(problem.shapes, problem.kept, kernel=False)
    return largest_per_layer(problem.random_scores(), counts)
