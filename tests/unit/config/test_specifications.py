"""A stage's record changes exactly when something that stage reads changes."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from sparsetopo.config import Specifications, load_configuration
from sparsetopo.files import canonical_json

ROOT = Path(__file__).parents[3]
CELL = ("digits", "Resnet-20", "synflow", "0.9", 0)


def records(values):
    specifications = Specifications(load_configuration(values))
    stages = {
        "data": specifications.data("digits"),
        "plan": specifications.plan("digits", "Resnet-20"),
        "prune": specifications.prune(*CELL),
        "train": specifications.train("digits", "Resnet-20", 0),
        "encode": specifications.encode("digits", "Resnet-20", 0),
        "topometrics": specifications.topometrics(),
        "collect": specifications.collect(),
        "regression": specifications.analysis("regression"),
        "importance": specifications.analysis("importance"),
        "ranking": specifications.analysis("ranking"),
        "report": specifications.report(),
    }
    return {stage: canonical_json(record) for stage, record in stages.items()}


@pytest.mark.parametrize(
    ("path", "value", "affected"),
    [
        (("datasets",), {"digits": {"test_fraction": 0.3}}, {"data"}),
        (("training", "digits", "epochs"), 9, {"train"}),
        (("training", "digits", "architectures"), {"Resnet-20": {"weight_decay": 0.5}}, {"train"}),
        (("training", "digits", "architectures"), {"Resnet-32": {"weight_decay": 0.5}}, set()),
        (("pruning",), {"synflow": {"iterations": 7}}, {"prune"}),
        (("pruning",), {"snip": {}}, set()),
        (("compute",), {"threads": 2}, {"prune", "train", "topometrics"}),
        (("topometrics",), {"weights": "initial"}, {"encode"}),
        (("topometrics",), {"metrics": ["n1"]}, {"topometrics"}),
        (("topometrics",), {"identity_shortcuts": True}, {"plan"}),
        (("analysis",), {"repeats": 3}, {"regression", "importance"}),
        (("analysis",), {"repeats": 2, "dense_reference": "same_seed"}, {"collect"}),
        (("grid", "algorithms"), ["snip", "uniform", "erk"], {"collect"}),
    ],
)
def test_a_change_reaches_the_stages_that_read_it_and_no_other(path, value, affected):
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    changed = deepcopy(values)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    before, after = records(values), records(changed)
    assert {stage for stage in before if before[stage] != after[stage]} == affected


def test_the_order_of_keys_does_not_matter():
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    reordered = {key: values[key] for key in reversed(values)}
    reordered["training"] = {"digits": dict(reversed(values["training"]["digits"].items()))}
    assert records(values) == records(reordered)
