"""ER: random weights, layer densities proportional to (n_in + n_out) / (n_in * n_out).

Mocanu et al. (Nature Communications 2018), equation 1, with the channels of a convolution as its
nodes; see `sparsetopo.pruning.erdos_renyi`.

Decisions: a layer whose density would pass 1 keeps everything and the others share the rest, so
that the total is exact (the code released with the multipartite-graph paper leaves the rest out
for ER); numbers of weights are rounded by largest remainder; within a layer the kept weights are
random, from a stream of the layer's own.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.pruning.erdos_renyi import layer_counts
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.random_scores import random_scores
from sparsetopo.pruning.selection import largest_per_layer

NAME = "er"
VERSION = 1
NEEDS = "nothing"
OPTIONS: dict[str, dict[str, object]] = {}


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep random weights, as many a layer as its density says."""
    counts = layer_counts(problem.shapes, problem.kept, kernel=False)
    return largest_per_layer(random_scores(problem), counts)
