"""Files of masks: a bit a weight, files of the first format, and one clear sentence for damaged ones."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file, save_file

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_metadata
from sparsetopo.pruning.mask import Mask

LAYERS = st.dictionaries(
    st.text("abcé.:_/ ", min_size=1, max_size=6),
    arrays.arrays(np.bool_, arrays.array_shapes(min_dims=1, max_dims=4, max_side=7)),
    min_size=1,
    max_size=4,
)


def a_mask():
    random = np.random.default_rng(0)
    shapes = {"z.weight": (3, 2, 3, 3), "a.weight": (5, 4), "fc.weight": (2, 8)}
    arrays = {name: random.random(shape) < 0.4 for name, shape in shapes.items()}
    return Mask(arrays, algorithm="er", sparsity="0.60", seed=2, metadata={"options": {}})


def write_in_first_format(path, mask, specification=None):
    """As sparsetopo wrote masks before they were packed: a byte a weight."""
    header = {
        "format": "sparsetopo mask 1",
        "package_version": "0.1",
        "specification": specification,
        "order": list(mask),
        **mask.record(),
    }
    save_file(
        dict(mask), path, {"sparsetopo": json.dumps(header, sort_keys=True, separators=(",", ":"))}
    )


@given(layers=LAYERS)
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_both_formats_give_the_mask_back(tmp_path_factory, layers):
    folder = tmp_path_factory.mktemp("masks")
    mask = Mask(layers, algorithm="snip", seed=1, initial_weights_digest="abc")
    mask.save(folder / "new")
    write_in_first_format(folder / "old", mask)
    for name in ("new", "old"):
        loaded = Mask.load(folder / name)
        assert loaded == mask
        assert list(loaded) == list(mask)
        assert {layer: array.shape for layer, array in loaded.items()} == {
            layer: array.shape for layer, array in mask.items()
        }
        assert loaded.record() == mask.record()
        loaded.save(folder / f"{name} again")
        assert (folder / f"{name} again").read_bytes() == (folder / "new").read_bytes()


def test_a_weight_takes_one_bit(tmp_path):
    a_mask().save(tmp_path / "mask")
    tensors = load_file(tmp_path / "mask")
    assert {name: array.nbytes for name, array in tensors.items()} == {
        "z.weight": 7,  # of 54 weights
        "a.weight": 3,  # of 20
        "fc.weight": 2,  # of 16
    }


def test_the_record_says_what_the_first_format_said(tmp_path):
    a_mask().save(tmp_path / "new", {"cell": {"seed": "2"}})
    write_in_first_format(tmp_path / "old", a_mask(), {"cell": {"seed": "2"}})
    new, old = read_metadata(tmp_path / "new"), read_metadata(tmp_path / "old")
    assert new.pop("format") == "sparsetopo mask 2"
    assert new.pop("shapes") == {"a.weight": [5, 4], "fc.weight": [2, 8], "z.weight": [3, 2, 3, 3]}
    assert old.pop("format") == "sparsetopo mask 1"
    assert {**new, "package_version": ""} == {**old, "package_version": ""}


def set_padding_bit(tensors, record):
    tensors["a.weight"][-1] |= 1


def flip_bit(tensors, record):
    tensors["a.weight"][0] ^= 0x80


def replaced(function):
    def change(tensors, record):
        tensors["a.weight"] = function(tensors["a.weight"])

    return change


def recorded(**changes):
    return lambda tensors, record: record.update(changes)


def shaped(shape):
    return lambda tensors, record: record["shapes"].update({"a.weight": shape})


DAMAGES = [
    (set_padding_bit, "layer 'a.weight' has bits set beyond the end"),
    (flip_bit, "numbers of kept weights are not those"),
    (replaced(lambda bits: bits[:-1]), "'a.weight' has a mask of .* should have 3 bytes"),
    (replaced(lambda bits: np.append(bits, bits)), "'a.weight' has a mask of .* 3 bytes"),
    (replaced(lambda bits: bits[None]), "'a.weight' has a mask of .* 3 bytes"),
    (replaced(lambda bits: bits.view(np.int8)), "'a.weight' has a mask of type int8"),
    (replaced(lambda bits: bits > 0), "'a.weight' has a mask of type bool"),
    (shaped([5, 5]), "should have 4 bytes"),
    (shaped([20, 0]), r"layer 'a.weight' has the shape \[20, 0\]"),
    (shaped("20"), "layer 'a.weight' has the shape '20'"),
    (recorded(shapes=[[5, 4]]), "shapes are not those of its layers"),
    (recorded(shapes={"a.weight": [5, 4]}), "shapes are not those of its layers"),
    (recorded(order=["a.weight"]), "layers are not those of its record"),
    (recorded(order=3), "layers are not those of its record"),
    (recorded(layer_kept={}), "numbers of kept weights"),
    (recorded(layer_kept=None), "numbers of kept weights"),
    (recorded(metadata=3), "not a valid mask"),
    (recorded(format="sparsetopo mask 3"), "is not a mask"),
    (lambda tensors, record: tensors.pop("a.weight"), "layers are not those of its record"),
    (lambda tensors, record: tensors.update(b=np.ones(2)), "layers are not those of its record"),
    *(
        (lambda tensors, record, key=key: record.pop(key), f"lacks '{key}'")
        for key in ("order", "shapes", "layer_kept", "algorithm", "seed", "metadata")
    ),
]


@pytest.mark.parametrize(("change", "message"), DAMAGES)
def test_damaged_files_are_refused_in_one_sentence(change, message, tmp_path):
    path = tmp_path / "mask"
    a_mask().save(path)
    tensors, record = load_file(path), read_metadata(path)
    change(tensors, record)
    save_file(tensors, path, {"sparsetopo": json.dumps(record)})
    with pytest.raises(FileFormatError, match=message) as caught:
        Mask.load(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda array: array | True, "numbers of kept weights"),
        (lambda array: array.astype(np.float32), "not a valid mask: .* bool, got float32"),
        (lambda array: array[1:].copy(), "numbers of kept weights"),
        (lambda array: array.astype(np.uint8), "not a valid mask: .* bool, got uint8"),
    ],
)
def test_damaged_files_of_the_first_format_are_refused(change, message, tmp_path):
    path = tmp_path / "mask"
    write_in_first_format(path, a_mask())
    tensors, record = load_file(path), read_metadata(path)
    tensors["a.weight"] = change(tensors["a.weight"])
    save_file(tensors, path, {"sparsetopo": json.dumps(record)})
    with pytest.raises(FileFormatError, match=message):
        Mask.load(path)
