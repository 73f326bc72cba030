"""All 80 classification models of torchvision at their sizes: every weight that reads data is in the plan."""

import pytest
import torch
import torchvision
from tests.unit.graphs.models.at_size import WEIGHTED, assert_sound, without_initialisation
from torchvision.models import get_model, list_models

import sparsetopo as st

NAMES = list_models(module=torchvision.models)
SIZES = {
    "inception_v3": 299,
    "efficientnet_b1": 240, "efficientnet_b2": 288, "efficientnet_b3": 300, "efficientnet_b4": 380,
    "efficientnet_b5": 456, "efficientnet_b6": 528, "efficientnet_b7": 600,
    "efficientnet_v2_s": 384, "efficientnet_v2_m": 480, "efficientnet_v2_l": 480,
    "swin_v2_t": 256, "swin_v2_s": 256, "swin_v2_b": 256,
}  # fmt: skip
# One of each kind, the smallest; the others are their larger sisters.
MIDDLE = (
    "alexnet", "squeezenet1_1", "mnasnet0_5", "mobilenet_v3_small", "shufflenet_v2_x0_5", "efficientnet_b0",
    "regnet_y_400mf", "resnet18", "vit_b_32", "swin_t", "convnext_tiny",
)  # fmt: skip


def build(name):
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with without_initialisation():
        return get_model(name, weights=None, **options)


def read_weights(model):
    """Weights of layers and of attention that an output of the evaluated model depends on."""
    for path, module in model.named_modules():
        # Auxiliary heads work in training alone; a small network makes Swin V2's position biases from constants.
        if path.startswith(("aux", "AuxLogits")) or "cpb_mlp" in path:
            continue
        if isinstance(module, WEIGHTED):
            yield f"{path}.weight"
        if isinstance(module, torch.nn.MultiheadAttention):
            yield f"{path}.in_proj_weight"


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.middle if n in MIDDLE else pytest.mark.slow) for n in NAMES],
)
def test_torchvision_model(name):
    model, size = build(name), SIZES.get(name, 224)
    plan = st.trace(model, (3, size, size))
    assert_sound(plan, set(read_weights(model)))
    assert plan.input_shape == (3, size, size)
    assert set(plan.parameters) == set(read_weights(model))
    last = plan.node_layers[-1]
    assert last.channels == 1000
    assert last.size == 1000 or name.startswith("squeezenet")


def test_there_are_eighty():
    assert len(NAMES) >= 80
