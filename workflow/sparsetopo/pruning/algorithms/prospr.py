"""ProsPR: keep the weights whose removal changes the loss *after a few training steps* most.

Alizadeh, Tailor, Zintgraf, van Amersfoort, Farquhar, Lane and Gal, "Prospect pruning: finding
trainable weights at initialization using meta-gradients" (ICLR 2022), algorithm 1: a mask c
multiplies the initial weights once, the result is trained for M steps of SGD, each on its own
batch, and the loss on one further batch is differentiated with respect to c at c = 1 through the
training. The score is the magnitude; the largest are kept over all layers together.

Decisions, as in the authors' code: 3 steps, learning rate 0.5, momentum 0.9, batches of 512,
batch-norm in training mode, every parameter is trained (biases and batch-norm too), no weight
decay. Batches come from shuffled passes over the data, one after the other; a batch may begin in
one and end in the next.

``first_step: constant`` leaves out the derivative through the first update. The authors' code does
so (its first momentum buffer is detached), and with it the code released with the
multipartite-graph paper; algorithm 1 does not.

The derivative is computed backwards one step at a time, in segments, by Hessian-vector products at the recorded
parameters. With w' = w - lr * v' and v' = mu * v + g(w), the adjoints satisfy b' = b - lr * a, then a <- a + H(w) b'
and b <- mu * b'.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sparsetopo.pruning.derivatives.hessian import Loss, gradient, hessian_times
from sparsetopo.pruning.derivatives.segments import segmented
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.sampling import successive_batches

NAME = "prospr"
VERSION = 2
NEEDS = "data"
SINGLE_SHOT = True
MEMORY_OPTIONS = ("batch_size",)
OPTIONS = {
    "steps": {
        "type": "integer",
        "minimum": 1,
        "default": 3,
        "description": "Number of training steps before the loss is taken.",
    },
    "learning_rate": {
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 0.5,
        "description": "Learning rate of these steps.",
    },
    "momentum": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.9,
        "description": "Momentum of these steps.",
    },
    "batch_size": {
        "type": "integer",
        "minimum": 1,
        "default": 512,
        "description": "Number of images of every step and of the final loss.",
    },
    "first_step": {
        "enum": ["differentiated", "constant"],
        "default": "differentiated",
        "description": "constant: the first update counts as a constant, as in the authors' code.",
    },
}

Tensors = list[Tensor]


def scores(problem: Problem) -> dict[str, Tensor]:
    """Magnitude of the meta-gradient |dL/dc| of every prunable weight."""
    options = problem.options
    batches = successive_batches(
        len(problem.labels),
        options["batch_size"],
        options["steps"] + 1,
        problem.generator("pruning batch"),
    )
    problem.model.train()
    prunable = {id(weight) for weight in problem.parameters.values()}
    trained = [p for p in problem.model.parameters() if p.requires_grad or id(p) in prunable]
    for parameter in trained:
        parameter.requires_grad_(True)

    with segmented(problem.model):
        adjoint = _through_training(problem, trained, batches)
    # The mask multiplies the initial weights once: dL/dc = w_0 * dL/dw_0.
    meta_gradient = {id(p): (p * a).detach().abs() for p, a in zip(trained, adjoint, strict=True)}
    return {name: meta_gradient[id(weight)] for name, weight in problem.parameters.items()}


def _through_training(
    problem: Problem, trained: list[nn.Parameter], batches: list[NDArray[np.int64]]
) -> Tensors:
    """Derivative of the loss after training with respect to the parameters before it.

    The parameters before training are put back.
    """
    options = problem.options
    path = _train(problem, trained, batches)
    steps = len(path)
    adjoint = gradient(_loss(problem, batches, steps), trained)
    momentum_adjoint = [torch.zeros_like(part) for part in adjoint]
    for step in reversed(range(steps)):
        _load(trained, path[step])
        if step == 0 and options["first_step"] == "constant":
            break
        momentum_adjoint = [
            b - options["learning_rate"] * a for a, b in zip(adjoint, momentum_adjoint, strict=True)
        ]
        product = hessian_times(_loss(problem, batches, step), trained, momentum_adjoint)
        adjoint = [a + hb for a, hb in zip(adjoint, product, strict=True)]
        momentum_adjoint = [options["momentum"] * b for b in momentum_adjoint]
    return adjoint


def _train(
    problem: Problem, trained: list[nn.Parameter], batches: list[NDArray[np.int64]]
) -> list[Tensors]:
    """Take one SGD step on every batch but the last; return the parameters before every step."""
    path = []
    velocity = [torch.zeros_like(parameter) for parameter in trained]
    for step in range(len(batches) - 1):
        path.append([parameter.detach().clone() for parameter in trained])
        slope = gradient(_loss(problem, batches, step), trained)
        velocity = [
            problem.options["momentum"] * v + g for v, g in zip(velocity, slope, strict=True)
        ]
        with torch.no_grad():
            for parameter, v in zip(trained, velocity, strict=True):
                parameter.sub_(problem.options["learning_rate"] * v)
    return path


def _loss(problem: Problem, batches: list[NDArray[np.int64]], step: int) -> Loss:
    """Loss of a step's batch: always the same function, dropout included."""

    def loss() -> Tensor:
        problem.seed_layer_noise(step)
        return problem.loss(*problem.batch(batches[step]))

    return loss


def _load(trained: list[nn.Parameter], values: Tensors) -> None:
    with torch.no_grad():
        for parameter, value in zip(trained, values, strict=True):
            parameter.copy_(value)
