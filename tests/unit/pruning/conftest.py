"""Small networks and data for the pruning tests."""

import pytest
import torch
from torch import nn

# Two threads on tiny tensors wait for each other far longer than they compute.
torch.set_num_threads(1)


def _small_network() -> nn.Module:
    """Convolutions, batch-norm, a shortcut and a classifier; smooth, for finite differences."""

    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(2, 3, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(3)
            self.conv2 = nn.Conv2d(3, 3, 3, padding=1)
            self.bn2 = nn.BatchNorm2d(3)
            self.fc = nn.Linear(3 * 4, 4)

        def forward(self, x):
            x = torch.tanh(self.bn1(self.conv1(x)))
            x = x + torch.tanh(self.bn2(self.conv2(x)))
            x = nn.functional.avg_pool2d(x, 2)
            return self.fc(x.flatten(1))

    return Small()


@pytest.fixture
def small_network():
    """Network for inputs (2, 4, 4) and 4 classes, with random weights and biases, in float64."""
    model = _small_network().double()
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.6, generator=random)
        for norm in (model.bn1, model.bn2):
            norm.weight.add_(1)
    return model.eval()  # an algorithm must choose the mode it needs by itself


@pytest.fixture
def small_data():
    """24 images (2, 4, 4) in float64, six of each of 4 classes, in mixed order."""
    random = torch.Generator().manual_seed(2)
    labels = torch.arange(24)[torch.randperm(24, generator=random)] % 4
    images = torch.randn(24, 2, 4, 4, dtype=torch.float64, generator=random)
    return images + labels[:, None, None, None] / 2, labels


@pytest.fixture
def problem(small_network, small_data):
    """Make a `Problem` of the small network: problem(algorithm, **options)."""
    from sparsetopo.pruning import ALGORITHMS
    from sparsetopo.pruning.images import image_source
    from sparsetopo.pruning.problem import Problem

    def make(algorithm, *, model=small_network, data=small_data, sparsity=0.5, seed=0, **options):
        full = {**ALGORITHMS[algorithm].default_options(), **options}
        source = image_source(data)
        return Problem(
            model, algorithm, sparsity, source, tuple(source.input_shape), seed, options=full
        )

    return make
