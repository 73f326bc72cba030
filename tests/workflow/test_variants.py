"""Names defined in the configuration, end to end: a user's own arrays, and controls of a mask."""

import json

import numpy as np
import pytest

from sparsetopo.files import read_metadata
from sparsetopo.pruning.mask import Mask

pytestmark = pytest.mark.middle


@pytest.fixture
def own_arrays(study):
    """The study on arrays of the user's own: striped images, 40 to train on and 20 to test."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 40), ("test", 20)):
        labels = np.arange(count) % 4
        images = random.integers(0, 120, (count, 8, 8, 3), dtype=np.uint8)
        images[np.arange(count), 2 * labels] += 100
        arrays |= {f"{part}_x": images, f"{part}_y": labels}
    np.savez(study.folder / "stripes.npz", **arrays)
    study.values["datasets"] = {"stripes": {"from": "npz", "file": "stripes.npz"}}
    study.values["grid"] |= {"datasets": ["stripes"], "sparsities": ["0.9"]}
    study.values["training"] = {"stripes": study.values["training"]["digits"]}
    return study


def test_controls_stand_beside_the_algorithm_they_control(own_arrays):
    study = own_arrays
    study.values["pruning"] = {
        "snip-shuffled": {"from": "snip", "shuffle": "layer"},
        "snip-redrawn": {"from": "snip", "train_weights": "redrawn"},
    }
    study.values["grid"]["algorithms"] = ["snip", "snip-shuffled", "snip-redrawn"]
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    folder = study.results / "masks/stripes/Resnet-20"
    masks = {
        name: Mask.load(folder / name / "0.9/seed-0.safetensors")
        for name in study.values["grid"]["algorithms"]
    }
    assert masks["snip-redrawn"] == masks["snip"]
    assert masks["snip-shuffled"] != masks["snip"]
    assert masks["snip-shuffled"].layer_kept == masks["snip"].layer_kept
    trained = {
        name: (study.results / f"trained/stripes/Resnet-20/{name}/0.9/seed-0.safetensors")
        for name in masks
    }
    assert read_metadata(trained["snip-redrawn"])["specification"]["train_weights"] == "redrawn"
    weights = {name: path.read_bytes() for name, path in trained.items()}
    assert len(set(weights.values())) == 3
    rows = (study.results / "tables/networks.csv").read_text().splitlines()
    assert len(rows) == 4
    assert sum(",snip-shuffled," in row for row in rows) == 1


def test_an_edited_file_of_arrays_is_prepared_again(own_arrays):
    study = own_arrays
    assert study.run("all_data").returncode == 0
    assert "data" not in study.jobs()
    arrays = dict(np.load(study.folder / "stripes.npz"))
    arrays["train_x"] = 255 - arrays["train_x"]
    np.savez(study.folder / "stripes.npz", **arrays)
    assert study.jobs()["data"] == 1


def test_a_missing_file_is_named_and_the_rest_goes_on(own_arrays):
    study = own_arrays
    (study.folder / "stripes.npz").unlink()
    study.values["grid"]["datasets"] = ["stripes", "digits"]
    study.values["training"]["digits"] = study.values["training"]["stripes"]
    done = study.run("all_data")
    assert done.returncode != 0
    assert "stripes.npz" in done.stdout + done.stderr
    assert (study.results / "data/digits.safetensors").exists()


def test_scores_serve_every_sparsity(finished_study):
    (scores,) = finished_study.results.glob("scores/**/*.safetensors")
    assert scores.relative_to(finished_study.results).as_posix() == (
        "scores/digits/Resnet-20/snip/seed-0.safetensors"
    )
    before = finished_study.values
    try:
        finished_study.values = before | {
            "grid": before["grid"] | {"sparsities": ["0.9", "0.98", "0.5"]}
        }
        jobs = finished_study.jobs()
        assert "score" not in jobs
        assert jobs["prune"] == 2  # snip and uniform at 0.5
        finished_study.values = before | {"pruning": {"snip": {"batch_size": 64}}}
        assert (finished_study.jobs()["score"], finished_study.jobs()["prune"]) == (1, 2)
    finally:
        finished_study.values = before


@pytest.mark.middle
def test_a_study_without_training(study):
    """Accuracies are the paper's; images are random, for nothing here is about accuracy."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 300), ("test", 20)):
        arrays[f"{part}_x"] = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        arrays[f"{part}_y"] = np.arange(count) % 10
    np.savez(study.folder / "noise.npz", **arrays)
    study.values = {
        "study": "untrained",
        "accuracies": "published",
        "datasets": {"CIFAR-10": {"from": "npz", "file": "noise.npz"}},
        "grid": {
            "algorithms": ["snip", "erk"],
            "datasets": ["CIFAR-10"],
            "architectures": ["Resnet-20"],
            "sparsities": ["0.95", "0.98"],
            "seeds": [0],
        },
        "topometrics": {"weights": "initial", "metrics": ["n1", "strength", "components"]},
        "analysis": {"repeats": 2},
    }
    jobs = study.jobs()
    assert not {"train", "dense"} & set(jobs)
    done = study.run()
    assert done.returncode == 0, done.stdout + done.stderr
    table = (study.results / "tables/networks.csv").read_text()
    assert table.count("published mean") == 4
    (snip,) = [row for row in table.splitlines() if ",snip,0.98," in row]
    assert ",0.759," in snip  # table 8 of the paper
    index = (study.results / "index.html").read_text()
    assert "published" in index
    (measured,) = study.results.glob("topometrics/**/snip/0.98/*.json")
    assert json.loads(measured.read_text())["topometrics"]["strength"] > 0
