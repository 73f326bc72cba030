"""SNIP: keep the weights whose removal would change the loss most, to first order.

Lee, Ajanthan and Torr, "SNIP: single-shot network pruning based on connection sensitivity" (ICLR
2019), equations 4-6: the gradient of the loss with respect to a mask c at c = 1 is g * w; its
magnitude is the score, and the largest are kept over all layers together. (Their division by the
sum of all scores changes no order and is left out.)

Decisions: one batch, drawn without replacement (all images if there are fewer); batch-norm in
training mode, with the statistics of that batch, as in the authors' code.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.pruning.arrays import to_arrays
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.sampling import one_batch
from sparsetopo.pruning.selection import largest

NAME = "snip"
VERSION = 1
NEEDS = "data"
OPTIONS = {
    "batch_size": {
        "type": "integer",
        "minimum": 1,
        "default": 128,
        "description": "Number of images the loss is taken on.",
    },
}


def scores(problem: Problem) -> dict[str, Tensor]:
    """Return the connection sensitivity |g * w| of every prunable weight."""
    assert problem.data is not None
    generator = problem.generator("pruning batch")
    images, labels = problem.batch(
        one_batch(len(problem.data[1]), problem.options["batch_size"], generator)
    )
    problem.model.train()
    weights = list(problem.parameters.values())
    for weight in weights:
        weight.requires_grad_(True)
    gradients = torch.autograd.grad(
        problem.loss(images, labels), weights, allow_unused=True, materialize_grads=True
    )
    return {
        name: (gradient * weight).detach().abs()
        for (name, weight), gradient in zip(problem.parameters.items(), gradients, strict=True)
    }


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep the largest scores."""
    return largest(to_arrays(scores(problem)), problem.kept)
