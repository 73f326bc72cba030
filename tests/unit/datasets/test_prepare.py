"""`prepare`: names that stand for a registry entry with options, and where downloaded files lie."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from torchvision.datasets import CIFAR10, CIFAR100

import sparsetopo.datasets
from sparsetopo import registry
from sparsetopo.config import load_configuration
from sparsetopo.datasets import DATASETS, DataFiles, prepare
from sparsetopo.datasets.entries import tiny_imagenet
from sparsetopo.errors import ConfigurationError, DataError, UnknownNameError

FILES_ENTRY = """
from sparsetopo.datasets.entries import digits
NAME = "remote"
VERSION = 1
NEEDS = "files"
OPTIONS = {"split_seed": {"type": "integer", "default": 3}}
SEEN = []

def prepare(files, split_seed):
    SEEN.append((files, split_seed))
    return digits.prepare(split_seed=split_seed)
"""


def test_a_name_stands_for_an_entry_with_options():
    own = prepare("my digits", {"test_fraction": 0.5}, source="digits")
    reference = prepare("digits", {"test_fraction": 0.5})
    assert (own.name, reference.name) == ("my digits", "digits")
    assert np.array_equal(own.test_images, reference.test_images)


def test_messages_speak_of_the_name_that_was_given():
    with pytest.raises(
        UnknownNameError, match=r"unknown data set 'mnist'; known: .*CIFAR-10, .*npz"
    ):
        prepare("mine", source="mnist")
    with pytest.raises(ConfigurationError, match="data set 'mine', option 'sise'"):
        prepare("mine", {"sise": 3}, source="digits")


@pytest.mark.parametrize(
    ("given", "seen"), [(None, DataFiles(Path("data"), True)), (DataFiles(Path("x"), False),) * 2]
)
def test_an_entry_that_needs_files_is_told_where_they_lie(tmp_path, monkeypatch, given, seen):
    (tmp_path / "remote_entry.py").write_text(FILES_ENTRY)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "remote_entry.py"
    options = registry.literals(path, {"OPTIONS"})["OPTIONS"]
    entry = registry.Entry("remote", "remote_entry", path, 1, options)
    monkeypatch.setitem(sparsetopo.datasets.DATASETS, "remote", entry)
    assert prepare("remote", files=given).name == "remote"
    assert entry.load().SEEN[-1] == (seen, 3)


def test_the_registered_data_sets():
    assert set(DATASETS) >= {
        "digits",
        "CIFAR-10",
        "CIFAR-100",
        "Tiny-ImageNet",
        "image-folder",
        "npz",
    }
    stated = {
        name: registry.literals(entry.path, {"INPUT_SHAPE", "CLASSES", "NEEDS"})
        for name, entry in DATASETS.items()
    }
    papers = {"CIFAR-10": 10, "CIFAR-100": 100, "Tiny-ImageNet": 200}
    for name, classes in papers.items():
        assert stated[name] == {"INPUT_SHAPE": [3, 32, 32], "CLASSES": classes, "NEEDS": "files"}
    assert stated["npz"] == stated["image-folder"] == {}
    assert DATASETS["npz"].required_options == ["file"]
    assert DATASETS["image-folder"].required_options == ["folder"]


PAGE = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text(encoding="utf-8")


def test_the_documentation_describes_every_option():
    for name, entry in DATASETS.items():
        assert f"`{name}`" in PAGE
        for option in entry.options:
            assert f"`{option}`" in PAGE


def test_the_configurations_of_the_documentation_are_valid():
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        load_configuration(yaml.safe_load(block))


def test_the_documentation_has_the_checksums_that_are_checked():
    for reader in (CIFAR10, CIFAR100):
        assert f"[`{reader.filename}`]({reader.url})" in PAGE
        assert f"`{reader.tgz_md5}`" in PAGE
        assert f"`{reader.base_folder}/`" in PAGE
    archive = tiny_imagenet._ARCHIVE
    assert f"[`{archive.filename}`]({archive.url})" in PAGE
    assert f"`{archive.md5}`" in PAGE


def test_a_stand_in_must_have_the_shape_and_classes_of_its_name(tmp_path):
    random = np.random.default_rng(0)

    def arrays(classes, size):
        labels = np.arange(2 * classes) % classes
        images = random.integers(0, 256, (len(labels), size, size, 3), dtype=np.uint8)
        path = tmp_path / f"{classes}-{size}.npz"
        np.savez(path, train_x=images, train_y=labels, test_x=images, test_y=labels)
        return {"file": str(path)}

    assert prepare("CIFAR-10", arrays(10, 32), source="npz").name == "CIFAR-10"
    with pytest.raises(DataError, match=r"'CIFAR-10' .* has classes: 7, but .* has 10; give it"):
        prepare("CIFAR-10", arrays(7, 32), source="npz")
    with pytest.raises(
        DataError, match=r"\[3, 40, 40\], but what is called 'CIFAR-10' has \[3, 32"
    ):
        prepare("CIFAR-10", arrays(10, 40), source="npz")
    assert prepare("mine", arrays(7, 40), source="npz").classes == 7
