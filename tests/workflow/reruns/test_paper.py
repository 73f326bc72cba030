"""The paper's whole grid, 1,260 networks and 36 baselines, as placeholders: how many jobs a change costs."""

import json
from copy import deepcopy

import pytest
import yaml
from tests.workflow.conftest import ROOT, Study, with_value

pytestmark = pytest.mark.slow

ANALYSES = (
    *("regression", "regression_uncertainty", "families"),
    *("importance", "ramanujan", "ranking"),
)
AGGREGATES = dict.fromkeys(("collect", "collect_layers", *ANALYSES, "report"), 1)
MASKED = ("prune", "train", "encode", "topometrics")
TRAINED = ("train", "encode", "topometrics")
# Through JSON: an alias in the YAML would make one mapping of two data sets' recipes.
VALUES = json.loads(json.dumps(yaml.safe_load((ROOT / "config/paper.yaml").read_text())))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(tmp_path_factory.mktemp("paper"))
    study.values = deepcopy(VALUES)
    study.make_placeholders()
    return study


GRID = VALUES["grid"]
RECIPE = VALUES["training"]["CIFAR-100"]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("study", "paper", {}),
        (
            "training/CIFAR-100",
            RECIPE | {"epochs": 161},
            dict.fromkeys(TRAINED, 420) | {"dense": 12} | AGGREGATES,
        ),
        (
            "training/CIFAR-100/architectures/Wide-Resnet-28-2/weight_decay",
            0.001,
            dict.fromkeys(TRAINED, 105) | {"dense": 3} | AGGREGATES,
        ),
        (
            "pruning/grasp",
            {"reinit": True},
            dict.fromkeys(MASKED, 180) | {"score": 36} | AGGREGATES,
        ),
        ("pruning/synflow", {"iterations": 50}, dict.fromkeys(MASKED, 180) | AGGREGATES),
        (
            "grid/seeds",
            [*GRID["seeds"], 3],
            dict.fromkeys(MASKED, 420) | {"score": 36, "dense": 12} | AGGREGATES,
        ),
        ("grid/sparsities", ["0.5", *GRID["sparsities"]], dict.fromkeys(MASKED, 252) | AGGREGATES),
        (
            *("grid/algorithms", [*GRID["algorithms"], "uniform-global"]),
            dict.fromkeys(MASKED, 180) | AGGREGATES,
        ),
        ("topometrics/metrics", ["n1"], {"topometrics": 1260} | AGGREGATES),
        ("grid/datasets", ["Tiny-ImageNet", "CIFAR-10"], AGGREGATES),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_costs_so_many_jobs(study, path, value, expected):
    study.values = with_value(VALUES, path, value)
    if "uniform-global" in study.values["grid"]["algorithms"]:
        study.values["pruning"] = {"uniform-global": {"from": "uniform", "scope": "global"}}
    found = study.jobs()
    print(f"{path}: {sum(found.values())} jobs {found}")
    assert found == expected
