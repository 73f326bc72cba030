"""Real networks on real digits: the recipe of the default study learns, dense and sparse."""

import numpy as np
import pytest

from sparsetopo.architectures import build
from sparsetopo.datasets import prepare
from sparsetopo.networks.initialise import initialise
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

RECIPE = Recipe(epochs=6, batch_size=64, learning_rate=0.05, milestones=(3, 5))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["Resnet-20", "Resnet-32"])
def test_accuracy_falls_with_sparsity_and_never_below_chance(architecture):
    dataset = prepare("digits")
    accuracies = []
    for sparsity in (0.0, 0.95, 0.99):
        model = build(architecture, dataset.input_shape, dataset.classes)
        initialise(model, "digits", architecture, 0)
        random = np.random.default_rng(0)
        mask = {
            name: random.random(tuple(weight.shape)) >= sparsity
            for name, weight in prunable_parameters(model).items()
        }
        labels = ("digits", architecture, 0)
        result = train(model, dataset, RECIPE, order_labels=labels, mask=mask)
        assert result.status == "finished"
        accuracies.append(result.accuracy)
        for name, weight in prunable_parameters(model).items():
            assert np.all(weight.detach().numpy()[~mask[name]] == 0)
    dense, sparse, sparsest = accuracies
    assert dense >= 0.95
    assert dense > sparse > sparsest > 0.2
