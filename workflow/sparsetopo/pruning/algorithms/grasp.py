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

``chunk_size`` cuts a larger half into parts, whose losses are weighted so that they add up to the mean of the half.
This changes the scores (``docs/pruning.md``).

``reinit``: the code released with the multipartite-graph paper scores freshly drawn Kaiming-normal
weights instead of those that are then trained. Default: the weights that are trained.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.networks.arrays import copy_into
from sparsetopo.networks.initial_weights import kaiming_normal
from sparsetopo.pruning.derivatives.hessian import Loss, gradient, hessian_times
from sparsetopo.pruning.derivatives.segments import segmented
from sparsetopo.pruning.problem import Problem
from sparsetopo.pruning.sampling import per_class

NAME = "grasp"
VERSION = 2
NEEDS = "data"
SINGLE_SHOT = True
MEMORY_OPTIONS = ("chunk_size", "samples_per_class")
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
    "chunk_size": {
        "type": ["integer", "null"],
        "minimum": 2,
        "default": None,
        "description": "Images computed at once at most; null: a half, as defined.",
    },
    "reinit": {
        "type": "boolean",
        "default": False,
        "description": "Score newly drawn weights instead of the ones that are trained.",
    },
}


def scores(problem: Problem) -> dict[str, Tensor]:
    """Return w * H g of every prunable weight; the smallest are to be removed."""
    if problem.options["reinit"]:
        _draw_new_weights(problem)
    problem.model.train()
    weights = problem.differentiate_prunable()  # only these count
    parts = [
        (share, _loss(problem, part))
        for half in _halves(problem)
        for share, part in _cut(problem, half)
    ]
    with segmented(problem.model):
        total = [torch.zeros_like(weight) for weight in weights]  # g
        for share, loss in parts:
            _add(total, share, gradient(loss, weights))
        product = [torch.zeros_like(weight) for weight in weights]  # H g
        for share, loss in parts:
            _add(product, share, hessian_times(loss, weights, total))
    return {
        name: (weight * hg).detach()
        for (name, weight), hg in zip(problem.parameters.items(), product, strict=True)
    }


def _loss(problem: Problem, images: NDArray[np.int64]) -> Loss:
    temperature = problem.options["temperature"]
    return lambda: problem.loss(*problem.batch(images), temperature)


def _add(total: list[Tensor], share: float, part: list[Tensor]) -> None:
    for running, addend in zip(total, part, strict=True):
        running.add_(addend, alpha=share)


def _halves(problem: Problem) -> list[NDArray[np.int64]]:
    generator = problem.generator("pruning batch")
    sample = per_class(problem.labels, problem.options["samples_per_class"], generator)
    if problem.options["halves"] == "mixed":
        sample = generator.permutation(sample)
    middle = len(sample) // 2
    return [half for half in (sample[:middle], sample[middle:]) if len(half)]


def _cut(problem: Problem, half: NDArray[np.int64]) -> list[tuple[float, NDArray[np.int64]]]:
    """Parts of at most `chunk_size` images, each with its share of the half.

    Interleaved, so that each part holds all classes of the half.
    """
    parts = -(-len(half) // (problem.options["chunk_size"] or len(half)))
    # Batch-norm has no variance over one image.
    parts = max(1, min(parts, len(half) // 2))
    return [(len(half[k::parts]) / len(half), half[k::parts]) for k in range(parts)]


def _draw_new_weights(problem: Problem) -> None:
    drawn = {
        name: kaiming_normal(shape, problem.generator("pruning initial weights", name))
        for name, shape in problem.shapes.items()
    }
    copy_into(problem.parameters, drawn)
