"""Random scores: keeping the largest keeps weights at random. One named stream a layer."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.pruning.problem import Problem


def random_scores(problem: Problem) -> dict[str, NDArray[np.float64]]:
    """Uniform random numbers in [0, 1), one a prunable weight.

    Every layer has a stream of its own, named by its parameter.
    """
    return {
        name: problem.generator("random mask", name).random(shape)
        for name, shape in problem.shapes.items()
    }
