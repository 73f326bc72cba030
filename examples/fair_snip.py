"""Fair SNIP: the sensitivity of a weight as a share of all that enters its unit.

SNIP (`sparsetopo.pruning.algorithms.snip`) compares |gradient x weight| over all units, so
that units of small sensitivity lose everything. Here every unit, an output channel of a
convolution or an output of a linear layer, has the same sum to divide among its weights.
The largest shares are kept. It is what the example `new_algorithm.py` is about.
"""

import torch
from torch import Tensor

from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.sampling import one_batch

NAME = "fair-snip"
VERSION = 1
NEEDS = "data"
SINGLE_SHOT = True  # masks of all sparsities follow from one scoring
OPTIONS = {
    "batch_size": {
        "type": "integer",
        "minimum": 1,
        "default": 128,
        "description": "Number of images the loss is taken on.",
    },
}


def scores(problem: Problem) -> dict[str, Tensor]:
    """Return |gradient x weight| of every weight, divided by the sum over its unit."""
    generator = problem.generator("pruning batch")
    batch = one_batch(len(problem.labels), problem.options["batch_size"], generator)
    problem.model.train()
    weights = problem.differentiate_prunable()
    gradients = torch.autograd.grad(problem.loss(*problem.batch(batch)), weights)
    shares = {}
    for name, weight, gradient in zip(
        problem.parameters, weights, gradients, strict=True
    ):
        sensitivity = (weight * gradient).detach().abs()
        rows = sensitivity.flatten(1)  # one for each unit
        sums = rows.sum(1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
        shares[name] = (rows / sums).reshape(weight.shape)
    return shares
