"""The four architectures: parameter counts, shapes, refused sizes."""

import subprocess
import sys

import pytest
import torch

from sparsetopo.architectures import ARCHITECTURES, build, shape_problem
from sparsetopo.errors import SparsetopoError, UnknownNameError
from sparsetopo.networks.prunable import prunable_parameters

PRUNABLE_WEIGHTS = {
    "Conv-6": 2_261_184,
    "Resnet-20": 270_896,
    "Resnet-32": 464_432,
    "Wide-Resnet-28-2": 1_463_984,
}
# Edges of the dense graph that belong to 1x1 projection shortcuts: weights times output positions.
PROJECTION_EDGES = {
    "Conv-6": 0,
    "Resnet-20": 262_144,
    "Resnet-32": 262_144,
    "Wide-Resnet-28-2": 1_572_864,
}


def test_registry_has_the_four_architectures():
    assert set(ARCHITECTURES) >= set(PRUNABLE_WEIGHTS)


@pytest.mark.parametrize("name", PRUNABLE_WEIGHTS)
def test_number_of_prunable_weights(name):
    model = build(name, (3, 32, 32), 10)
    assert sum(w.numel() for w in prunable_parameters(model).values()) == PRUNABLE_WEIGHTS[name]


@pytest.mark.parametrize("name", PROJECTION_EDGES)
def test_projection_shortcuts(name):
    model = build(name, (3, 32, 32), 10)
    edges = []
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (1, 1):
            module.register_forward_hook(
                lambda conv, _, output: edges.append(conv.weight.numel() * output[0, 0].numel())
            )
    model(torch.zeros(2, 3, 32, 32))
    assert sum(edges) == PROJECTION_EDGES[name]


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
@pytest.mark.parametrize("input_shape", [(1, 8, 8), (3, 32, 32), (2, 16, 24)])
@pytest.mark.parametrize("classes", [10, 7])
def test_output_shape(name, input_shape, classes):
    model = build(name, input_shape, classes)
    assert model(torch.zeros(2, *input_shape)).shape == (2, classes)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_image_is_treated_alike_in_evaluation_mode(name):
    model = build(name, (1, 8, 8), 10).eval()
    images = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    alone = torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(model(images), alone)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_batch_norm_after_every_layer_but_the_classifier(name):
    model = build(name, (1, 8, 8), 10)
    biased = [n for n, p in prunable_parameters(model).items() if _has_bias(model, n)]
    assert biased == [list(prunable_parameters(model))[-1]]


def _has_bias(model, weight_name):
    return model.get_submodule(weight_name.removesuffix(".weight")).bias is not None


@pytest.mark.parametrize(
    ("name", "input_shape"),
    [
        ("Conv-6", (3, 12, 12)),
        ("Conv-6", (3, 4, 4)),
        ("Conv-6", (3, 32, 30)),
        ("Resnet-20", (1, 3, 8)),
        ("Resnet-32", (0, 8, 8)),
        ("Wide-Resnet-28-2", (3, 32, 2)),
        ("Resnet-20", (8, 8)),
        ("Resnet-20", (1, 8, 8.0)),
    ],
)
def test_refused_input_shape_is_named(name, input_shape):
    with pytest.raises(SparsetopoError) as caught:
        build(name, input_shape, 10)
    message = str(caught.value)
    assert name in message
    assert str(input_shape) in message
    assert "\n" not in message
    assert shape_problem(name, input_shape, 10) == message


@pytest.mark.parametrize("size", [4, 5, 7, 17])
def test_residual_networks_take_odd_sizes(size):
    for name in ("Resnet-20", "Wide-Resnet-28-2"):
        assert build(name, (1, size, size), 3)(torch.zeros(2, 1, size, size)).shape == (2, 3)


@pytest.mark.parametrize("classes", [1, 0, -3, 2.0, True])
def test_refused_number_of_classes(classes):
    with pytest.raises(SparsetopoError, match="number of classes"):
        build("Resnet-20", (1, 8, 8), classes)


def test_unknown_architecture_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"Resnet-50.*Conv-6.*Resnet-20"):
        build("Resnet-50", (3, 32, 32), 10)


def test_checking_a_shape_needs_no_torch():
    code = (
        "import sys; from sparsetopo.architectures import shape_problem;"
        "assert 'multiples of 8' in shape_problem('Conv-6', (1, 12, 12), 10);"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
