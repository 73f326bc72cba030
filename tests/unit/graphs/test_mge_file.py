"""Files of graphs: round trips, and one clear sentence for whatever else a file may hold."""

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from safetensors.numpy import load_file, save_file
from tests.random_graphs import masked_networks
from torch import nn

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_metadata
from sparsetopo.graphs import MGE, Plan
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.plan import Axis


class EveryKind(nn.Module):
    """Grouped and transposed convolution, linear layer, overlapping windows, identity shortcut."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(2, 4, 3, padding=1, groups=2)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 2, groups=2)
        self.last = nn.Linear(36, 3)

    def forward(self, x):
        x = self.first(x).relu()
        x = nn.functional.max_pool2d(x + self.second(x), 3, 2, 1)
        return self.last(self.up(x)[:, :, :3, :3].flatten(1))


def small_mge():
    net = EveryKind()
    generator = torch.Generator().manual_seed(1)
    names = ("first.weight", "second.weight", "up.weight", "last.weight")
    masks = {
        name: torch.rand(net.get_parameter(name).shape, generator=generator) < 0.4 for name in names
    }
    return encode(net, (2, 6, 5), masks, identity_shortcuts=True)


@given(drawn=masked_networks())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_round_trip_of_random_networks(tmp_path_factory, drawn):
    network, masks = drawn
    mge = encode(network, network.input_shape, masks)
    path = tmp_path_factory.mktemp("files") / "mge.safetensors"
    mge.save(path, {"seed": 1})
    loaded = MGE.load(path)
    assert loaded.plan == mge.plan
    for name in mge.plan.parameters:
        np.testing.assert_array_equal(loaded.masks[name], mge.masks[name])
        np.testing.assert_array_equal(loaded.weights[name], mge.weights[name])
    assert read_metadata(path)["specification"] == {"seed": 1}


def test_weights_after_training_lie_beside_the_others(tmp_path):
    mge, path = small_mge(), tmp_path / "graph.safetensors"
    after = MGE(mge.plan, {name: 2 * array for name, array in mge.weights.items()}, mge.masks)
    mge.save(path)
    with pytest.raises(FileFormatError, match=r"the tensor 'trained:first\.weight' is missing"):
        MGE.load(path, trained=True)
    mge.save(path, trained=after)
    for found, expected in ((MGE.load(path), mge), (MGE.load(path, trained=True), after)):
        for name, array in expected.weights.items():
            np.testing.assert_array_equal(found.weights[name], array)
            np.testing.assert_array_equal(found.masks[name], mge.masks[name])
    tensors, metadata = load_file(path), {"sparsetopo": json.dumps(read_metadata(path))}
    del tensors["trained:up.weight"]
    save_file(tensors, path, metadata)
    with pytest.raises(FileFormatError):
        MGE.load(path)


def test_size_is_that_of_the_kept_weights_and_a_bit_a_weight(tmp_path):
    mge = small_mge()
    mge.save(tmp_path / "mge")
    arrays = load_file(tmp_path / "mge")
    kept = sum(np.count_nonzero(mask) for mask in mge.masks.values())
    bits = sum((mask.size + 7) // 8 for mask in mge.masks.values())
    assert sum(array.nbytes for array in arrays.values()) == 4 * kept + bits


def tampered(path, change):
    """Save a graph, `change` its tensors or its record (or return a list for one), write it back."""
    small_mge().save(path)
    tensors, record = load_file(path), read_metadata(path)
    result = change(tensors, record)
    record = result if isinstance(result, list) else record
    save_file(tensors, path, {"sparsetopo": json.dumps(record)})


def set_padding_bit(tensors, record):
    assert np.prod(record["plan"]["parameters"]["last.weight"]) % 8 == 4
    tensors["mask:last.weight"][-1] |= 1


def flip_mask_bit(tensors, record):
    tensors["mask:last.weight"][0] ^= 0x80


def replaced(name, function):
    def change(tensors, record):
        tensors[name] = function(tensors[name])

    return change


def with_infinity(weights):
    weights[3] = np.inf
    return weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_padding_bit, "'last.weight' has bits set beyond the end of its mask"),
        (flip_mask_bit, "'last.weight' has weights of .* mask keeps"),
        (replaced("mask:last.weight", lambda bits: bits[:-1]), "'last.weight' has a mask of"),
        (replaced("mask:last.weight", lambda bits: bits[None]), "'last.weight' has a mask of"),
        (replaced("mask:last.weight", lambda bits: bits.view(np.int8)), "mask of type int8"),
        (replaced("weights:up.weight", with_infinity), "'up.weight' .* not finite"),
        (replaced("weights:up.weight", lambda w: w * np.nan), "'up.weight' .* not finite"),
        (replaced("weights:up.weight", lambda w: w.astype(np.float64)), "weights of type float64"),
        (replaced("weights:up.weight", lambda w: w[:-1].copy()), "'up.weight' has weights of"),
        (lambda t, r: t.pop("mask:up.weight"), "'mask:up.weight' is missing"),
        (lambda t, r: t.update(extra=np.ones(1)), "'extra' is not of its plan"),
        (lambda t, r: r.update(version=2), "version 2, not 'sparsetopo mge' version 1"),
        (lambda t, r: r.update(format="other"), "holds 'other'"),
        (lambda t, r: r.update(plan=None), "not a plan"),
        (lambda t, r: [1, 2], "not a JSON object"),
    ],
)
def test_tampered_files_are_refused(change, message, tmp_path):
    tampered(tmp_path / "mge", change)
    with pytest.raises(FileFormatError, match=message):
        MGE.load(tmp_path / "mge")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_types_that_numpy_lacks_are_refused(dtype, tmp_path):
    from safetensors.torch import save_file as save_torch

    save_torch({"w": torch.ones(2).to(dtype)}, tmp_path / "mge", {"sparsetopo": "{}"})
    with pytest.raises(FileFormatError, match="not a readable safetensors file"):
        MGE.load(tmp_path / "mge")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.9999])
def test_truncated_files_are_refused(share, tmp_path):
    path = tmp_path / "mge"
    small_mge().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileFormatError, match="truncated or foreign"):
        MGE.load(path)


def places(record, place=()):
    """Paths of a JSON value and of all that it holds; of long lists the first items."""
    if place:
        yield place
    items = record.items() if isinstance(record, dict) else ()
    items = list(enumerate(record))[:3] if isinstance(record, list) else items
    for key, value in items:
        yield from places(value, (*place, key))


FOREIGN = (
    -1, 0, 1, 2, 3, 10**6, 10**20, 1.5, float("nan"), "x", None, True, [], {}, [1], {"a": 1},
)  # fmt: skip


def changed_records(record):
    """The record with one value replaced, deleted or repeated, in every way."""
    for place in places(record):
        for value in (*FOREIGN, "delete", "repeat"):
            changed = copy.deepcopy(record)
            holder = changed
            for key in place[:-1]:
                holder = holder[key]
            old = holder[place[-1]]
            if value == "delete":
                del holder[place[-1]]
            elif value == "repeat" and isinstance(old, list):
                old.extend(old[:1])
            else:
                holder[place[-1]] = value
            yield place, value, changed


def test_a_plan_is_refused_or_can_be_used():
    """Whatever one value of a plan is changed to: a sentence, or a graph without contradiction."""
    record = json.loads(json.dumps(small_mge().plan.to_record()))
    outcomes = {"refused": 0, "used": 0}
    for place, value, changed in changed_records(record):
        try:
            plan = Plan.from_record(changed)
        except FileFormatError:
            outcomes["refused"] += 1
            continue
        ones = {name: np.ones(shape, np.float32) for name, shape in plan.parameters.items()}
        mge = MGE(plan, ones, {name: array > 0 for name, array in ones.items()})
        edges = sum(len(block.weights) for block in mge.edge_blocks())
        assert edges == mge.num_edges, (place, value)
        if plan.num_nodes < 10**5:
            assert mge.to_scipy().nnz == edges, (place, value)
        outcomes["used"] += 1
    assert min(outcomes.values()) > 100


def test_axes_whose_rectangles_overlap_are_refused():
    record = json.loads(json.dumps(small_mge().plan.to_record()))
    record["axes"][0] += record["axes"][0][:1]
    with pytest.raises(FileFormatError, match="repeats a triple"):
        Plan.from_record(record)


@pytest.mark.parametrize("triples", [([1, 0], [0, 0], [0, 0]), ([0, 0], [0, 0], [0, 0])])
def test_axes_that_are_not_sorted_are_noticed(triples):
    assert not Axis(*triples).is_ascending
