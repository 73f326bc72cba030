"""Names of files matched to those of networks, and networks loaded by them."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from sparsetopo.errors import FileFormatError
from sparsetopo.networks.checkpoints.encodings import Decoded
from sparsetopo.networks.checkpoints.load import load_tensors
from sparsetopo.networks.checkpoints.names import matched_names


@pytest.fixture(scope="module")
def names():
    with torch.device("meta"):
        return list(resnet18(num_classes=2).state_dict())


PREFIXES = ["", "module.", "_orig_mod.", "model.", "backbone.", "module._orig_mod.model.", "my_own."]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("own", ["", "net.", "wrapped.inner."])
def test_prefixes_are_read_over_on_both_sides(names, prefix, own):
    found = matched_names([prefix + name for name in names], [own + name for name in names])
    assert found == {prefix + name: own + name for name in names}


def test_parts_that_were_compiled_are_unwrapped_in_the_middle(names):
    given = [name.replace("layer1.", "layer1._orig_mod.") for name in names]
    assert list(matched_names(given, names).values()) == names


def test_of_several_copies_the_one_that_is_usual_is_taken(names):
    given = [f"{part}.{name}" for name in names for part in ("teacher", "student")]
    assert all(name.startswith("student.") for name in matched_names(given, names))


def test_a_head_and_a_body_under_different_names(names):
    given = [f"backbone.{name}" for name in names[:-2]] + ["classifier.weight"]
    assert len(matched_names(given, names)) == len(names) - 2


def test_other_names_match_nothing():
    assert matched_names(["a.weight", "b.bias"], ["c.kernel"]) == {}
    assert matched_names([], ["a"]) == {}


def network():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))


def weights():
    torch.manual_seed(1)
    return {name: torch.rand(t.shape).to(t.dtype) for name, t in network().state_dict().items()}


def test_every_tensor_is_set(tmp_path):
    model, given = network(), weights()
    loaded = load_tensors(model, Decoded(dict(given)), "the file")
    assert all(torch.equal(value, given[name]) for name, value in model.state_dict().items())
    assert (loaded.matched, loaded.total, loaded.sentence()) == (9, 9, None)


def test_what_is_missing_and_unused_is_said():
    model, given = network(), weights()
    del given["1.num_batches_tracked"], given["3.bias"]
    given["head.weight"] = torch.ones(1)
    bias = model[3].bias.clone()
    loaded = load_tensors(model, Decoded(given), "the file")
    assert (loaded.missing, loaded.unused) == (("3.bias",), ("head.weight",))
    assert loaded.sentence().startswith("7 of the network's 8 tensors are in the file: ")
    assert torch.equal(model[3].bias, bias)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"3.weight": torch.ones(3, 8)}, r"'3.weight' has shape \(3, 8\), the network's \(2, 8\)"),
        ({"3.weight": torch.ones(3, 8), "3.bias": torch.ones(3)}, "and 1 more differ"),
        (None, "the checkpoint of another architecture"),
    ],
)
def test_another_network_is_refused_and_nothing_changed(changes, said):
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    given = {"layer.kernel": torch.ones(2)} if changes is None else {**weights(), **changes}
    with pytest.raises(FileFormatError, match=said):
        load_tensors(model, Decoded(given), "the file")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_scalars_and_half_precision_and_sparse_layouts_fit():
    model, given = network(), weights()
    given["1.num_batches_tracked"] = torch.ones(1, dtype=torch.int64)
    given["3.weight"] = given["3.weight"].to(torch.bfloat16)
    sparse = given["0.weight"].to_sparse()
    load_tensors(model, Decoded({**given, "0.weight": sparse}), "the file")
    assert torch.equal(model[0].weight, given["0.weight"])
    assert torch.equal(model[3].weight, given["3.weight"].float())
    assert model[1].num_batches_tracked == 1
