"""Compiled training: the same training, names and checkpoints; a clear sentence without a compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import sparsetopo.training
from sparsetopo.errors import ConfigurationError
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.compilation import compiled_forward
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train

LABELS = ("stripes", "small", 0)
# 37 images: four batches of 8 that run compiled and one of 5 that does not.
RECIPE = Recipe(epochs=3, batch_size=8, learning_rate=0.05, augmentation="crop-flip")


def trained(make_network, dataset, mask, **arguments):
    model = make_network()
    result = train(model, dataset, RECIPE, order_labels=LABELS, mask=mask, **arguments)
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}, result


@pytest.mark.slow
def test_compiled_training_is_the_same_training(make_network, tiny_dataset, half_mask):
    plain, expected = trained(make_network, tiny_dataset, half_mask)
    runs = [
        trained(make_network, tiny_dataset, half_mask, arithmetic=Arithmetic(compile=True))
        for _ in range(2)
    ]
    for weights, result in runs:
        assert list(weights) == list(plain)
        for name, mask in half_mask.items():
            assert np.all(weights[name].numpy()[~mask] == 0)
        for name, tensor in plain.items():
            assert torch.allclose(weights[name], tensor, rtol=1e-3, atol=1e-5), name
        losses = [[record["loss"] for record in one.history] for one in (result, expected)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert all(torch.equal(runs[0][0][name], runs[1][0][name]) for name in plain)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_compiled_run_is_resumed_bit_for_bit(make_network, tiny_dataset, tmp_path, precision):
    def stop(progress):
        raise KeyboardInterrupt

    arguments = {"arithmetic": Arithmetic(precision=precision, compile=True)}
    expected, expected_result = trained(make_network, tiny_dataset, None, **arguments)
    arguments["checkpoint"] = tmp_path / "checkpoint.safetensors"
    with pytest.raises(KeyboardInterrupt):
        trained(make_network, tiny_dataset, None, progress=stop, **arguments)
    epochs = []
    resumed, result = trained(
        make_network,
        tiny_dataset,
        None,
        progress=lambda progress: epochs.append(progress.epoch),
        **arguments,
    )
    assert epochs == [2, 3]
    assert result == expected_result
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)


@pytest.mark.slow
def test_the_model_runs_compiled_code(make_network):
    model = make_network()
    images = torch.randn(8, 2, 6, 6)
    counters = torch._dynamo.utils.counters
    counters.clear()
    with compiled_forward(model, True) as forward:
        logits = forward(images)
        assert counters["stats"]["unique_graphs"] == 1
        assert torch.allclose(logits, model(images), atol=1e-5)
    with compiled_forward(model, False) as forward:
        assert forward is model


_WITHOUT_COMPILER = """
import numpy as np, torch
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train
part = np.zeros((8, 1, 4, 4), np.uint8), np.arange(8) % 2
part[0][::2] = 9
model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
recipe = Recipe(epochs=1, batch_size=8, learning_rate=0.1)
try:
    train(model, PreparedDataset.from_arrays("two", part, part, 2), recipe,
          order_labels=("two", "linear", 0), arithmetic=Arithmetic(compile=True))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
def test_without_a_compiler_the_setting_is_named(tmp_path):
    library = Path(sparsetopo.training.__file__).parents[2]
    environment = {"CXX": "/no/compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    process = subprocess.run(
        [sys.executable, "-c", _WITHOUT_COMPILER],
        env=os.environ | environment | {"PYTHONPATH": str(library)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert process.stdout.startswith(
        f"{ConfigurationError.__name__} compute.compile: is true, but torch cannot compile the "
        f"network (InvalidCxxCompiler: No working C++ compiler"
    )
    assert process.stdout.count("\n") == 1


def test_an_exception_of_the_network_itself_passes_as_it_is(make_network):
    with pytest.raises(ZeroDivisionError), compiled_forward(make_network(), True):
        raise ZeroDivisionError
