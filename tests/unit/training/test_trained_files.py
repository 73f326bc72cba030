"""Files of trained networks: weights, results, and reading them without torch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import sparsetopo.training
from sparsetopo.errors import FileFormatError
from sparsetopo.files import write_json, write_tensors
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.result import TrainingResult
from sparsetopo.training.save import load_result, load_weights, save_result, save_weights
from sparsetopo.training.train import train

SPECIFICATION = {"stage": "train", "dataset": "stripes", "seed": 0, "recipe": {"epochs": 1}}


@pytest.fixture
def trained(make_network, tiny_dataset, half_mask):
    model = make_network()
    recipe = Recipe(epochs=1, batch_size=8, learning_rate=0.05)
    labels = ("stripes", "small", 0)
    return model, train(model, tiny_dataset, recipe, order_labels=labels, mask=half_mask)


def test_weights_come_back_bit_for_bit_and_load_into_a_model(trained, make_network, tmp_path):
    model, _ = trained
    save_weights(tmp_path / "weights.safetensors", model, SPECIFICATION)
    weights, specification = load_weights(tmp_path / "weights.safetensors")
    assert specification == SPECIFICATION
    for name, tensor in model.state_dict().items():
        assert np.array_equal(weights[name].reshape(tensor.shape), tensor.numpy())
    other = make_network(seed=1).to(memory_format=torch.channels_last)
    other.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    images = torch.randn(4, 2, 6, 6)
    assert torch.equal(other.eval()(images), model.eval()(images))


def test_prunable_weights_are_read_without_torch(trained, half_mask, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, trained[0], SPECIFICATION)
    code = (
        "import sys; from sparsetopo.training.save import load_weights, save_result;"
        "weights, _ = load_weights(sys.argv[1], ['3.weight', '0.weight']);"
        "assert 'torch' not in sys.modules;"
        "print({name: weight.shape for name, weight in weights.items()})"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=os.environ | {"PYTHONPATH": str(Path(sparsetopo.training.__file__).parents[2])},
        check=True,
        capture_output=True,
        text=True,
    )
    assert process.stdout.strip() == "{'3.weight': (6, 4, 1, 1), '0.weight': (4, 2, 3, 3)}"
    weights, _ = load_weights(path, half_mask)
    assert list(weights) == list(half_mask)
    assert all(np.all(weights[name][~mask] == 0) for name, mask in half_mask.items())


def test_weight_files_that_do_not_fit_are_refused(trained, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_weights(path, trained[0], SPECIFICATION)
    with pytest.raises(FileFormatError, match=r"no weights named fc\.weight"):
        load_weights(path, ["0.weight", "fc.weight"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match="truncated or foreign"):
        load_weights(path)
    write_tensors(path, {"a": np.zeros(2)}, {"kind": "mask"})
    with pytest.raises(FileFormatError, match="holds 'mask', not 'trained weights'"):
        load_weights(path)


def test_results_come_back_and_equal_runs_write_equal_bytes(trained, tmp_path):
    _, result = trained
    for name in ("one.json", "other.json"):
        save_result(tmp_path / name, result, SPECIFICATION)
    assert load_result(tmp_path / "one.json") == (result, SPECIFICATION)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()
    record = json.loads((tmp_path / "one.json").read_text())
    assert set(record) == {
        "status",
        "accuracy",
        "best_accuracy",
        "history",
        "specification",
        "package_version",
    }


def test_a_diverged_result_is_valid_json(tmp_path):
    epoch = {"epoch": 1, "learning_rate": 1e9, "loss": None, "test_loss": None, "accuracy": 0.0}
    result = TrainingResult("diverged", 0.0, 0.0, [epoch])
    save_result(tmp_path / "result.json", result, SPECIFICATION)
    assert load_result(tmp_path / "result.json")[0] == result


def test_foreign_results_are_refused(tmp_path):
    write_json(tmp_path / "other.json", {"accuracy": 0.5})
    with pytest.raises(FileFormatError, match="is not the result of a training run"):
        load_result(tmp_path / "other.json")
    with pytest.raises(FileFormatError, match="no such file"):
        load_result(tmp_path / "none.json")
