"""The check of a GPU (tests/benchmarks/gpu_check.py): it runs in miniature, and what is wrong fails it."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.benchmarks import gpu_check
from tests.benchmarks.gpu import inputs, learning, scoring, sharing, speed
from tests.benchmarks.gpu.sizes import FULL, MINIATURE
from tests.benchmarks.gpu.verdicts import FAILED, MEASURED, PASSED, Row, Table

from sparsetopo.errors import FileFormatError
from sparsetopo.pruning.selection import largest, number_kept
from sparsetopo.training.result import EpochProgress

ROOT = Path(__file__).parents[2]


def verdicts(rows):
    return [row.verdict for row in rows]


@pytest.mark.middle
def test_all_of_it_runs_in_miniature():
    command = [sys.executable, "-m", "tests.benchmarks.gpu_check", "--device", "cpu"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(f"| {PASSED} ")]
    assert len(rows) == 3 * len(scoring.TOLERANCES) - 1 + 4 + 2
    assert "FAIL: 0, measured: 7, skipped: 0" in done.stdout.splitlines()[-1]


@pytest.fixture
def scores():
    """Scores as Resnet-20 has them in number, with their masks, and how to make others of them."""
    random = np.random.default_rng(0)
    values = np.exp(2 * random.standard_normal(50_000)).astype(np.float32)

    def found(factor):
        changed = (values * factor).astype(np.float32)
        kept = {s: number_kept(len(values), float(s)) for s in scoring.SPARSITIES}
        masks = {s: largest({"": changed}, count)[""] for s, count in kept.items()}
        return {"scores": changed} | masks

    return found, random


def test_scores_pass_with_rounding_and_fail_with_mistakes(scores):
    found, random = scores
    right, tolerance = found(1.0), scoring.TOLERANCES["snip", "float32"]
    rounding = found(1 + 1e-3 * random.standard_normal(50_000))
    assert verdicts(scoring.compared("", right, rounding, tolerance)) == [PASSED] * 3
    one_layer = np.ones(50_000)
    one_layer[:5_000] = 1.5
    assert FAILED in verdicts(scoring.compared("", right, found(one_layer), tolerance))
    unrelated = found(random.permutation(right["scores"]) / right["scores"])
    loose = scoring.TOLERANCES["prospr", "float32"]
    assert verdicts(scoring.compared("", right, unrelated, loose)) == [MEASURED, FAILED, FAILED]


def test_scores_that_are_not_numbers_fail(scores):
    found, _ = scores
    nothing = found(1.0) | {"scores": np.full(50_000, np.nan)}
    tolerance = scoring.TOLERANCES["prospr", "float32"]
    assert verdicts(scoring.compared("", found(1.0), nothing, tolerance))[0] == FAILED


def test_float64_on_another_batch_fails():
    """The tolerance of float64 is one of rounding: a batch with one other image does not pass."""
    dataset, cpu = inputs.images(MINIATURE), torch.device("cpu")
    images = dataset.train_images.copy()
    images[0] = images[1]
    changed = dataclasses.replace(dataset, train_images=images)
    case = ("snip", "float64", MINIATURE)
    right, wrong = (scoring.scored(*case, part, cpu) for part in (dataset, changed))
    tolerance = scoring.TOLERANCES["snip", "float64"]
    assert verdicts(scoring.compared("", right, right, tolerance)) == [PASSED] * 3
    assert FAILED in verdicts(scoring.compared("", right, wrong, tolerance))


def runs(accuracies, loss=2.0):
    return learning.Runs({"dense": accuracies, "SNIP 0.9": accuracies}, {"dense": [2.0, loss]})


def test_training_that_is_worse_than_the_spread_over_seeds_fails():
    expected = runs([0.40, 0.42, 0.41, 0.43])
    # Four times the seeds' standard deviation 0.0129, which is above sqrt(p (1 - p) / 2000) = 0.0110, times sqrt(2 / 4).
    allowed = learning.allowed_difference(expected.accuracies, 2_000)
    assert allowed == pytest.approx(0.0365, abs=1e-4)
    near = learning.compared(expected, runs([0.41, 0.40, 0.43, 0.40]), 2_000)
    assert verdicts(near) == [PASSED] * 3
    far = learning.compared(expected, runs([0.36, 0.37, 0.37, 0.38]), 2_000)
    assert verdicts(far) == [PASSED, FAILED, FAILED]
    equal = learning.allowed_difference(runs([0.5, 0.5]).accuracies, 2_000)
    assert equal == pytest.approx(4 * np.sqrt(0.5 * 0.5 / 2_000))


@pytest.mark.parametrize("loss", [1.99, 2.01, float("inf"), float("nan")])
def test_another_loss_in_small_steps_fails(loss):
    accuracies = [0.40, 0.42, 0.41, 0.43]
    rows = learning.compared(runs(accuracies), runs(accuracies, loss), 2_000)
    assert verdicts(rows) == [FAILED, PASSED, PASSED]


def test_jobs_that_overlap_or_find_something_else_fail():
    alone = {"held": 0.0, "released": 5.0, "gpu": "GPU-a", "accuracy": 0.5, "digest": "d"}
    second = alone | {"held": 5.0, "released": 10.0}
    assert verdicts(sharing.judged(alone, [second, alone])) == [PASSED, PASSED]
    assert verdicts(sharing.judged(alone, [alone | {"released": 6.0}, second])) == [FAILED, PASSED]
    assert verdicts(sharing.judged(alone, [alone, second | {"gpu": "GPU-b"}])) == [FAILED, PASSED]
    assert verdicts(sharing.judged(alone, [alone, second | {"digest": "e"}])) == [PASSED, FAILED]


def test_a_speed_counts_only_with_the_loss_of_float32():
    epochs = [EpochProgress(1, 1, 2.4, None, 1_000.0)]
    assert speed.judged("", epochs, 2.3, 900.0, "faster").verdict == PASSED
    assert speed.judged("", epochs, 2.3, 1_100.0, "faster").verdict == FAILED
    assert speed.judged("", epochs, 2.3, 1_100.0, "").verdict == MEASURED
    assert speed.judged("", epochs, 2.0, 900.0, "").verdict == FAILED
    assert speed.judged("", epochs, float("nan"), 900.0, "").verdict == FAILED


def test_an_error_in_one_part_is_a_failure_of_that_part(capsys):
    def dies():
        yield Row(PASSED, "first", "")
        raise RuntimeError("no kernel image\nis available")

    table = Table()
    table.take("a part", dies())
    table.take("another", iter([Row(PASSED, "second", "")]))
    assert verdicts(table.rows) == [PASSED, FAILED, PASSED]
    assert table.end(limit=60) == 1
    assert "RuntimeError: no kernel image" in capsys.readouterr().out


def test_taking_too_long_is_a_failure():
    table = Table()
    assert table.end(limit=60) == 0
    assert table.end(limit=0) == 1


@pytest.fixture
def carried(tmp_path):
    """A file as `prepare` writes it, with invented expectations."""
    path = tmp_path / "inputs.safetensors"
    found = {"scores": np.ones(3), "0.9": np.ones(3, bool), "0.98": np.ones(3, bool)}
    invented = inputs.Inputs(inputs.images(MINIATURE), {"snip, float32": found}, runs([0.5, 0.6]))
    inputs.save(invented, MINIATURE, path)
    return path


def test_the_carried_file_is_read_as_it_was_written(carried):
    read = inputs.load(MINIATURE, carried)
    assert read.learning == runs([0.5, 0.6])
    assert read.dataset.mean == inputs.images(MINIATURE).mean
    assert np.array_equal(read.dataset.test_images, inputs.images(MINIATURE).test_images)
    assert list(read.scores) == ["snip, float32"]
    assert set(read.scores["snip, float32"]) == {"scores", *scoring.SPARSITIES}


def test_a_damaged_file_is_refused(carried):
    content = bytearray(carried.read_bytes())
    content[-1000] ^= 1
    carried.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"is damaged.*prepare"):
        inputs.load(MINIATURE, carried)


def test_a_file_for_other_seeds_or_data_is_refused(carried):
    with pytest.raises(FileFormatError, match=r"was prepared for size.*digits"):
        inputs.load(dataclasses.replace(MINIATURE, seeds=3), carried)


def test_without_the_carried_file_it_says_how_to_make_it(tmp_path):
    with pytest.raises(FileFormatError, match="no such file; prepare it with"):
        inputs.load(FULL, tmp_path / "nothing.safetensors")


def test_a_missing_package_is_named_in_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(gpu_check, "NEEDED", ("torch", "no_such_package"))
    assert gpu_check.main([]) == 1
    assert "needs no_such_package" in capsys.readouterr().out
