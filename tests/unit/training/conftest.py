"""What the training tests share: a tiny data set, tiny networks, one thread."""

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.datasets.prepared import PreparedDataset


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def tiny_dataset():
    """37 + 20 noisy 6x6 images of two channels: three classes, told apart by a bright row."""
    random = np.random.default_rng(0)

    def part(count):
        labels = np.arange(count) % 3
        images = random.integers(0, 120, (count, 2, 6, 6), dtype=np.uint8)
        images[np.arange(count), :, 2 * labels] += 100
        return images, labels

    return PreparedDataset.from_arrays("stripes", part(37), part(20), 3)


@pytest.fixture
def make_network():
    """Build a small convolutional network for `tiny_dataset`; same seed, same weights."""

    def make(seed=0, batch_norm=True):
        generator = torch.Generator().manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, bias=False),
            nn.BatchNorm2d(4) if batch_norm else nn.Identity(),
            nn.ReLU(),
            nn.Conv2d(4, 6, 1, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(54, 3),
        )
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.ndim > 1:
                    scale = (2 / parameter[0].numel()) ** 0.5
                    parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
                elif parameter.shape == (6,) or parameter.shape == (3,):
                    parameter.zero_()
        return network

    return make


@pytest.fixture
def half_mask():
    """Keep about half of the weights of `make_network`'s convolutions and linear layer."""
    random = np.random.default_rng(1)
    shapes = {"0.weight": (4, 2, 3, 3), "3.weight": (6, 4, 1, 1), "6.weight": (3, 54)}
    return {name: random.random(shape) < 0.5 for name, shape in shapes.items()}
