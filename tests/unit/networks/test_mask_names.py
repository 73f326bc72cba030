"""Masks find their parameter under any of its names; what is unknown or ambiguous is refused."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from sparsetopo.errors import MaskError
from sparsetopo.networks.mask_names import parameter_masks, parameter_name


class Tied(nn.Module):
    """Two layers of one weight."""

    def __init__(self):
        super().__init__()
        self.enc, self.dec = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.dec.weight = self.enc.weight


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


@pytest.mark.parametrize(
    "given", ["3.weight", "module.3.weight", "_orig_mod.3.weight", "module._orig_mod.3.weight",
              "3.weight_orig", "3.weight_mask", "3.parametrizations.weight.original"],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", ["", "module.", "_orig_mod.", "pruned", "parametrized"])
def test_names_with_and_without_what_wrappers_add(given, wrapped):
    model, expected = network(), f"{wrapped}3.weight"
    if wrapped == "module.":
        model = nn.DataParallel(model)
    elif wrapped == "_orig_mod.":
        model = torch.compile(model, backend="eager")
    elif wrapped == "pruned":
        prune.random_unstructured(model[3], "weight", 0.5)
        expected = "3.weight_orig"
    elif wrapped:
        parametrize.register_parametrization(model[3], "weight", nn.Identity())
        expected = "3.parametrizations.weight.original"
    assert parameter_name(given, model) == expected
    assert parameter_name(given, model, known=["3.weight"]) == "3.weight"


def test_a_name_that_is_exactly_right_comes_first():
    model = nn.Module()
    model.module, model.fc = network(), nn.Linear(2, 2)
    model.module.fc = nn.Linear(3, 3)
    assert parameter_name("module.fc.weight", model) == "module.fc.weight"
    assert parameter_name("fc.weight", model) == "fc.weight"
    with pytest.raises(MaskError, match=r"may belong to fc.weight or module.fc.weight: name one"):
        parameter_name("_orig_mod.fc.weight", model)


def test_tied_weights_go_by_any_name():
    mask = np.eye(4, dtype=bool)
    assert parameter_name("dec.weight", Tied()) == "enc.weight"
    assert parameter_name("enc.weight", Tied(), known=["dec.weight"]) == "dec.weight"
    both = parameter_masks({"enc.weight": mask, "dec.weight": mask.tolist()}, Tied())
    assert list(both) == ["enc.weight"]
    with pytest.raises(
        MaskError, match=r"'enc.weight' and 'dec.weight' belong.*'enc.weight', but differ"
    ):
        parameter_masks({"enc.weight": mask, "dec.weight": ~mask}, Tied())


def test_weights_computed_from_two_parameters_are_ambiguous_unless_known():
    model = network()
    nn.utils.parametrizations.weight_norm(model[3])
    with pytest.raises(MaskError, match=r"may belong to 3.*original0 or 3.*original1"):
        parameter_name("3.weight", model)
    for given in ("3.weight", "module.3.weight"):
        assert parameter_name(given, model, known=["3.weight"]) == "3.weight"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("3.wieght", r"unknown parameter '3.wieght'; known: 0.weight.*did you mean '3.weight'"),
        ("3", "name module '3'; name its parameter, '3.weight'"),
        ("1.running_mean", "'1.running_mean', which is a buffer"),
        (3, "by strings, got 3"),
        ("", "unknown parameter ''"),
        ("module", "unknown parameter 'module'"),
    ],
)
def test_what_names_no_parameter_is_refused(given, message):
    with pytest.raises(MaskError, match=message) as caught:
        parameter_masks({given: [1]}, network())
    assert "\n" not in str(caught.value)


def test_messages_list_a_few_names_of_many():
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(50)))
    with pytest.raises(MaskError, match=r"known: .*41.weight.*, \.\.\.; did you mean") as caught:
        parameter_name("41.weigth", model)
    assert len(str(caught.value)) < 250


def test_masks_are_a_mapping():
    with pytest.raises(MaskError, match="masks is a list, but must be a mapping"):
        parameter_masks([np.ones(3)], network())
