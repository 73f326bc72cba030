"""ER: random weights, layer densities proportional to (n_in + n_out) / (n_in * n_out).

The nodes of a convolution are its channels; `sparsetopo.pruning.erdos_renyi` names the sources.

Decisions: a layer whose density would exceed 1 keeps everything and the others share the rest, so
that the total is exact; numbers of weights are rounded by largest remainder; within a layer the
kept weights are random, drawn from the layer's own stream.

``allocation: released`` is what the program does that made the results released with the multipartite-graph paper, and
what their kept weights show: the formula of ERK, a search for its factor that ends one step too late, and densities
above 1 clipped. Such a mask has another number of weights than the sparsity asks for. The released masks drew every
weight by itself; here the numbers of a layer are the expected ones.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.pruning.erdos_renyi import layer_counts, released_layer_counts
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.selection import largest_per_layer

NAME = "er"
VERSION = 2
NEEDS = "nothing"
OPTIONS = {
    "allocation": {
        "enum": ["exact", "released"],
        "default": "exact",
        "description": "released: ERK's densities, as the released program finds them (docs/fidelity.md).",
    },
}


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep random weights, as many in each layer as its density says."""
    if problem.options["allocation"] == "released":
        counts = released_layer_counts(problem.shapes, problem.target)
    else:
        counts = layer_counts(problem.shapes, problem.kept, kernel=False)
    return largest_per_layer(problem.random_scores(), counts)
