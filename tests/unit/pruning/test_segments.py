"""Segments: the same first and second derivatives as plain automatic differentiation, less memory."""

import pytest
import torch
from tests.unit.pruning.whole_graphs import assert_close, plain_hessian_times
from torch import nn
from torch.nn import functional

from sparsetopo.architectures import build
from sparsetopo.networks.initialise import initialise
from sparsetopo.pruning.derivatives.hessian import gradient, hessian_times
from sparsetopo.pruning.derivatives.segments import segmented


def compare(model, inputs, seed=None, tolerance=1e-10):
    """Gradient and Hessian-vector product of a cross-entropy, in segments and without."""
    weights = [p for p in model.parameters() if p.requires_grad]
    random = torch.Generator().manual_seed(5)
    vector = [torch.randn(w.shape, generator=random, dtype=w.dtype) for w in weights]
    labels = torch.arange(len(inputs)) % 4

    def loss():
        if seed is not None:
            torch.manual_seed(seed)
        return functional.cross_entropy(model(inputs.clone()), labels)

    slope, product = gradient(loss, weights), plain_hessian_times(loss, weights, vector)
    with segmented(model):
        assert_close(gradient(loss, weights), slope, tolerance)
        assert_close(hessian_times(loss, weights, vector), product, tolerance)
    assert not any("forward" in vars(module) for module in model.modules())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("architecture", ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"])
def test_networks_of_the_paper(architecture, dtype):
    model = build(architecture, (2, 8, 8), 4)
    initialise(model, "data", architecture, 0)
    random = torch.Generator().manual_seed(1)
    inputs = torch.randn(8, 2, 8, 8, generator=random).to(dtype)
    compare(model.to(dtype).train(), inputs, tolerance=1e-10 if dtype == torch.float64 else 1e-5)


@pytest.fixture
def images():
    return torch.randn(8, 2, 4, 4, generator=torch.Generator().manual_seed(3)).double()


class Residual(nn.Module):
    """Two convolutions and a shortcut; with hooks for the odd things that networks do."""

    def __init__(self, channels, inplace=False, dropout=0.0):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.activation = nn.ReLU(inplace=inplace)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        y = self.conv2(self.dropout(self.activation(self.norm(self.conv1(x)))))
        return self.activation(x + y) if not self.activation.inplace else self.activation(y) + x


def network(*blocks):
    """A stem, blocks of four channels, and a classifier of four classes."""
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)),
        *blocks,
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4)),
    )
    random = torch.Generator().manual_seed(4)
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0, 0.5, generator=random)
    return model.double().train()


def test_dropout_is_drawn_again_as_it_was(images):
    compare(network(Residual(4, dropout=0.4), Residual(4, dropout=0.4)), images, seed=11)


@pytest.mark.parametrize("inplace", [False, True], ids=["in segments", "not a segment after all"])
def test_random_numbers_are_those_of_the_whole(images, inplace):
    def block():
        first = nn.ReLU(inplace=inplace)  # of the block's input: it cannot be computed again then
        return nn.Sequential(first, nn.Dropout(0.4), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1))

    model = network(block(), Residual(4, dropout=0.4))
    seen = []
    for context in (lambda: segmented(model), torch.enable_grad):
        torch.manual_seed(2)
        with context():
            output = model(images)
            output.sum().backward()
        seen.append((output.detach(), torch.get_rng_state()))
    assert torch.equal(seen[0][0], seen[1][0])
    assert torch.equal(seen[0][1], seen[1][1])


def test_operations_in_place(images):
    compare(network(Residual(4, inplace=True), nn.ReLU(inplace=True), Residual(4)), images)


def test_a_block_that_begins_in_place(images):
    def block():
        return nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(4, 4, 1),
            nn.Conv2d(4, 4, 1),
            nn.Tanh(),
            nn.Conv2d(4, 4, 1),
        )

    compare(network(block(), block()), images)


def test_a_module_that_is_used_twice(images):
    block = Residual(4)
    compare(network(block, nn.Tanh(), block, Residual(4)), images)


class TwoInputs(nn.Module):
    """Takes two tensors: both must get their derivatives."""

    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(4, 4, 3, padding=1)
        self.right = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x, y):
        return torch.tanh(self.left(x)) * torch.tanh(self.right(y))


class Outer(nn.Module):
    """Calls its child with two tensors, a keyword, or a list."""

    def __init__(self, child, how):
        super().__init__()
        self.child = child
        self.other = nn.Conv2d(4, 4, 1)
        self.third = nn.Conv2d(4, 4, 1)
        self.how = how

    def forward(self, x):
        z = torch.tanh(self.third(self.other(x)))
        return self.how(self.child, x, z)


@pytest.mark.parametrize(
    "how",
    [
        lambda child, x, z: child(x, z),
        lambda child, x, z: child(x, y=z),
        lambda child, x, z: child(z, z),
    ],
    ids=["two", "keyword", "twice the same"],
)
def test_several_inputs(images, how):
    class Pair(nn.Module):  # not a leaf: it is a segment
        def __init__(self):
            super().__init__()
            self.inner = TwoInputs()

        def forward(self, x, y):
            return self.inner(x, y) + x

    compare(network(Outer(Pair(), how), Outer(Pair(), how)), images)


def test_lists_in_and_tuples_out(images):
    class Lists(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = TwoInputs()

        def forward(self, pair):
            return self.inner(*pair), pair[0]

    def how(child, x, z):
        product, same = child([x, z])
        return product + same

    compare(network(Outer(Lists(), how), Outer(Lists(), how)), images)


def test_tensors_that_come_by_another_way(images):
    """A child that reads what its parent left in an attribute, and a weight of another module."""

    class Reader(nn.Module):
        def __init__(self, owner):
            super().__init__()
            self.inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())
            self.owner = [owner]  # in a list: not a submodule

        def forward(self, x):
            return self.inner(x) * self.owner[0].left + self.owner[0].other.weight.sum()

    class Owner(nn.Module):
        def __init__(self):
            super().__init__()
            self.child = Reader(self)
            self.other = nn.Conv2d(4, 4, 1)
            self.third = nn.Conv2d(4, 4, 1)
            self.fourth = nn.Conv2d(4, 4, 1)

        def forward(self, x):
            self.left = torch.tanh(self.fourth(self.third(self.other(x))))
            return self.child(x)

    compare(network(Owner(), Owner()), images)


def test_frozen_parameters_and_none_at_all(images):
    model = network(Residual(4), Residual(4))
    for parameter in model[1].parameters():
        parameter.requires_grad_(False)
    compare(model, images)
    model[0].requires_grad_(False)  # now the second segment's input needs no gradient
    compare(model, images)


def test_faults_of_the_network_stay_what_they_are(images):
    model = network(Residual(4), Residual(3))
    with pytest.raises(RuntimeError, match="to have 3 channels") as plain:
        model(images)
    with segmented(model), pytest.raises(RuntimeError, match="to have 3 channels") as caught:
        model(images)
    assert str(caught.value) == str(plain.value)
    assert not any("forward" in vars(module) for module in model.modules())
