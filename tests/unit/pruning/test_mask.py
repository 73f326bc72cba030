"""Masks: validation, properties, files."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from sparsetopo.errors import FileFormatError, MaskError, SparsetopoError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.pruning.mask import Mask


@pytest.fixture
def arrays():
    return {
        "z.weight": np.array([[True, False], [False, False]]),
        "a.weight": np.zeros((1, 2, 1, 1), dtype=bool),
        "fc.weight": np.ones((2, 3), dtype=bool),
    }


@pytest.fixture
def mask(arrays):
    return Mask(
        arrays,
        algorithm="snip",
        sparsity="0.40",
        seed=3,
        initial_weights_digest="abc",
        metadata={"options": {"batch_size": 128}},
    )


def test_properties(mask):
    assert list(mask) == ["z.weight", "a.weight", "fc.weight"]
    assert (mask.kept, mask.total) == (7, 12)
    assert mask.achieved_sparsity == pytest.approx(5 / 12)
    assert mask.layer_kept == {"z.weight": 1, "a.weight": 0, "fc.weight": 6}
    assert mask.layer_sparsities == {"z.weight": 0.75, "a.weight": 1.0, "fc.weight": 0.0}
    assert mask.collapsed_layers == ["a.weight"]
    assert mask.sparsity == "0.40"  # as written, not the achieved one


def test_is_a_read_only_copy(mask, arrays):
    arrays["z.weight"][0, 0] = False
    assert mask["z.weight"][0, 0]
    with pytest.raises(ValueError, match="read-only"):
        mask["z.weight"][0, 0] = False
    with pytest.raises(TypeError):
        mask.metadata["options"] = {}


def test_tensors_are_converted(arrays):
    tensors = {
        name: torch.from_numpy(array).bfloat16().to_sparse() for name, array in arrays.items()
    }
    assert Mask(tensors) == Mask(arrays)


def test_equality_is_that_of_the_kept_weights(mask, arrays):
    assert mask == Mask(arrays)
    arrays["fc.weight"][0, 0] = False
    assert mask != Mask(arrays)
    assert mask != Mask({"fc.weight": arrays["fc.weight"]})
    assert mask != 3


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "at least one layer"),
        ([np.ones(2, dtype=bool)], "mapping.*got list"),
        ({"a": torch.ones(2, 2, device="meta")}, "'a' is on the device 'meta'"),
        ({"a": torch.full((2, 2), 0.5)}, "'a'.*holds 0.5"),
        ({"a": np.ones((2, 2))}, "layer 'a'.*bool, got float64"),
        ({"a": [[True]]}, "layer 'a'.*got list"),
        ({"a": np.ones((2, 0), dtype=bool)}, r"layer 'a'.*\(2, 0\)"),
        ({"a": np.array(True)}, r"layer 'a'.*shape \(\)"),
        ({"": np.ones(2, dtype=bool)}, "non-empty strings"),
        ({3: np.ones(2, dtype=bool)}, "non-empty strings, got 3"),
    ],
)
def test_malformed_masks_are_refused(bad, message):
    with pytest.raises(MaskError, match=message):
        Mask(bad)


def test_save_and_load(mask, tmp_path):
    path = tmp_path / "deep" / "mask.safetensors"
    mask.save(path, {"seed": 3})
    loaded = Mask.load(path)
    assert loaded == mask
    assert list(loaded) == list(mask)
    assert loaded.record() == mask.record()
    _, header = read_tensors(path)
    assert header["specification"] == {"seed": 3}
    assert "package_version" in header
    assert header["collapsed_layers"] == ["a.weight"]
    again = tmp_path / "again.safetensors"
    loaded.save(again, {"seed": 3})
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("part", [0, 1, 7, 8, 40, 0.5, -1])
def test_truncated_file(mask, tmp_path, part):
    path = tmp_path / "mask.safetensors"
    mask.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole)) if isinstance(part, float) else part])
    with pytest.raises(FileFormatError, match=r"mask\.safetensors: "):
        Mask.load(path)


def test_foreign_files(mask, tmp_path):
    text = tmp_path / "text"
    text.write_text("hello " * 100)
    plain = tmp_path / "plain"
    save_file({"a": np.ones((2, 2))}, plain)
    other = tmp_path / "other"
    write_tensors(other, {"a": np.ones((2, 2), dtype=bool)}, {"format": "weights"})
    for path in (text, plain, other, tmp_path / "missing", tmp_path):
        with pytest.raises(FileFormatError) as caught:
            Mask.load(path)
        assert str(path) in str(caught.value)


def test_check_fits(mask):
    shapes = {name: array.shape for name, array in mask.items()}
    mask.check_fits(shapes)
    for wrong, message in [
        ({**shapes, "fc.weight": (3, 2)}, r"'fc.weight' has shape \(2, 3\).*\(3, 2\)"),
        ({**shapes, "conv9.weight": (1,)}, "no layer 'conv9.weight'"),
        ({k: v for k, v in shapes.items() if k != "a.weight"}, "no prunable weight 'a.weight'"),
    ]:
        with pytest.raises(MaskError, match=message) as caught:
            mask.check_fits(wrong)
        assert isinstance(caught.value, SparsetopoError)
