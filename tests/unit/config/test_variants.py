"""Names that a configuration defines itself: a registry entry with options."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from sparsetopo.config import Specifications, cells, load_configuration
from sparsetopo.errors import ConfigurationError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def values():
    read = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    read["datasets"] = {"flowers": {"from": "npz", "file": "flowers.npz"}}
    read["pruning"] = {"snip-shuffled": {"from": "snip", "batch_size": 64, "shuffle": "layer"}}
    read["grid"]["datasets"] = ["flowers"]
    read["grid"]["algorithms"] = ["snip", "snip-shuffled"]
    read["training"] = {"flowers": read["training"]["digits"]}
    return read


def problems(values):
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(values)
    return caught.value.problems


def test_a_defined_name_stands_in_the_grid_like_any_other(values):
    configuration = load_configuration(values)
    assert {(cell.dataset, cell.algorithm) for cell in cells(configuration)} == {
        ("flowers", "snip"),
        ("flowers", "snip-shuffled"),
    }
    specifications = Specifications(configuration)
    data = specifications.data("flowers")
    assert (data["dataset"], data["source"]) == ("flowers", "npz")
    assert data["options"]["file"] == "flowers.npz"
    plain, control = (
        specifications.score("flowers", "Resnet-20", name, 0) for name in ("snip", "snip-shuffled")
    )
    assert control == plain | {"options": plain["options"] | {"batch_size": 64}}
    mask = specifications.prune("flowers", "Resnet-20", "snip-shuffled", "0.9", 0)
    assert (mask["algorithm"], mask["shuffle"]) == ("snip", "layer")


def test_a_registered_name_can_be_given_another_source(values):
    values["datasets"] = {"digits": {"from": "npz", "file": "slice.npz"}}
    values["grid"]["datasets"] = ["digits"]
    values["training"] = {"digits": values["training"]["flowers"]}
    specifications = Specifications(load_configuration(values))
    assert specifications.data("digits")["source"] == "npz"


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (
            ("pruning", "snip-shuffled", "from"),
            "snap",
            "pruning.snip-shuffled.from: unknown algorithm 'snap'; known: er, erk",
        ),
        (
            ("pruning", "snap"),
            {"batch_size": 3},
            "pruning.snap: unknown algorithm 'snap'; known: er, erk",
        ),
        (
            ("pruning", "snip-shuffled", "shuffle"),
            "all",
            "pruning.snip-shuffled.shuffle: 'all' is not one of",
        ),
        (
            ("pruning", "snip-shuffled", "rounds"),
            3,
            "pruning.snip-shuffled.rounds: 'snip' has no such option; known options: batch_size, shuffle",
        ),
        (
            ("datasets", "flowers"),
            {"from": "npz"},
            "datasets.flowers.file: is required and missing",
        ),
        (
            ("datasets", "flowers"),
            {"from": "zip"},
            "datasets.flowers.from: unknown data set 'zip'; known: CIFAR-10",
        ),
        (("datasets", "../up"), {"from": "npz", "file": "a"}, "datasets.../up: "),
        (
            ("grid", "datasets"),
            ["flowers", "trees"],
            "grid.datasets.1: unknown data set 'trees'; known: CIFAR-10, CIFAR-100, Tiny-ImageNet, digits, flowers",
        ),
        (("grid", "datasets"), ["npz"], "datasets.npz.file: is required and missing"),
        (("training",), {}, "training.flowers: is missing"),
        (
            ("datasets", "flowers", "from"),
            ["npz"],
            "datasets.flowers.from: unknown data set '['npz']'; known: CIFAR-10",
        ),
    ],
)
def test_faults(values, place, value, sentence):
    changed = deepcopy(values)
    section = changed
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    assert any(problem.startswith(sentence) for problem in problems(changed)), problems(changed)


def test_options_may_come_as_text_from_the_command_line(values):
    values["pruning"] = {"grasp": {"reinit": "True", "chunk_size": "500", "temperature": "1e2"}}
    values["grid"]["algorithms"] = ["grasp"]
    options = Specifications(load_configuration(values)).score("flowers", "Resnet-20", "grasp", 0)[
        "options"
    ]
    assert (options["reinit"], options["chunk_size"], options["temperature"]) == (True, 500, 100)
    values["pruning"] = {"grasp": {"chunk_size": "many"}}
    assert any(problem.startswith("pruning.grasp.chunk_size: ") for problem in problems(values))
