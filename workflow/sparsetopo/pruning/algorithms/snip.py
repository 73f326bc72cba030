"""SNIP: keep the weights whose removal would change the loss most, to first order.

Lee, Ajanthan and Torr, "SNIP: single-shot network pruning based on connection sensitivity" (ICLR
2019), equations 4-6: the gradient of the loss with respect to a mask c at c = 1 is g * w; its
magnitude is the score, and the largest are kept over all layers together. (Their division by the
sum of all scores changes no order and is left out.)

Decisions: one batch, drawn without replacement (all images if there are fewer); batch-norm in
training mode, with the statistics of that batch. (The authors' program scores in evaluation mode, and masks biases too;
docs/fidelity.md.)
"""

from torch import Tensor

from sparsetopo.pruning.derivatives.hessian import sensitivity
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.sampling import one_batch

NAME = "snip"
VERSION = 1
NEEDS = "data"
SINGLE_SHOT = True
MEMORY_OPTIONS = ("batch_size",)
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
    generator = problem.generator("pruning batch")
    images, labels = problem.batch(
        one_batch(len(problem.labels), problem.options["batch_size"], generator)
    )
    problem.model.train()
    problem.differentiate_prunable()
    return sensitivity(lambda: problem.loss(images, labels), problem.parameters)
