"""Scores against independent formulas, in float64, to 1e-4 relative.

Derivatives here come from finite differences of plain losses, never from the code under test.
"""

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning import ALGORITHMS, prune
from sparsetopo.pruning.sampling import successive_batches


def loss_of(model, images, labels, temperature=1.0):
    """Mean cross-entropy with batch-norm in training mode."""
    model.train()
    probabilities = torch.softmax(model(images) / temperature, dim=1)
    return -torch.log(probabilities[torch.arange(len(labels)), labels]).mean()


def assert_scores_equal(found, expected):
    assert list(found) == list(expected)
    largest = max(np.abs(array).max() for array in expected.values())
    for name, array in expected.items():
        np.testing.assert_allclose(
            found[name].numpy(), array, rtol=1e-4, atol=1e-8 * largest, err_msg=name
        )


def central_differences(model, loss, step=1e-5):
    """Differentiate loss(model) with respect to a factor on every prunable weight, at 1."""
    derivatives = {}
    for name, weight in prunable_parameters(model).items():
        flat = weight.data.view(-1)
        derivative = np.empty(flat.numel())
        for index, value in enumerate(flat.tolist()):
            values = []
            for factor in (1 + step, 1 - step):
                flat[index] = value * factor
                values.append(loss(model).item())
            flat[index] = value
            derivative[index] = (values[0] - values[1]) / (2 * step)
        derivatives[name] = derivative.reshape(weight.shape)
    return derivatives


def test_snip_is_the_sensitivity_to_a_mask(problem, small_network, small_data):
    reference = copy.deepcopy(small_network)
    found = ALGORITHMS["snip"].load().scores(problem("snip", batch_size=24))
    derivatives = central_differences(reference, lambda model: loss_of(model, *small_data))
    assert_scores_equal(found, {name: np.abs(d) for name, d in derivatives.items()})


def test_grasp_is_weight_times_hessian_times_gradient(problem, small_network, small_data):
    reference = copy.deepcopy(small_network)
    temperature = 3.0
    found = ALGORITHMS["grasp"].load().scores(problem("grasp", temperature=temperature))

    # 25 samples a class ask for everything; class by class, the halves are classes 0-1 and 2-3.
    images, labels = small_data
    weights = list(prunable_parameters(reference).values())

    def gradient():
        total = sum(
            loss_of(reference, images[half], labels[half], temperature)
            for half in (labels < 2, labels >= 2)
        )
        return torch.autograd.grad(total, weights)

    direction = gradient()
    step = 1e-5

    def gradient_at(distance):
        with torch.no_grad():
            for weight, part in zip(weights, direction, strict=True):
                weight.add_(distance * part)
        there = gradient()
        with torch.no_grad():
            for weight, part in zip(weights, direction, strict=True):
                weight.sub_(distance * part)
        return there

    ahead, behind = gradient_at(step), gradient_at(-step)
    expected = {
        name: (weight.detach() * (a - b) / (2 * step)).numpy()
        for (name, weight), a, b in zip(
            prunable_parameters(reference).items(), ahead, behind, strict=True
        )
    }
    assert_scores_equal(found, expected)


def test_grasp_removes_what_the_paper_says(problem, small_network, small_data):
    """The weights with the largest -w * H g are removed (Wang et al., algorithm 2)."""
    scores = ALGORITHMS["grasp"].load().scores(problem("grasp", model=copy.deepcopy(small_network)))
    removal = torch.cat([-score.flatten() for score in scores.values()])
    mask = prune(small_network, "grasp", 0.5, small_data)
    kept = torch.from_numpy(np.concatenate([array.ravel() for array in mask.values()]))
    assert removal[kept].max() < removal[~kept].min()


def test_grasp_reinit_scores_other_weights(problem, small_network):
    module = ALGORITHMS["grasp"].load()
    first = module.scores(problem("grasp", reinit=True))
    with torch.no_grad():
        for weight in prunable_parameters(small_network).values():
            weight.mul_(3)
    again = module.scores(problem("grasp", reinit=True))
    for name in first:
        torch.testing.assert_close(first[name], again[name])


def test_prospr_differentiates_through_training(problem, small_network, small_data):
    options = {"steps": 3, "learning_rate": 0.2, "momentum": 0.7, "batch_size": 9}
    images, labels = small_data
    current = problem("prospr", **options)
    batches = successive_batches(24, 9, 4, current.generator("pruning batch"))
    reference = copy.deepcopy(small_network)

    def loss_after_training(masked):
        model = copy.deepcopy(masked)
        velocity = [0.0 for _ in model.parameters()]
        for batch in batches[:-1]:
            loss = loss_of(model, images[batch], labels[batch])
            gradient = torch.autograd.grad(loss, list(model.parameters()))
            velocity = [0.7 * v + g for v, g in zip(velocity, gradient, strict=True)]
            for parameter, v in zip(model.parameters(), velocity, strict=True):
                parameter.data -= 0.2 * v
        return loss_of(model, images[batches[-1]], labels[batches[-1]])

    found = ALGORITHMS["prospr"].load().scores(current)
    derivatives = central_differences(reference, loss_after_training)
    assert_scores_equal(found, {name: np.abs(d) for name, d in derivatives.items()})


def multilayer_perceptron(*widths, seed=0):
    random = torch.Generator().manual_seed(seed)
    model = nn.Sequential()
    for i, (width_in, width_out) in enumerate(pairwise(widths)):
        if i:
            model.append(nn.ReLU())
        model.append(nn.Linear(width_in, width_out, bias=False))
        nn.init.normal_(model[-1].weight, generator=random)
    return model


def flow_in_closed_form(matrices):
    """|W[i, j]| * (sum of |paths| from i to the outputs) * (sum of |paths| from inputs to j)."""
    matrices = [np.abs(matrix) for matrix in matrices]
    before = [np.ones(matrices[0].shape[1])]
    for matrix in matrices[:-1]:
        before.append(matrix @ before[-1])
    after = [np.ones(matrices[-1].shape[0])]
    for matrix in reversed(matrices[1:]):
        after.insert(0, after[0] @ matrix)
    return [matrix * np.outer(a, b) for matrix, a, b in zip(matrices, after, before, strict=True)]


def test_synflow_is_a_product_of_magnitudes(problem):
    model = multilayer_perceptron(5, 7, 6, 3)
    matrices = [w.detach().double().numpy().copy() for w in prunable_parameters(model).values()]
    data = (torch.zeros(1, 5), torch.zeros(1, dtype=torch.long))
    found = ALGORITHMS["synflow"].load().scores(problem("synflow", model=model, data=data))
    expected = dict(zip(found, flow_in_closed_form(matrices), strict=True))
    assert_scores_equal(found, expected)


@pytest.mark.parametrize("sparsity", [0.3, 0.7, 0.9])
def test_synflow_iterates_as_defined(problem, sparsity):
    model = multilayer_perceptron(6, 9, 8, 4, seed=3)
    matrices = [w.detach().double().numpy().copy() for w in prunable_parameters(model).values()]
    data = (torch.zeros(1, 6), torch.zeros(1, dtype=torch.long))
    found = (
        ALGORITHMS["synflow"]
        .load()
        .keep(problem("synflow", model=model, data=data, sparsity=sparsity, iterations=10))
    )

    total = sum(matrix.size for matrix in matrices)
    removed = np.zeros(total, dtype=bool)
    for iteration in range(1, 11):
        flat = np.concatenate([scores.ravel() for scores in flow_in_closed_form(matrices)])
        flat[removed] = -1
        kept = round(total * (1 - sparsity) ** (iteration / 10))
        removed[np.argsort(-flat, kind="stable")[kept:]] = True
        ends = np.cumsum([matrix.size for matrix in matrices])[:-1]
        for matrix, gone in zip(matrices, np.split(removed, ends), strict=True):
            matrix[gone.reshape(matrix.shape)] = 0
    np.testing.assert_array_equal(np.concatenate([m.ravel() for m in found.values()]), ~removed)


def test_synflow_is_conserved_through_a_convolutional_network(problem):
    """Without biases every layer's scores add up to the same sum of outputs (theorem 1)."""
    from sparsetopo.architectures import build
    from sparsetopo.networks.initialise import initialise

    model = build("Conv-6", (1, 8, 8), 5)
    initialise(model, "digits", "Conv-6", 0)
    data = (torch.zeros(1, 1, 8, 8), torch.zeros(1, dtype=torch.long))
    scores = ALGORITHMS["synflow"].load().scores(problem("synflow", model=model, data=data))
    sums = [float(score.sum()) for score in scores.values()]
    np.testing.assert_allclose(sums, sums[0], rtol=1e-9)
    assert all(score.dtype == torch.float64 for score in scores.values())
