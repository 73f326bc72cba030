"""Files of sparse networks' weights: only the kept ones, dense arrays back; files as they were before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import sparsetopo.training
from sparsetopo.errors import FileFormatError, MaskError
from sparsetopo.files import read_metadata
from sparsetopo.networks.arrays import model_arrays
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.save import load_weights, save_weights
from sparsetopo.training.train import train

SPECIFICATION = {"stage": "train", "cell": {"seed": "0"}}


def trained(make_network, dataset, mask, learning_rate=0.05, epochs=2):
    model = make_network()
    recipe = Recipe(epochs=epochs, batch_size=8, learning_rate=learning_rate)
    result = train(model, dataset, recipe, order_labels=("stripes", "small", 0), mask=mask)
    return model, result


def write_as_before(path, model):
    """As sparsetopo wrote every network's weights before pruned ones were left out."""
    record = {"kind": "trained weights", "package_version": "0.1", "specification": SPECIFICATION}
    save_file(model_arrays(model), path, {"sparsetopo": json.dumps(record)})


def same_bits(arrays, others):
    return arrays.keys() == others.keys() and all(
        array.dtype == others[name].dtype and array.tobytes() == others[name].tobytes()
        for name, array in arrays.items()
    )


def test_loading_gives_what_a_file_of_all_weights_gives(
    make_network, tiny_dataset, half_mask, tmp_path
):
    model, _ = trained(make_network, tiny_dataset, half_mask)
    save_weights(tmp_path / "sparse", model, SPECIFICATION, half_mask)
    write_as_before(tmp_path / "before", model)
    for names in (None, half_mask, ["6.bias", "3.weight", "1.num_batches_tracked"]):
        weights, specification = load_weights(tmp_path / "sparse", names)
        expected, _ = load_weights(tmp_path / "before", names)
        assert same_bits(weights, expected)
        assert {name: array.shape for name, array in weights.items()} == {
            name: array.shape for name, array in expected.items()
        }
        assert specification == SPECIFICATION
        assert names is None or list(weights) == list(names)


@pytest.mark.parametrize("learning_rate", [1e6, 1e30])
def test_pruned_weights_of_a_diverged_training_are_zero_and_kept_ones_come_back(
    make_network, tiny_dataset, half_mask, tmp_path, learning_rate
):
    model, result = trained(make_network, tiny_dataset, half_mask, learning_rate, epochs=20)
    assert result.status == "diverged"
    arrays = model_arrays(model)
    assert not all(np.isfinite(arrays[name]).all() for name in half_mask)
    save_weights(tmp_path / "sparse", model, SPECIFICATION, half_mask)
    assert same_bits(
        load_weights(tmp_path / "sparse", half_mask)[0], {n: arrays[n] for n in half_mask}
    )


def test_only_the_kept_weights_are_stored_with_their_mask(make_network, half_mask, tmp_path):
    model = make_network()
    with torch.no_grad():
        for name, mask in half_mask.items():
            model.get_parameter(name).mul_(torch.from_numpy(mask))
    for name in ("one", "other"):
        save_weights(tmp_path / name, model, SPECIFICATION, half_mask)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    tensors = load_file(tmp_path / "one")
    stored = sum(array.nbytes for name, array in tensors.items() if not name.startswith("whole:"))
    kept = sum(int(mask.sum()) for mask in half_mask.values())
    assert stored == 4 * kept + sum((mask.size + 7) // 8 for mask in half_mask.values())
    whole = {name for name in model.state_dict() if name not in half_mask}
    assert {name for name in tensors if name.startswith("whole:")} == {f"whole:{n}" for n in whole}
    assert read_metadata(tmp_path / "one")["shapes"]["3.weight"] == [6, 4, 1, 1]


def test_reading_needs_no_torch(make_network, tiny_dataset, half_mask, tmp_path):
    model, _ = trained(make_network, tiny_dataset, half_mask)
    save_weights(tmp_path / "sparse", model, SPECIFICATION, half_mask)
    code = (
        "import sys; from sparsetopo.training.save import load_weights;"
        "weights, _ = load_weights(sys.argv[1]);"
        "assert 'torch' not in sys.modules;"
        "print(len(weights))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "sparse")],
        env=os.environ | {"PYTHONPATH": str(Path(sparsetopo.training.__file__).parents[2])},
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(process.stdout) == len(model.state_dict())


@pytest.mark.parametrize("value", [1e-30, float("nan"), float("inf")])
def test_a_model_whose_pruned_weights_are_not_zero_is_refused(
    make_network, tiny_dataset, half_mask, tmp_path, value
):
    model, _ = trained(make_network, tiny_dataset, half_mask)
    place = tuple(np.argwhere(~half_mask["3.weight"])[0])
    with torch.no_grad():
        model.get_parameter("3.weight")[place] = value
    with pytest.raises(MaskError, match=r"1 pruned weights of '3\.weight' are not zero"):
        save_weights(tmp_path / "sparse", model, SPECIFICATION, half_mask)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ({"8.weight": np.ones((2, 2), bool)}, "the model has no such parameter"),
        ({"3.weight": np.ones((6, 4), bool)}, r"shape \(6, 4\), the model has the shape \(6, 4, 1"),
    ],
)
def test_masks_that_do_not_fit_are_refused(make_network, tmp_path, mask, message):
    with pytest.raises(MaskError, match=message):
        save_weights(tmp_path / "sparse", make_network(), SPECIFICATION, mask)


def flip_bit(tensors, record):
    tensors["mask:3.weight"][0] ^= 0x80


def replaced(name, function):
    def change(tensors, record):
        tensors[name] = function(tensors[name])

    return change


DAMAGES = [
    (flip_bit, "'3.weight' has weights of shape .* mask keeps"),
    (
        replaced("mask:3.weight", lambda bits: bits[1:].copy()),
        "'3.weight' has a mask of type uint8",
    ),
    (replaced("weights:3.weight", lambda kept: kept[1:].copy()), "'3.weight' has weights of shape"),
    (replaced("weights:3.weight", lambda kept: kept.view(np.int32)), "weights of type int32"),
    (lambda t, r: t.pop("mask:3.weight"), "tensors are not those of its record"),
    (lambda t, r: t.pop("weights:3.weight"), "tensors are not those of its record"),
    (lambda t, r: t.update(extra=np.ones(2)), "tensors are not those of its record"),
    (lambda t, r: t.update({"whole:3.weight": np.ones(2)}), "tensors are not those of its record"),
    (lambda t, r: r.pop("shapes"), "tensors are not those of its record"),
    (lambda t, r: r.update(shapes=[1]), "tensors are not those of its record"),
    (lambda t, r: r["shapes"].pop("3.weight"), "tensors are not those of its record"),
    (lambda t, r: r["shapes"].update({"3.weight": [6, 5, 1, 1]}), "should have 4 bytes"),
    (lambda t, r: r["shapes"].update({"3.weight": 24}), "'3.weight' has the shape 24"),
    (lambda t, r: r.update(kind="mask"), "holds 'mask', not 'trained weights'"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGES)
def test_damaged_files_are_refused_in_one_sentence(
    make_network, half_mask, tmp_path, change, message
):
    path, model = tmp_path / "sparse", make_network()
    with torch.no_grad():
        for name, mask in half_mask.items():
            model.get_parameter(name).mul_(torch.from_numpy(mask))
    save_weights(path, model, SPECIFICATION, half_mask)
    tensors, record = load_file(path), read_metadata(path)
    change(tensors, record)
    save_file(tensors, path, {"sparsetopo": json.dumps(record)})
    with pytest.raises(FileFormatError, match=message) as caught:
        load_weights(path)
    assert str(caught.value).startswith(f"{path}: ")
