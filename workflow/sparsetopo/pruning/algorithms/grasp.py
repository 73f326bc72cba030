"""GraSP: remove the weights whose removal reduces the gradient flow least, or increases it.

Wang, Zhang and Grosse, "Picking winning tickets before training by preserving gradient flow" (ICLR
2020), equation 8 and algorithm 2: score = -w * H g, with g the gradient and H the Hessian of the
loss; the weights with the *largest* scores are removed, over all layers together. (The authors'
division by |sum of scores| changes no order.)

Decisions, as in the authors' code: 25 images a class; logits divided by a temperature of 200; the
sample is cut into two halves, g is the sum of the gradients of both mean losses, and H the sum of
their Hessians; batch-norm in training mode, with the statistics of the half at hand; g and H over
the prunable weights only. The authors list the sample class by class, so that each half holds half
of the classes: ``halves: by_class``. ``mixed`` shuffles the sample first.

``reinit``: the code released with the multipartite-graph paper scores freshly drawn Kaiming-normal
weights instead of those that are then trained. Default: the weights that are trained.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.architectures._initial import kaiming_normal
from sparsetopo.pruning.arrays import to_arrays
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.sampling import per_class
from sparsetopo.pruning.selection import largest

NAME = "grasp"
VERSION = 1
NEEDS = "data"
OPTIONS = {
    "samples_per_class": {
        "type": "integer",
        "minimum": 1,
        "default": 25,
        "description": "Images of every class in the sample (all of them if there are fewer).",
    },
    "temperature": {
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 200,
        "description": "The logits are divided by it before the softmax.",
    },
    "halves": {
        "enum": ["by_class", "mixed"],
        "default": "by_class",
        "description": "by_class: each half of the sample holds half of the classes; mixed: all.",
    },
    "reinit": {
        "type": "boolean",
        "default": False,
        "description": "Score newly drawn weights instead of the ones that are trained.",
    },
}


def scores(problem: Problem) -> dict[str, Tensor]:
    """Return -w * H g of every prunable weight; large ones are to be removed."""
    if problem.options["reinit"]:
        _draw_new_weights(problem)
    halves = _halves(problem)
    problem.model.train()
    weights = list(problem.parameters.values())
    for weight in weights:
        weight.requires_grad_(True)

    gradient = [torch.zeros_like(weight) for weight in weights]
    for half in halves:
        for total, part in zip(
            gradient, _gradient(problem, half, differentiable=False), strict=True
        ):
            total += part

    product = [torch.zeros_like(weight) for weight in weights]  # H g
    for half in halves:
        flow = _gradient(problem, half, differentiable=True)
        inner = sum(
            ((g.detach() * f).sum() for g, f in zip(gradient, flow, strict=True)),
            start=weights[0].new_zeros(()),
        )
        parts = torch.autograd.grad(inner, weights, allow_unused=True, materialize_grads=True)
        for total, part in zip(product, parts, strict=True):
            total += part

    return {
        name: -(weight * hg).detach()
        for (name, weight), hg in zip(problem.parameters.items(), product, strict=True)
    }


def keep(problem: Problem) -> dict[str, NDArray[np.bool_]]:
    """Keep the smallest scores."""
    return largest(
        {name: -score for name, score in to_arrays(scores(problem)).items()}, problem.kept
    )


def _gradient(
    problem: Problem, half: NDArray[np.int64], *, differentiable: bool
) -> tuple[Tensor, ...]:
    """Gradient of the mean loss of one half with respect to the prunable weights."""
    images, labels = problem.batch(half)
    loss = problem.loss(images, labels, problem.options["temperature"])
    return torch.autograd.grad(
        loss,
        list(problem.parameters.values()),
        create_graph=differentiable,
        allow_unused=True,
        materialize_grads=True,
    )


def _halves(problem: Problem) -> list[NDArray[np.int64]]:
    assert problem.data is not None
    labels = problem.data[1].cpu().numpy()
    generator = problem.generator("pruning batch")
    sample = per_class(labels, problem.options["samples_per_class"], generator)
    if problem.options["halves"] == "mixed":
        sample = generator.permutation(sample)
    middle = len(sample) // 2
    return [half for half in (sample[:middle], sample[middle:]) if len(half)]


def _draw_new_weights(problem: Problem) -> None:
    with torch.no_grad():
        for name, weight in problem.parameters.items():
            drawn = kaiming_normal(
                tuple(weight.shape), problem.generator("pruning initial weights", name)
            )
            weight.copy_(torch.from_numpy(drawn))
