"""Resumed runs end bit-identical to uninterrupted ones; foreign checkpoints are ignored."""

import dataclasses
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import sparsetopo.datasets
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

LABELS = ("stripes", "small", 0)
RECIPE = Recipe(
    epochs=4, batch_size=8, learning_rate=0.05, milestones=(3,), augmentation="crop-flip"
)


class KilledError(Exception):
    """Stands for the end of the process."""


class Watch:
    """Progress callback: remembers the epochs told; raises after one of them."""

    def __init__(self, kill_after=None):
        self.epochs = []
        self.kill_after = kill_after

    def __call__(self, progress):
        self.epochs.append(progress.epoch)
        if progress.epoch == self.kill_after:
            raise KilledError


def same_weights(one, other):
    one, other = one.state_dict(), other.state_dict()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def run(make_network, tiny_dataset, half_mask, tmp_path):
    """Train from the initial weights with a checkpoint file: (model, result, epochs run)."""

    def start(*, seed=0, kill_after=None, path=tmp_path / "checkpoint.safetensors", **changes):
        model, watch = make_network(seed), Watch(kill_after)
        arguments = {
            "dataset": tiny_dataset,
            "recipe": RECIPE,
            "order_labels": LABELS,
            "mask": half_mask,
        }
        try:
            result = train(model, **(arguments | changes), checkpoint=path, progress=watch)
        except KilledError:
            result = None
        return model, result, watch.epochs

    return start


@pytest.mark.parametrize("kill_after", [1, 2, 3])
def test_a_resumed_run_is_bit_identical(run, kill_after):
    expected, expected_result, epochs = run(path=None)
    assert epochs == [1, 2, 3, 4]
    assert run(kill_after=kill_after)[2] == list(range(1, kill_after + 1))
    resumed, result, epochs = run()
    assert epochs == list(range(kill_after + 1, 5))
    assert same_weights(resumed, expected)
    assert result == expected_result


def test_a_run_killed_after_every_epoch_is_bit_identical(run):
    expected, expected_result, _ = run(path=None)
    for epoch in (1, 2, 3, 4):
        assert run(kill_after=epoch)[2] == [epoch]
    resumed, result, epochs = run()
    assert epochs == []
    assert same_weights(resumed, expected)
    assert result == expected_result


def test_a_diverged_run_is_not_run_again(run):
    recipe = Recipe(epochs=5, batch_size=8, learning_rate=1e30)
    _, first, epochs = run(recipe=recipe, mask=None)
    assert first.status == "diverged"
    assert epochs[-1] < 5
    _, again, epochs = run(recipe=recipe, mask=None)
    assert epochs == []
    assert again == first


def other_data(dataset):
    images = dataset.train_images.copy()
    images[0, 0, 0, 0] ^= 1
    return dataclasses.replace(dataset, train_images=images)


@pytest.mark.parametrize(
    "what", ["recipe", "labels", "mask", "dense", "weights", "data", "precision"]
)
def test_a_checkpoint_of_another_run_is_ignored(run, what, tiny_dataset, half_mask, caplog):
    run(kill_after=2)
    changes = {
        "recipe": {"recipe": dataclasses.replace(RECIPE, learning_rate=0.06)},
        "labels": {"order_labels": ("stripes", "small", 1)},
        "mask": {"mask": half_mask | {"3.weight": ~half_mask["3.weight"]}},
        "dense": {"mask": None},
        "weights": {"seed": 1},
        "data": {"dataset": other_data(tiny_dataset)},
        "precision": {"arithmetic": Arithmetic(precision="bfloat16")},
    }[what]
    expected, expected_result, _ = run(path=None, **changes)
    with caplog.at_level(logging.WARNING):
        model, result, epochs = run(**changes)
    assert epochs == [1, 2, 3, 4]
    assert "belongs to another run and is ignored" in caplog.text
    assert same_weights(model, expected)
    assert result == expected_result


def truncate(path):
    path.write_bytes(path.read_bytes()[:-20])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def replace_by_other_tensors(path):
    arrays, _ = read_tensors(path)
    write_tensors(path, arrays, {"kind": "mask"})


@pytest.mark.parametrize(
    ("damage", "warning"),
    [
        (truncate, "truncated or foreign"),
        (flip_a_bit, "is damaged and is ignored"),
        (replace_by_other_tensors, "belongs to another run"),
        (lambda path: path.write_bytes(b""), "truncated or foreign"),
    ],
)
def test_an_unusable_checkpoint_is_ignored(run, damage, warning, tmp_path, caplog):
    expected, _, _ = run(path=None)
    run(kill_after=2)
    damage(tmp_path / "checkpoint.safetensors")
    with caplog.at_level(logging.WARNING):
        model, _, epochs = run()
    assert epochs == [1, 2, 3, 4]
    assert warning in caplog.text
    assert same_weights(model, expected)


# Run as a process of its own, which kills itself with SIGKILL after the second epoch. It also says
# which heavy modules a training process has imported.
_PROCESS = """
import os, signal, sys
from pathlib import Path
import torch
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train
torch.set_num_threads(1)
folder = Path(sys.argv[1])
model = torch.nn.Sequential(
    torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
    torch.nn.Flatten(), torch.nn.Linear(144, 3),
)
model.load_state_dict(torch.load(folder / "initial.pt", weights_only=True))
def progress(epoch):
    if epoch.epoch == 2:
        heavy = {"torch._dynamo", "torch._inductor", "torchvision", "sklearn", "pandas", "scipy"}
        (folder / "imported.txt").write_text(" ".join(sorted(heavy & set(sys.modules))))
        os.kill(os.getpid(), signal.SIGKILL)
recipe = Recipe(epochs=4, batch_size=8, learning_rate=0.05, milestones=(3,))
train(
    model, PreparedDataset.load(folder / "data.safetensors"), recipe,
    order_labels=("stripes", "small", 0), checkpoint=folder / "checkpoint.safetensors",
    progress=progress,
)
"""


def test_a_process_killed_with_sigkill_is_resumed(tiny_dataset, tmp_path):
    tiny_dataset.save(tmp_path / "data.safetensors", {})

    def network():
        return nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(144, 3),
        )

    expected, resumed = network(), network()
    torch.save(expected.state_dict(), tmp_path / "initial.pt")
    resumed.load_state_dict(expected.state_dict())
    library = Path(sparsetopo.datasets.__file__).parents[2]
    process = subprocess.run(
        [sys.executable, "-c", _PROCESS, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(library)},
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "imported.txt").read_text() == ""

    recipe = Recipe(epochs=4, batch_size=8, learning_rate=0.05, milestones=(3,))
    dataset = PreparedDataset.load(tmp_path / "data.safetensors")
    watch = Watch()
    result = train(
        resumed,
        dataset,
        recipe,
        order_labels=LABELS,
        checkpoint=tmp_path / "checkpoint.safetensors",
        progress=watch,
    )
    assert watch.epochs == [3, 4]
    assert result == train(expected, dataset, recipe, order_labels=LABELS)
    assert same_weights(resumed, expected)
