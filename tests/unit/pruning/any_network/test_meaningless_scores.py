"""Scores that are zero, or rounding noise, are refused with what to change; sound networks are not."""

import pytest
import torch
import torchvision
from torch import nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import prune

SCORED = ("snip", "grasp", "prospr")
SHAPE = (1, 8, 8)


def module(forward):
    return type("Ending", (nn.Module,), {"forward": lambda self, x: forward(x)})()


def network(tail=None, norm=None):
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 8, 3, padding=1, bias=False), *([norm(8)] if norm else []), nn.ReLU()]
    layers += [nn.Conv2d(8, 8, 3, padding=1, bias=False), *([norm(8)] if norm else []), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10, bias=False)]
    return nn.Sequential(*layers, *([tail] if tail else []))


ENDINGS = {
    "softmax": (nn.Softmax(1), "ends in softmax.*without its last operation"),
    "log_softmax": (nn.LogSoftmax(1), "ends in log_softmax.*without its last operation"),
    "softmax, then a view": (module(lambda x: x.softmax(1)[:, None].squeeze(1)), "ends in softmax"),
    "softmax, then a number": (
        module(lambda x: x.softmax(1) * 3),
        "rounding noise.*exactly zero|rounding noise|zero",
    ),
    "softmax by hand": (
        module(lambda x: x.exp() / x.exp().sum(1, keepdim=True)),
        "rounding noise|zero",
    ),
    "softmax in a dict": (module(lambda x: {"logits": x.softmax(1)}), "ends in softmax"),
    "centred": (
        module(lambda x: x - x.mean(1, keepdim=True)),
        "zero.*made to sum to a constant|rounding noise",
    ),
    "normalised": (
        nn.LayerNorm(10, elementwise_affine=False),
        "zero.*sum to a constant|rounding noise",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_synflow_refuses_outputs_that_sum_to_a_constant(ending):
    tail, message = ENDINGS[ending]
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(network(tail), "synflow", 0.5, input_shape=SHAPE)
    assert "\n" not in str(caught.value)


SOUND = {
    "logits": {},
    "sigmoid": {"tail": nn.Sigmoid()},
    "tanh": {"tail": nn.Tanh()},
    "temperature": {"tail": module(lambda x: x / 1e-6)},
    "GroupNorm": {"norm": lambda c: nn.GroupNorm(1, c)},
    "two groups": {"norm": lambda c: nn.GroupNorm(2, c)},
    "InstanceNorm": {"norm": nn.InstanceNorm2d},
    "batch norm": {"norm": nn.BatchNorm2d},
    "batch norm without statistics": {
        "norm": lambda c: nn.BatchNorm2d(c, track_running_stats=False)
    },
}


@pytest.mark.parametrize("kind", SOUND)
def test_synflow_takes_sound_networks(kind):
    mask = prune(network(**SOUND[kind]), "synflow", 0.5, input_shape=SHAPE)
    assert mask.kept == 364
    assert all(kept > 0 for kept in mask.layer_kept.values())
    order = [array.ravel()[: array.sum()].all() for name, array in mask.items() if not array.all()]
    assert not all(order)


def test_synflow_is_not_changed_by_what_keeps_the_order_of_paths():
    expected = prune(network(), "synflow", 0.5, input_shape=SHAPE)
    for tail in (nn.Identity(), module(lambda x: 3 * x), module(lambda x: x.unsqueeze(1)[:, 0])):
        assert prune(network(tail), "synflow", 0.5, input_shape=SHAPE) == expected


class Gate(nn.Module):
    """Squeeze and excitation, whose gate saturates when its weights are magnitudes."""

    def __init__(self, channels, gain=1.0):
        super().__init__()
        self.reduce = nn.Conv2d(channels, 4, 1, bias=False)
        self.expand, self.gain = nn.Conv2d(4, channels, 1, bias=False), gain

    def forward(self, x):
        gate = self.expand(torch.relu(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(self.gain * gate)


def test_synflow_lowers_the_input_until_nothing_saturates():
    def relus(kind):
        torch.manual_seed(0)
        blocks = [
            nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), kind()) for _ in range(6)
        ]
        return nn.Sequential(
            nn.Conv2d(1, 8, 3, bias=False), *blocks, nn.Flatten(), nn.Linear(288, 4)
        )

    shape = (1, 8, 8)
    expected = prune(relus(nn.ReLU), "synflow", 0.9, input_shape=shape)
    assert prune(relus(nn.ReLU6), "synflow", 0.9, input_shape=shape) == expected
    gated = network(norm=lambda c: Gate(c, gain=1e4))
    assert prune(gated, "synflow", 0.5, input_shape=SHAPE).kept == round(0.5 * 856)


@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0"])
def test_synflow_takes_networks_that_saturate(name):
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None, num_classes=4)
    mask = prune(model, "synflow", 0.5, input_shape=(3, 32, 32), iterations=1)
    assert list(mask.layer_kept.values())[-1] > 0


def changed(change):
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU()
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, 4))
    with torch.no_grad():
        change(model)
    return model


X, Y = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(64) % 4


def zero_classifier(model):
    model[5].weight.zero_()


def dead_units(model):
    model[0].bias.fill_(-100)


def no_bias(model):
    model[0].bias.zero_()
    model[2].bias.zero_()


@pytest.mark.parametrize("algorithm", [*SCORED, "synflow"])
def test_zero_initialised_classifiers_are_named(algorithm):
    with pytest.raises(
        SparsetopoError, match=r"'5.weight' is all zero: give zero-initialised classifiers"
    ) as e:
        prune(changed(zero_classifier), algorithm, 0.9, data=(X, Y))
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("algorithm", SCORED)
@pytest.mark.parametrize(
    ("change", "images", "layers"),
    [
        (dead_units, X, r"2 of 3 layers \('0.weight', '2.weight'\)"),
        (no_bias, 0 * X, "3 of 3 layers"),
    ],
)
def test_dead_units_and_black_images_are_named(change, images, layers, algorithm):
    with pytest.raises(SparsetopoError, match=f"{layers}.*are exactly zero.*dead units.*black"):
        prune(changed(change), algorithm, 0.9, data=(images, Y))


@pytest.mark.parametrize("change", [dead_units, no_bias])
def test_synflow_has_no_dead_units(change):
    assert prune(changed(change), "synflow", 0.9, data=(0 * X, Y)).kept == 116


@pytest.mark.parametrize("algorithm", ["snip", "synflow"])
def test_zero_initialised_scales_of_normalisation_are_named(algorithm):
    model = torchvision.models.resnet18(zero_init_residual=True, num_classes=4)
    images = torch.randn(4, 3, 32, 32)
    with pytest.raises(
        SparsetopoError, match=r"16 of 21 layers.*'layer1.0.bn2.weight' \(and 7 more\) is all zero"
    ):
        prune(model, algorithm, 0.9, data=(images, torch.arange(4)))


@pytest.mark.parametrize("algorithm", [*SCORED, "synflow"])
def test_pixels_that_are_always_black_are_no_reason(algorithm):
    """Some weights of a layer may well be worth nothing."""
    images = X.clone()
    images[..., :2, :] = 0
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 4))
    assert prune(model, algorithm, 0.1, data=(images, Y)).kept == 490
