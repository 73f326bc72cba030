"""ERK: random weights, Erdos-Renyi layer densities that count the kernel too.

`sparsetopo.pruning.erdos_renyi` has the formula and its source. Linear layers, and all decisions,
are as in `sparsetopo.pruning.algorithms.er`.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.pruning.erdos_renyi import layer_counts
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.selection import largest_per_layer

NAME = "erk"
VERSION = 1
NEEDS = "nothing"
OPTIONS: dict[str, dict[str, object]] = {}


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep random weights, as many in each layer as its density says."""
    counts = layer_counts(problem.shapes, problem.kept, kernel=True)
    return largest_per_layer(problem.random_scores(), counts)
