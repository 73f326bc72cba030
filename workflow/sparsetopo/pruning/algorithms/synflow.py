"""SynFlow: prune step by step the weights with the least synaptic flow. Needs no data.

Tanaka, Kunin, Yamins and Ganguli, "Pruning neural networks without any data by iteratively
conserving synaptic flow" (NeurIPS 2020), algorithm 1: R is the sum of the outputs of the network
with every parameter replaced by its magnitude, for an input of ones; the score of a weight is
|dR/dw * w|. In each of 100 iterations the scores are computed again and the largest are kept: a
fraction (1 - sparsity)^(k / 100) after the k-th.

Decisions, as in the authors' code: the magnitude is taken of every floating-point parameter and
buffer, biases and batch-norm included; batch-norm in evaluation mode. In float64: R is a product
over the layers, and float32 overflows or underflows in deep networks. A removed weight never
returns. The input is a batch of one.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.networks.arrays import to_arrays
from sparsetopo.pruning.hessian import sensitivity
from sparsetopo.pruning.problem import Problem, forward
from sparsetopo.pruning.selection import check_finite, largest_of, split

NAME = "synflow"
VERSION = 1
NEEDS = "input shape"
OPTIONS = {
    "iterations": {
        "type": "integer",
        "minimum": 1,
        "default": 100,
        "description": "Number of times the scores are computed and weights removed.",
    },
}


def scores(problem: Problem) -> dict[str, Tensor]:
    """Synaptic flow |dR/dw * w| of every weight of the unpruned network, in float64."""
    _linearise(problem)
    return _flow(problem)


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Prune in steps of equal ratio."""
    _linearise(problem)
    total = sum(problem.sizes.values())
    iterations = problem.options["iterations"]
    alive = np.arange(total)  # flat indices over all layers of the weights not yet removed
    for iteration in range(1, iterations + 1):
        flow = to_arrays(_flow(problem))
        check_finite(flow)
        flat = np.concatenate([np.ravel(array) for array in flow.values()])
        density = (1.0 - problem.target) ** (iteration / iterations)
        kept = problem.kept if iteration == iterations else round(total * density)
        alive = alive[largest_of(flat[alive], min(max(kept, problem.kept), alive.size))]
        chosen = np.zeros(total, dtype=bool)
        chosen[alive] = True
        mask = split(chosen, problem.shapes)
        with torch.no_grad():
            for name, weight in problem.parameters.items():
                weight.mul_(torch.from_numpy(mask[name]).to(weight.device))
    return mask


def _linearise(problem: Problem) -> None:
    """Replace all parameters and buffers by their magnitudes, in float64 and evaluation mode."""
    model = problem.model.double().eval()
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            if tensor.is_floating_point():
                tensor.abs_()
    problem.differentiate_prunable()


def _flow(problem: Problem) -> dict[str, Tensor]:
    assert problem.input_shape is not None  # `run` has checked it
    weight = next(iter(problem.parameters.values()))
    ones = torch.ones((1, *problem.input_shape), dtype=weight.dtype, device=weight.device)
    return sensitivity(lambda: forward(problem.model, ones).sum(), problem.parameters)
