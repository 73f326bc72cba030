"""The configuration: what is accepted, and that every fault is named with its path, all at once."""

import json
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from sparsetopo.config import Specifications, cells, load_configuration
from sparsetopo.config.layout import BASELINE, paths_of
from sparsetopo.config.schema import Configuration, canonical_sparsity
from sparsetopo.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
CONFIGURATIONS = sorted((ROOT / "config").glob("*.yaml"))


@pytest.fixture
def values():
    return yaml.safe_load((ROOT / "config/tiny.yaml").read_text())


def problems(values):
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(values)
    return caught.value.problems


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_shipped_configurations_are_valid(path):
    assert load_configuration(yaml.safe_load(path.read_text())).study


def test_the_default_grid_is_the_documented_one():
    configuration = load_configuration(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    grid = list(cells(configuration))
    assert len(grid) == len(set(grid)) == 70
    assert sum(cell.sparsity == "0.95" for cell in grid) == 14
    assert {cell.architecture for cell in grid} == {"Resnet-20"}
    assert len(paths_of(BASELINE, grid)) == 2


@pytest.mark.parametrize("name", ["paper", "paper-accuracies"])
def test_the_papers_grid_has_1260_networks_and_36_baselines(name):
    configuration = load_configuration(yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    grid = list(cells(configuration))
    assert len(grid) == len(set(grid)) == 1260
    assert len(paths_of(BASELINE, grid)) == 36
    assert {cell.sparsity for cell in grid} == {"0.6", "0.8", "0.9", "0.95", "0.98"}


def test_the_papers_recipe():
    values = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    specifications = Specifications(load_configuration(values))
    cifar = specifications.dense("CIFAR-100", "Resnet-32", 0)["recipe"]
    tiny = specifications.dense("Tiny-ImageNet", "Wide-Resnet-28-2", 0)["recipe"]
    assert (cifar["epochs"], cifar["milestones"]) == (160, [80, 120])
    assert (tiny["epochs"], tiny["milestones"]) == (100, [30, 60, 80])
    for recipe in (cifar, tiny):
        assert recipe["batch_size"] == 128
        assert (recipe["learning_rate"], recipe["decay_factor"]) == (0.1, 10)
        assert (recipe["momentum"], recipe["augmentation"]) == (0.9, "crop-flip")
    assert (cifar["weight_decay"], tiny["weight_decay"]) == (1e-4, 5e-4)


def test_the_schema_file_is_in_sync():
    recorded = json.loads((ROOT / "config/schema.json").read_text())
    assert recorded == Configuration.model_json_schema(), (
        "config/schema.json is stale: run `python -m sparsetopo.config > config/schema.json`"
    )


def test_every_field_is_described():
    schema = Configuration.model_json_schema()
    sections = [schema, *schema["$defs"].values()]
    fields = [
        (name, field)
        for section in sections
        for name, field in section.get("properties", {}).items()
    ]
    assert len(fields) > 25
    assert not [name for name, field in fields if not field.get("description")]


@pytest.mark.parametrize(
    ("given", "spelt"),
    [(0.9, "0.9"), ("0.90", "0.9"), (".98", "0.98"), (1e-3, "0.001"), (" 0.5 ", "0.5")],
)
def test_a_sparsity_has_one_spelling(given, spelt):
    assert canonical_sparsity(given) == spelt


@pytest.mark.parametrize("given", [0, 1, 1.5, -0.1, "high", True, None, float("nan"), "inf"])
def test_a_sparsity_outside_0_and_1_is_refused(values, given):
    values["grid"]["sparsities"] = [given]
    (problem,) = problems(values)
    assert problem.startswith("grid.sparsities.0: must be")
    assert "between 0 and 1" in problem


def test_all_problems_are_listed_at_once_each_with_its_path(values):
    values["grid"]["algorithms"] = ["snip", "magic"]
    values["grid"]["seeds"] = []
    values["grid"]["sparsities"] = ["0.9", "0.90"]
    values["training"]["digits"]["epochs"] = 0
    values["training"]["digits"]["epoch"] = 3
    values["pruning"] = {"synflow": {"rounds": 3, "iterations": "many"}}
    values["colour"] = "red"
    found = problems(values)
    for path, words in [
        (
            "grid.algorithms.1",
            "unknown algorithm 'magic'; known: er, erk, grasp, prospr, snip, synflow, uniform",
        ),
        ("grid.seeds", "is empty"),
        ("grid.sparsities", "more than once"),
        ("training.digits.epochs", "greater than or equal to 1"),
        ("training.digits.epoch", "unknown key; known keys here: epochs"),
        ("pruning.synflow.rounds", "no such option"),
        ("pruning.synflow.iterations", "integer"),
        ("colour", "unknown key; known keys here: study, grid"),
    ]:
        assert any(problem.startswith(f"{path}: ") and words in problem for problem in found), (
            path,
            found,
        )
    assert len(found) == 8
    assert all("\n" not in problem for problem in found)


@pytest.mark.parametrize(
    ("section", "value", "words"),
    [
        (("grid", "datasets"), ["mnist"], "unknown data set 'mnist'; known: "),
        (("grid", "architectures"), ["VGG"], "unknown architecture 'VGG'; known: "),
        (("topometrics",), {"metrics": ["beauty"]}, "unknown topometric 'beauty'; known: "),
        (
            ("topometrics",),
            {"metrics": "paths"},
            "topometrics.metrics: must be paper or all, or a list of topometrics",
        ),
        (("training",), {}, "training.digits: is missing"),
        (("study",), "../elsewhere", "study: "),
        (("grid", "seeds"), [0, "zero"], "grid.seeds.1: must be a whole number"),
        (("grid", "seeds"), [1.5], "grid.seeds.0: must be a whole number"),
        (("grid", "seeds"), [True], "grid.seeds.0: must be a whole number"),
        (("compute",), {"device": "tpu; rm -rf /"}, "compute.device: "),
        (("compute",), {"precision": "tf32"}, "compute.precision: is 'tf32', which only GPUs have"),
        (("keep",), {"weights": True}, "known keys here: trained_weights, dense_weights"),
        (("keep",), {"trained_weights": "never"}, "keep.trained_weights: "),
        (("resources",), {"sleep": {"mem_mb": 1}}, "resources.sleep: "),
        (("resources",), {"train": {"mem_mb": 0}}, "resources.train.mem_mb: "),
        (
            ("resources",),
            {"train": {"memory": 9}},
            "resources.train.memory: unknown key; known keys here: mem_mb, runtime",
        ),
        (("accuracies",), "published", "topometrics.weights: holds 'trained', but with accuracies"),
        (
            ("accuracies",),
            "published",
            "grid.datasets: 'digits' is not in the paper's tables",
        ),
        (("accuracies",), "guessed", "accuracies: "),
        (
            (),
            {"accuracies": "published", "grid": {"sparsities": 0.98}},
            "grid.sparsities: input should be a valid list",
        ),
        (
            (),
            {"accuracies": "published", "analysis": {"dense_reference": "same_seed"}},
            "analysis.dense_reference: is 'same_seed', but a published",
        ),
        (
            (),
            {"accuracies": "published", "pruning": {"snip": {"shuffle": "layer"}}},
            "pruning.snip: is a variant that the paper published no accuracy of",
        ),
        (("grid", "algorithms"), ["snip; ls"], "grid.algorithms.0: "),
    ],
)
def test_single_faults(values, section, value, words):
    place = values
    for key in section[:-1]:
        place = place[key]
    if section:
        place[section[-1]] = value
    else:
        place |= value
    assert any(words in problem for problem in problems(values))


def test_milestones_must_lie_within_the_epochs_also_for_one_architecture(values):
    values["training"]["digits"] |= {"epochs": 4, "milestones": [2, 9]}
    assert any(problem.startswith("training.digits: milestones") for problem in problems(values))
    values["training"]["digits"] |= {
        "milestones": [2],
        "architectures": {"Resnet-20": {"learning_rate": -1}},
    }
    assert any(
        problem.startswith("training.digits.architectures.Resnet-20: ")
        for problem in problems(values)
    )


def test_an_architecture_that_does_not_fit_the_images_is_refused_before_anything_runs(
    values, monkeypatch
):
    from sparsetopo.config import variants

    monkeypatch.setattr(
        variants, "literals", lambda path, names: {"INPUT_SHAPE": [1, 4, 4], "CLASSES": 10}
    )
    values["grid"]["architectures"] = ["Conv-6"]
    (problem,) = problems(values)
    assert problem.startswith("grid.architectures: on data set 'digits'")
    assert "Conv-6" in problem


def test_validation_leaves_its_input_alone(values):
    before = deepcopy(values)
    load_configuration(values)
    assert values == before
