"""GraSP and ProsPR in segments and step by step, against their definitions on whole graphs."""

import copy

import numpy as np
import pytest
import torch
from tests.unit.pruning.whole_graphs import assert_close, plain_hessian_times
from torch import nn
from torch.nn import functional

from sparsetopo.architectures import build
from sparsetopo.networks.initialise import initialise
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning import ALGORITHMS
from sparsetopo.pruning.sampling import successive_batches


def reference_scores(name, problem):
    """GraSP and ProsPR by double backward passes through whole graphs, from their definitions."""
    model, options = problem.model.train(), problem.options
    named = prunable_parameters(model)
    if name == "grasp":
        labels = problem.labels
        order = np.argsort(labels, kind="stable")
        halves = [order[: len(order) // 2], order[len(order) // 2 :]]
        weights = list(named.values())

        def loss():
            parts = (problem.loss(*problem.batch(h), options["temperature"]) for h in halves)
            return sum(parts)

        slope = torch.autograd.grad(loss(), weights)
        product = plain_hessian_times(loss, weights, slope)
        return [(w * p).detach() for w, p in zip(weights, product, strict=True)]
    batches = successive_batches(
        len(problem.labels),
        options["batch_size"],
        options["steps"] + 1,
        problem.generator("pruning batch"),
    )
    start = dict(model.named_parameters())
    current, velocity = start, dict.fromkeys(start, 0.0)

    def loss_of(parameters, batch):
        images, labels = problem.batch(batch)
        logits = torch.func.functional_call(model, parameters, (images,))
        return functional.cross_entropy(logits, labels)

    for step, batch in enumerate(batches[:-1]):
        problem.seed_layer_noise(step)
        slopes = torch.autograd.grad(
            loss_of(current, batch), list(current.values()), create_graph=True
        )
        if step == 0 and options["first_step"] == "constant":
            slopes = [slope.detach() for slope in slopes]
        for key, slope in zip(start, slopes, strict=True):
            velocity[key] = options["momentum"] * velocity[key] + slope
        current = {k: w - options["learning_rate"] * velocity[k] for k, w in current.items()}
    problem.seed_layer_noise(len(batches) - 1)
    last = loss_of(current, batches[-1])
    adjoints = torch.autograd.grad(last, list(named.values()))
    return [(w * a).abs().detach() for w, a in zip(named.values(), adjoints, strict=True)]


@pytest.mark.parametrize("architecture", ["Conv-6", "Resnet-20", "Wide-Resnet-28-2"])
@pytest.mark.parametrize(
    ("algorithm", "options"),
    [
        ("grasp", {"temperature": 20}),
        ("prospr", {"batch_size": 12, "steps": 3, "learning_rate": 0.01}),
        (
            "prospr",
            {"batch_size": 12, "steps": 2, "learning_rate": 0.01, "first_step": "constant"},
        ),
    ],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_scores_are_those_of_whole_graphs(
    algorithm, options, architecture, dtype, tolerance, problem
):
    model = build(architecture, (2, 8, 8), 4)
    initialise(model, "data", architecture, 0)
    random = torch.Generator().manual_seed(8)
    data = (torch.randn(24, 2, 8, 8, generator=random).to(dtype), torch.arange(24) % 4)
    model = model.to(dtype)
    expected = reference_scores(
        algorithm, problem(algorithm, model=copy.deepcopy(model), data=data, **options)
    )
    found = (
        ALGORITHMS[algorithm].load().scores(problem(algorithm, model=model, data=data, **options))
    )
    assert_close(list(found.values()), expected, tolerance)


def test_prospr_differentiates_through_the_dropout_it_trained_with(problem):
    random = torch.Generator().manual_seed(8)
    data = (torch.randn(24, 2, 4, 4, generator=random).double(), torch.arange(24) % 4)
    model = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1),
        nn.Tanh(),
        nn.Dropout(0.5),
        nn.Conv2d(6, 6, 3, padding=1),
        nn.Tanh(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(96, 4),
    ).double()
    options = {"batch_size": 12, "steps": 3, "learning_rate": 0.1}
    expected = reference_scores(
        "prospr", problem("prospr", model=copy.deepcopy(model), data=data, **options)
    )
    found = ALGORITHMS["prospr"].load().scores(problem("prospr", model=model, data=data, **options))
    assert_close(list(found.values()), expected, 1e-10)
