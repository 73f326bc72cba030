"""Learning on real CIFAR-10 images: the weights of an independent loop, and accuracy above chance.

The longer runs are in `tests/benchmarks/training_learning.py`; docs/training.md has their results.
"""

import numpy as np
import pytest
import torch
from tests.unit.training.plain_loop import DrawnImages, plain_accuracy, plain_epochs
from tests.unit.training.real_images import ABSENT, cifar10_subset
from torch.utils.data import DataLoader

from sparsetopo.architectures import build
from sparsetopo.networks.initialise import initialise
from sparsetopo.pruning import prune
from sparsetopo.training.draws import draw_epoch
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

pytestmark = pytest.mark.skipif(ABSENT is not None, reason=str(ABSENT))

LABELS = ("CIFAR-10", "Resnet-20", 0)


@pytest.fixture(scope="module")
def dataset():
    return cifar10_subset(1500, 1000)


def network():
    model = build("Resnet-20", (3, 32, 32), 10)
    initialise(model, *LABELS)
    return model


def snip_mask(dataset):
    data = (torch.from_numpy(dataset.normalised("train")), torch.from_numpy(dataset.train_labels))
    return dict(prune(network(), "snip", 0.9, data, seed=0))


@pytest.mark.middle
@pytest.mark.parametrize("sparse", [False, True])
def test_weights_equal_those_of_a_plain_loop_bit_for_bit(dataset, sparse):
    """Two epochs of two and a half batches: order, crops, flips, decay, masks, learning rate."""
    part = (dataset.train_images[:320], dataset.train_labels[:320])
    test = (dataset.test_images[:250], dataset.test_labels[:250])
    small = type(dataset).from_arrays("CIFAR-10", part, test, 10)
    recipe = Recipe(2, 128, 0.1, weight_decay=5e-4, milestones=(1,), augmentation="crop-flip")
    mask = snip_mask(small) if sparse else None
    ours, reference = network(), network()

    def loader(epoch):
        draws = draw_epoch(LABELS, epoch, 320, augmented=True)
        return DataLoader(DrawnImages(*part, small.mean, small.std, draws), 128)

    result = train(ours, small, recipe, order_labels=LABELS, mask=mask)
    list(plain_epochs(reference, loader, recipe, mask, layout=torch.channels_last))
    start = network().state_dict()
    for name, tensor in reference.state_dict().items():
        assert torch.equal(ours.state_dict()[name], tensor), name
        assert not torch.equal(start[name], tensor)
    assert result.accuracy == pytest.approx(plain_accuracy(reference, small), abs=1 / 250)
    for name, kept in (mask or {}).items():
        assert np.all(ours.state_dict()[name].numpy()[~kept] == 0)


@pytest.mark.slow
@pytest.mark.parametrize("sparse", [False, True])
def test_a_few_epochs_lift_accuracy_above_chance(dataset, sparse):
    recipe = Recipe(4, 50, 0.05, milestones=(3,), augmentation="crop-flip")
    mask = snip_mask(dataset) if sparse else None
    result = train(network(), dataset, recipe, order_labels=LABELS, mask=mask)
    # Chance is 0.1, with a standard deviation of 0.0095 over 1,000 test images.
    assert result.accuracy > 0.22
    assert result.history[-1]["loss"] < result.history[0]["loss"] < np.log(10) + 0.3
