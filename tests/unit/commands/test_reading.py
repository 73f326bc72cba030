"""Networks, weights and masks as commands read them."""

import random

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sparsetopo import Mask
from sparsetopo.commands.building import built
from sparsetopo.commands.mask_files import read_masks
from sparsetopo.commands.networks import encoded_networks, one_network
from sparsetopo.commands.weight_files import read_weights
from sparsetopo.errors import FileFormatError, MaskError, UsageError
from sparsetopo.networks.initial_file import save_initial
from sparsetopo.training.save import save_weights

KEPT = {
    "0.weight": np.random.default_rng(0).random((4, 1, 3, 3)) < 0.5,
    "2.weight": np.random.default_rng(1).random((3, 64)) < 0.5,
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(64, 3))


def as_tensors(prefix="", suffix="", dtype=torch.bool):
    return {f"{prefix}{n}{suffix}": torch.from_numpy(m).to(dtype) for n, m in KEPT.items()}


WAYS = {
    "our own": lambda path, model: Mask(KEPT).save(path),
    "safetensors": lambda path, model: save_file(as_tensors(), path),
    "of numbers": lambda path, model: save_file(as_tensors(dtype=torch.uint8), path),
    "of a wrapped network": lambda path, model: save_file(as_tensors("module.model."), path),
    "named as torch names them": lambda path, model: save_file(as_tensors(suffix="_mask"), path),
}


@pytest.mark.parametrize("way", WAYS)
def test_masks_of_every_kind_are_read(tmp_path, model, way):
    WAYS[way](tmp_path / "mask.safetensors", model)
    found = read_masks(tmp_path / "mask.safetensors", model)
    assert found.keys() == KEPT.keys()
    assert all(np.array_equal(found[name], KEPT[name]) for name in KEPT)


def test_a_file_of_torch_holds_masks(tmp_path, model):
    torch.save({"state_dict": as_tensors(dtype=torch.float16)}, tmp_path / "mask.pt")
    found = read_masks(tmp_path / "mask.pt", model)
    assert all(np.array_equal(found[name], KEPT[name]) for name in KEPT)


def test_layers_without_a_mask_are_kept_whole_and_named(tmp_path, model, caplog):
    torch.save({"2.weight": torch.from_numpy(KEPT["2.weight"])}, tmp_path / "mask.pt")
    network = one_network(model, input_shape=(1, 4, 4), mask=tmp_path / "mask.pt")
    assert network.mge.masks["0.weight"].all()
    assert np.array_equal(network.mge.masks["2.weight"], KEPT["2.weight"])
    assert "no mask of '0.weight'" in caplog.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"2.weight": np.ones((3, 65), dtype=bool)}, "of another network|does not fit the network"),
        ({"9.weight": np.ones((3, 4), dtype=bool)}, "9.weight"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_the_mask_of_another_network_is_refused(tmp_path, model, changes, said, own):
    path = tmp_path / "mask.safetensors"
    arrays = {**KEPT, **changes}
    if own:
        Mask(arrays).save(path)
    else:
        save_file({name: torch.from_numpy(array) for name, array in arrays.items()}, path)
    with pytest.raises(MaskError, match=said) as raised:
        read_masks(path, model)
    assert str(path) in str(raised.value)


def test_our_own_mask_has_all_layers(tmp_path, model):
    Mask({"2.weight": KEPT["2.weight"]}).save(tmp_path / "mask.safetensors")
    with pytest.raises(MaskError, match=r"it has no layer '0\.weight'"):
        read_masks(tmp_path / "mask.safetensors", model)


def test_weights_of_a_study_are_read(tmp_path, model):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in KEPT:
                parameter *= torch.from_numpy(KEPT[name])
    save_weights(tmp_path / "sparse.safetensors", model, {}, KEPT)
    save_weights(tmp_path / "dense.safetensors", model, {})
    save_initial(tmp_path / "initial.safetensors", model, {})
    for name in ("sparse", "dense", "initial"):
        found = read_weights(tmp_path / f"{name}.safetensors").weights
        assert all(torch.equal(found[key], value) for key, value in model.state_dict().items())


def test_a_mask_is_not_taken_for_weights(tmp_path):
    Mask(KEPT).save(tmp_path / "mask.safetensors")
    with pytest.raises(FileFormatError, match="is a mask, and holds no weights"):
        read_weights(tmp_path / "mask.safetensors")


def test_building_draws_from_the_seed_and_from_nothing_else():
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    _, first, _ = built("Resnet-20", input_shape=(1, 4, 4), classes=2, seed=3)
    after = torch.rand(1), np.random.rand(), random.random()  # noqa: NPY002
    torch.manual_seed(1), np.random.seed(1), random.seed(1)  # noqa: NPY002
    assert after == (torch.rand(1), np.random.rand(), random.random())  # noqa: NPY002
    _, second, _ = built("Resnet-20", input_shape=(1, 4, 4), classes=2, seed=3)
    assert torch.equal(first.conv1.weight, second.conv1.weight)


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("torchvision:resnet18", (3, 224, 224), 1000), ("timm:resnet10t", (3, 176, 176), 1000)],
)
def test_a_package_says_what_inputs_its_network_is_for(name, shape, classes):
    pytest.importorskip(name.partition(":")[0])
    _, module, found = built(name)
    assert found == shape
    assert module(torch.rand(2, *found)).shape == (2, classes)


def test_a_module_does_not_say_what_it_takes(model):
    with pytest.raises(UsageError, match="input_shape is missing"):
        next(encoded_networks([model]))


def test_no_network_is_no_command():
    with pytest.raises(UsageError, match="name at least one"):
        next(encoded_networks([]))


def test_masks_that_are_here_are_as_good_as_those_of_files(model, tmp_path):
    Mask(KEPT).save(tmp_path / "mask.safetensors")
    given = [tmp_path / "mask.safetensors", KEPT, Mask(KEPT), as_tensors()]
    first, *others = encoded_networks([model], input_shape=(1, 4, 4), mask=given)
    assert first.mask_file == str(tmp_path / "mask.safetensors")
    for other in others:
        assert other.mask_file is None
        assert other.mge.masks.keys() == KEPT.keys()
        assert all(np.array_equal(other.mge.masks[name], KEPT[name]) for name in KEPT)


def test_one_network_has_one_mask_that_is_here(model, caplog):
    with caplog.at_level("INFO"):
        network = one_network(model, input_shape=(1, 4, 4), mask=KEPT)
    assert "by the mask that was given" in caplog.text
    assert network.kept == sum(mask.sum() for mask in KEPT.values())
    with pytest.raises(UsageError, match="one network has one"):
        one_network(model, input_shape=(1, 4, 4), mask=[KEPT, KEPT])
