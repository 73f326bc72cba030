"""Initial weights: their distribution, what they depend on, and how they are loaded."""

import math

import numpy as np
import pytest
import torch

from sparsetopo.architectures import build
from sparsetopo.networks.initial_weights import initial_weights
from sparsetopo.networks.initialise import initialise
from sparsetopo.networks.prunable import prunable_parameters

SHAPES = {"conv.weight": (64, 32, 3, 3), "fc.weight": (200, 300)}


def test_kaiming_standard_deviation_and_mean():
    weights = initial_weights(SHAPES, "digits", "Resnet-20", 0)
    for name, shape in SHAPES.items():
        expected = math.sqrt(2 / math.prod(shape[1:]))
        count = math.prod(shape)
        assert weights[name].shape == shape
        assert weights[name].dtype == np.float32
        # Five standard errors of a sample of this size.
        assert weights[name].std() == pytest.approx(expected, rel=5 / math.sqrt(2 * count))
        assert abs(weights[name].mean()) < 5 * expected / math.sqrt(count)


def test_depend_on_dataset_architecture_seed_and_name_only():
    weights = initial_weights(SHAPES, "digits", "Resnet-20", 0)
    alone = initial_weights({"fc.weight": (200, 300)}, "digits", "Resnet-20", 0)
    np.testing.assert_array_equal(weights["fc.weight"], alone["fc.weight"])
    for other in (
        ("cifar", "Resnet-20", 0),
        ("digits", "Resnet-32", 0),
        ("digits", "Resnet-20", 1),
    ):
        assert not np.array_equal(
            initial_weights(SHAPES, *other)["fc.weight"], weights["fc.weight"]
        )


def test_values_are_pinned():
    """A change of the generator would silently change every study."""
    drawn = initial_weights({"w": (2, 2)}, "digits", "Resnet-20", 0)["w"]
    np.testing.assert_allclose(drawn.ravel(), PINNED, rtol=1e-6)


PINNED = [-0.006970138, -0.7786252, 2.1913915, 0.041957997]


def test_initialise_sets_everything_whatever_the_network_held():
    model = build("Resnet-20", (1, 8, 8), 10)
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.fill_(7)
    initialise(model, "digits", "Resnet-20", 3)

    weights = prunable_parameters(model)
    expected = initial_weights(
        {n: tuple(w.shape) for n, w in weights.items()}, "digits", "Resnet-20", 3
    )
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight.detach().numpy(), expected[name])
    for name, tensor in model.state_dict().items():
        if name not in weights:
            ones = name.endswith("running_var") or (name.endswith("weight") and tensor.ndim == 1)
            assert torch.all(tensor == (1 if ones else 0)), name
