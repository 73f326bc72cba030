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

Beyond the paper: of several outputs, R takes the logits. Constants that a module holds as tensors
count as buffers do. Token ids have no ones: where a network takes them, its token embeddings give
ones (all embeddings that are asked for the id 1, which stands for every token), so that the scores
do not depend on the tokens.

Where all scores of a layer are zero because activations saturate (ReLU6, gates), the input is
smaller than one: without saturation, its size is a common factor of all scores.

A network that ends in a softmax is refused, as the sum of its outputs is constant, or no sum over
paths. So is one whose scores are zero in a layer at every size of the input, or rounding noise: a
relative change of the weights by 1e-9 changes them by more than a hundredth.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.networks.arrays import to_arrays
from sparsetopo.pruning.derivatives.synaptic_flow import SynapticFlow
from sparsetopo.pruning.problem import Problem
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
    flow = SynapticFlow(problem)
    with flow.embedding_ones():
        return flow.scores()


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Prune in steps of equal ratio."""
    flow = SynapticFlow(problem)
    with flow.embedding_ones():
        flow.choose_scale()
        return _in_steps(problem, flow)


def _in_steps(problem: Problem, flow: SynapticFlow) -> dict[str, NDArray[np.bool_]]:
    total = sum(problem.sizes.values())
    iterations = problem.options["iterations"]
    alive = np.arange(total)  # flat indices over all layers of the weights not yet removed
    for iteration in range(1, iterations + 1):
        found = to_arrays(flow.scores())
        check_finite(found)
        flat = np.concatenate([np.ravel(array) for array in found.values()])
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
