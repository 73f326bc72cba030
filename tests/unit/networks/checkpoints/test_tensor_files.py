"""Files of weights: what is read, and that nothing in them is run."""

import json
import os
import pickle
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sparsetopo.errors import FileFormatError
from sparsetopo.networks.checkpoints.tensor_files import INDEX, read_tensor_file

TENSORS = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.zeros(2, dtype=torch.bfloat16)}  # fmt: skip


def same(found, expected=TENSORS):
    return found.keys() == expected.keys() and all(
        torch.equal(found[name], expected[name]) for name in expected
    )


def sharded(folder, places=None):
    """The two tensors in two files, with their index."""
    for number, name in enumerate(TENSORS):
        save_file({name: TENSORS[name], f"other.{number}": torch.ones(1)}, folder / f"{number}.safetensors")  # fmt: skip
    places = places or {name: f"{number}.safetensors" for number, name in enumerate(TENSORS)}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))


def test_safetensors_in_every_type(tmp_path):
    save_file(TENSORS, tmp_path / "a.safetensors")
    assert same(read_tensor_file(tmp_path / "a.safetensors"))


@pytest.mark.parametrize("given", [INDEX, ""])
def test_several_files_with_an_index(tmp_path, given):
    sharded(tmp_path)
    assert same(read_tensor_file(tmp_path / given))


def test_a_folder_with_one_file(tmp_path):
    save_file(TENSORS, tmp_path / "model.safetensors")
    assert same(read_tensor_file(tmp_path))


NESTED = {
    "bare": TENSORS,
    "ordered": OrderedDict(TENSORS),
    "lightning": {"state_dict": TENSORS, "epoch": 3, "loss": torch.tensor(0.5)},
    "model": {"model": TENSORS, "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}}},
    "deeper": {"ema": {"model_state_dict": TENSORS}},
    "parameters": {name: nn.Parameter(value) for name, value in TENSORS.items()},
}


@pytest.mark.parametrize("name", NESTED)
def test_torch_files_are_looked_into(tmp_path, name):
    torch.save(NESTED[name], tmp_path / "a.pt")
    assert same(read_tensor_file(tmp_path / "a.pt"))


def test_the_old_format_of_torch_is_read(tmp_path):
    torch.save(TENSORS, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert same(read_tensor_file(tmp_path / "a.pth"))


class Harmful:
    """Would write a file, were it unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])  # fmt: skip
def test_nothing_in_a_file_is_run(tmp_path, save):
    save({"weight": Harmful(tmp_path / "harm")}, tmp_path / "a.pt")
    with pytest.raises(FileFormatError):
        read_tensor_file(tmp_path / "a.pt")
    assert not (tmp_path / "harm").exists()


def test_a_whole_module_is_refused_by_name(tmp_path):
    torch.save(nn.Linear(2, 1), tmp_path / "a.pt")
    with pytest.raises(FileFormatError, match=r"Linear.*torch\.save\(model\.state_dict\(\), path\)"):  # fmt: skip
        read_tensor_file(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("../outside.safetensors", "must name safetensors files beside itself"),
        ("/etc/passwd", "must name safetensors files beside itself"),
        ("harmful.pt", "must name safetensors files beside itself"),
        ("missing.safetensors", "that it names is missing"),
        ("1.safetensors", "not a readable safetensors file"),
    ],
)
def test_an_index_leads_nowhere_else(tmp_path, place, said):
    folder = tmp_path / "inside"
    folder.mkdir()
    save_file({"fc.weight": torch.ones(1)}, tmp_path / "outside.safetensors")
    sharded(folder, {"fc.weight": place})
    with pytest.raises(FileFormatError, match=said):
        read_tensor_file(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.safetensors", b"", "not a readable safetensors file"),
        ("a.safetensors", b"\xff" * 100, "not a readable safetensors file"),
        ("a.pt", b"", "nor a readable file of torch.save"),
        ("a.pt", b"hello", "nor a readable file of torch.save"),
        ("a.json", b"[]", "no index of weights"),
        ("a.json", b'{"weight_map": {"a": 1}}', "no index of weights"),
        ("a.json", b"{", "not valid JSON"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=said):
        read_tensor_file(tmp_path / name)


@pytest.mark.parametrize("content", [{}, {"epoch": 1}, [1, 2], torch.ones(2)])
def test_a_file_without_named_tensors_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(FileFormatError, match="holds no tensors under names"):
        read_tensor_file(tmp_path / "a.pt")


def test_a_truncated_file_is_refused(tmp_path):
    save_file(TENSORS, tmp_path / "a.safetensors")
    whole = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(whole[:-1])
    with pytest.raises(FileFormatError, match="truncated"):
        read_tensor_file(tmp_path / "a.safetensors")


def test_a_folder_without_weights_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="is a folder without"):
        read_tensor_file(tmp_path)


def test_a_dictionary_that_contains_itself_ends(tmp_path):
    endless = {"loss": 1.0}
    endless["model"] = endless
    torch.save(endless, tmp_path / "a.pt")
    with pytest.raises(FileFormatError, match="holds no tensors"):
        read_tensor_file(tmp_path / "a.pt")
