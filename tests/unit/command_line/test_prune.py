"""``sparsetopo prune``: the library's masks in files, from data of every kind, or nothing at all."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from tests.unit.command_line.conftest import WORDS

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.command_line import parameters
from sparsetopo.command_line.prune import prune as prune_command
from sparsetopo.commands.image_data import read_data
from sparsetopo.datasets import prepare
from sparsetopo.pruning import run
from sparsetopo.pruning.registry import ALGORITHMS, needs

PRUNE = ("prune", *WORDS, "--weights", "weights.pt", "--format", "json")


@pytest.fixture
def images(folder):
    """Normalised images and labels, which lie in images.npz and images.safetensors."""
    random = np.random.default_rng(3)
    arrays = {
        "images": random.standard_normal((30, 1, 4, 4)).astype(np.float32),
        "labels": np.arange(30) % 3,
    }
    np.savez(folder / "images.npz", **arrays)
    save_file(arrays, folder / "images.safetensors")
    return torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_masks_are_those_of_the_library(command, model, images, tmp_path, algorithm):
    data = ("--data", "images.npz") if needs(algorithm) == "data" else ()
    small = ("--algorithm-option", "iterations=3") if algorithm == "synflow" else ()
    ended = command(*PRUNE, "-a", algorithm, "--sparsity", "0.60", "--seed", 7, "-o", tmp_path / "mask.safetensors",
                    *data, *small)  # fmt: skip
    assert ended.status == 0, ended.err
    expected = st.prune(
        model,
        algorithm,
        "0.60",
        images if data else None,
        7,
        input_shape=None if data else (1, 4, 4),
        **({"iterations": 3} if small else {}),
    )
    written = st.Mask.load(tmp_path / "mask.safetensors")
    assert written == expected
    assert written.record() == expected.record()
    (row,) = json.loads(ended.out)
    assert (row["kept"], row["sparsity"], row["seed"]) == (expected.kept, "0.60", 7)
    assert row["mask_file"] == str(tmp_path / "mask.safetensors")


def test_several_sparsities_follow_from_one_scoring(command, model, images, tmp_path, monkeypatch):
    scored = []
    score = run.score
    monkeypatch.setattr(run, "score", lambda *a, **k: scored.append(a) or score(*a, **k))
    words = ("--sparsity", "0.5", "--sparsity", "0.9", "--data", "images.safetensors")
    ended = command(*PRUNE, "-a", "snip", *words, "-o", tmp_path / "masks")
    assert len(scored) == 1
    monkeypatch.undo()
    files = [row["mask_file"] for row in json.loads(ended.out)]
    assert files == [
        str(tmp_path / "masks" / f"command_line_networks-small_snip_{sparsity}_0.safetensors")
        for sparsity in ("0.5", "0.9")
    ]
    for file, sparsity in zip(files, ("0.5", "0.9"), strict=True):
        assert st.Mask.load(file) == st.prune(model, "snip", sparsity, images)


def test_other_commands_read_what_was_written(command, model, tmp_path):
    written = command(*PRUNE, "-a", "erk", "--sparsity", "0.8", "-o", f"{tmp_path}/")
    (row,) = json.loads(written.out)
    words = ("--mask", row["mask_file"], "--metrics", "n1", "--format", "json")
    (measured,) = json.loads(command("measure", *WORDS, "--weights", "weights.pt", *words).out)
    assert measured["achieved_sparsity"] == pytest.approx(row["achieved_sparsity"])


def test_input_and_classes_are_those_of_the_data(tmp_path):
    (row,) = commands.prune("Resnet-20", "snip", 0.9, "digits", tmp_path / "mask.safetensors")
    digits = prepare("digits")
    images = torch.from_numpy(digits.normalised("train"))
    built = commands.building.built("Resnet-20", input_shape=(1, 8, 8), classes=10)[1]
    expected = st.prune(built, "snip", 0.9, (images, torch.from_numpy(digits.train_labels)))
    assert st.Mask.load(row["mask_file"]) == expected


def test_prepared_and_raw_images_are_normalised(tmp_path):
    digits = prepare("digits")
    digits.save(tmp_path / "digits.safetensors", {})
    np.savez(
        tmp_path / "raw.npz",
        train_x=digits.train_images, train_y=digits.train_labels, test_x=digits.test_images, test_y=digits.test_labels,
    )  # fmt: skip
    some = np.array([3, 5, 8])
    for name in ("digits.safetensors", "raw.npz"):
        read = read_data(tmp_path / name)
        assert read.classes == 10
        assert np.array_equal(read.images.sample(some), digits.normalised("train")[some])


def test_shuffled_weights_are_a_control(model, tmp_path):
    how = {"input_shape": (1, 4, 4), "output": tmp_path / "mask.safetensors"}
    commands.prune(model, "erk", 0.5, algorithm_options={"shuffle": "layer"}, **how)
    expected = st.prune(model, "erk", 0.5, input_shape=(1, 4, 4), shuffle="layer")
    assert st.Mask.load(tmp_path / "mask.safetensors") == expected


def test_a_file_is_replaced_only_if_that_is_asked_for(command, model, tmp_path):
    words = (*PRUNE, "-a", "uniform", "-o", tmp_path / "mask.safetensors", "--sparsity")
    assert command(*words, "0.5").status == 0
    before = (tmp_path / "mask.safetensors").read_bytes()
    refused = command(*words, "0.9")
    assert refused.status == 2
    assert "exists already" in refused.err
    assert (tmp_path / "mask.safetensors").read_bytes() == before
    assert command(*words, "0.9", "--force").status == 0
    assert st.Mask.load(tmp_path / "mask.safetensors").sparsity == "0.9"


def test_all_masks_are_written_or_none(model, tmp_path, monkeypatch):
    save = st.Mask.save

    def full(mask, path, specification=None):
        if mask.sparsity == "0.9":
            raise OSError(28, "No space left on device", str(path))
        save(mask, path, specification)

    monkeypatch.setattr(st.Mask, "save", full)
    with pytest.raises(OSError, match="No space left"):
        commands.prune(model, "erk", ["0.5", "0.9"], output=tmp_path, input_shape=(1, 4, 4))
    assert list(tmp_path.iterdir()) == []


SNIP = (*PRUNE, "-a", "snip", "--sparsity", "0.5")
ERK = (*PRUNE, "-a", "erk")
REFUSED = [
    (PRUNE, 2, "Missing option"),
    ((*PRUNE, "-a", "snap", "--sparsity", "0.5"), 2, "did you mean 'snip'?"),
    (SNIP, 2, "snip needs training images"),
    ((*ERK, "--sparsity", "1.5"), 2, "between 0 and 1"),
    ((*ERK, "--sparsity", "half"), 2, "between 0 and 1"),
    ((*ERK, "--sparsity", "0.5", "--sparsity", "0.50"), 2, "more than once"),
    ((*SNIP, "--data", "images.npz", "--algorithm-option", "batchsize=3"), 2, "did you mean 'batch_size'?"),
    ((*SNIP, "--data", "images.npz", "--algorithm-option", "batch_size=0"), 2, "batch_size"),
    ((*SNIP, "--data", "images.npz", "--algorithm-option", "shuffle=all"), 2, "must be none or layer"),
    ((*SNIP, "--data", "images.npz", "--algorithm-option", "batch_size"), 2, "--algorithm-option is"),
    ((*SNIP, "--data", "didgits"), 2, "did you mean 'digits'?"),
    ((*SNIP, "--data", "nowhere.npz"), 1, "there is no such file"),
    ((*SNIP, "--data", "weights.pt"), 2, "read from .npz and .safetensors"),
    ((*SNIP, "--data", "pickled.npz"), 1, "not a readable .npz file of plain arrays"),
    ((*SNIP, "--data", "damaged.npz"), 1, "not a readable .npz file"),
    ((*SNIP, "--data", "unnamed.npz"), 1, "has no array 'images'"),
    ((*SNIP, "--data", "bytes.npz"), 1, "images must be a float tensor"),
    ((*SNIP, "--data", "large.npz"), 2, "the input shape is (1, 4, 4)"),
    ((*SNIP, "--data", "many.npz"), 2, "has the label 9"),
    ((*SNIP, "--data", "images.npz", "--data-folder", "data"), 2, "goes with a data set of ours"),
    ((*SNIP, "--data", "digits", "--data-option", "test_share=0.1"), 2, "unknown option of data set digits"),
    ((*SNIP, "--data", "image-folder"), 2, "is required and missing"),
    ((*ERK, "--sparsity", "0.5", "-o", "masks.pt"), 2, "mask files are called *.safetensors"),
    ((*ERK, "--sparsity", "0.5", "--sparsity", "0.6", "-o", "m.safetensors"), 2, "is one file, but 2 masks"),
    (("prune", "Resnet-20", "-a", "erk", "--sparsity", "0.5"), 2, "does not say what inputs"),
]  # fmt: skip


@pytest.mark.usefixtures("model", "images")
@pytest.mark.parametrize(("words", "status", "said"), REFUSED)
def test_nothing_is_written_where_it_fails(command, folder, words, status, said):
    random = np.random.default_rng(0)
    float_images = random.random((20, 1, 4, 4)).astype(np.float32)
    labels = np.arange(20) % 3
    np.savez(folder / "pickled.npz", images=float_images, labels=np.array([None, 1], dtype=object))
    (folder / "damaged.npz").write_bytes((folder / "images.npz").read_bytes()[:200])
    np.savez(folder / "unnamed.npz", x=float_images, labels=labels)
    np.savez(folder / "bytes.npz", images=float_images.astype(np.uint8), labels=labels)
    np.savez(folder / "large.npz", images=float_images.repeat(2, axis=3), labels=labels)
    np.savez(folder / "many.npz", images=float_images, labels=labels + 7)
    before = set(folder.iterdir())
    ended = command(*words)
    assert ended.status == status, ended.err
    assert said in ended.err.splitlines()[-1]
    assert ended.out == ""
    assert set(folder.iterdir()) == before


def test_the_help_names_the_algorithms_and_data_sets():
    shown = prune_command.__annotations__["algorithm"].__metadata__[0].help
    assert set(shown.replace(" or ", ", ").rstrip(".").split(", ")) == set(ALGORITHMS)
    assert "digits, CIFAR-10, CIFAR-100, Tiny-ImageNet" in parameters.Data.__metadata__[0].help


def test_a_mask_is_no_start():
    from sparsetopo.errors import UsageError

    with pytest.raises(UsageError, match="leave the mask out"):
        commands.prune("Resnet-20", "erk", 0.5, mask="mask.pt")
