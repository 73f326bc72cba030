"""A stage's record changes exactly when something that stage reads changes."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from sparsetopo.config import Specifications, load_configuration
from sparsetopo.files import canonical_json
from sparsetopo.metrics.registry import NETWORK_METRICS

ROOT = Path(__file__).parents[3]
TRAIN = {"dense", "train snip"}
DEFINED = {"collect", "report"}  # they tell the reader what a name stands for
ANALYSES = (
    *("prediction", "regression", "regression_uncertainty", "families"),
    *("importance", "ramanujan", "ranking"),
)
CELL = ("digits", "Resnet-20", "synflow", "0.9", 0)


def records(values):
    specifications = Specifications(load_configuration(values))
    stages = {
        "data": specifications.data("digits"),
        "plan": specifications.plan("digits", "Resnet-20"),
        "score": specifications.score("digits", "Resnet-20", "snip", 0),
        "prune": specifications.prune(*CELL),
        "prune snip": specifications.prune("digits", "Resnet-20", "snip", "0.9", 0),
        "prune er": specifications.prune("digits", "Resnet-20", "er", "0.9", 0),
        "dense": specifications.dense("digits", "Resnet-20", 0),
        "train snip": specifications.train("digits", "Resnet-20", 0, "snip"),
        "encode": specifications.encode("digits", "Resnet-20", "snip", 0),
        "topometrics": specifications.topometrics(),
        "collect": specifications.collect(),
        "collect_layers": specifications.collect_layers(),
        **{stage: specifications.analysis(stage) for stage in ANALYSES},
        "report": specifications.report(),
    }
    return {stage: canonical_json(record) for stage, record in stages.items()}


@pytest.mark.parametrize(
    ("path", "value", "affected"),
    [
        (("datasets",), {"digits": {"test_fraction": 0.3}}, {"data"} | DEFINED),
        (("training", "digits", "epochs"), 9, TRAIN),
        (("training", "digits", "architectures"), {"Resnet-20": {"weight_decay": 0.5}}, TRAIN),
        (("training", "digits", "architectures"), {"Resnet-32": {"weight_decay": 0.5}}, set()),
        (("pruning",), {"synflow": {"iterations": 7}}, {"prune"}),
        (("pruning",), {"snip": {}}, set()),
        (("pruning",), {"snip": {"batch_size": 64}}, {"score"} | DEFINED),
        (("pruning",), {"snip": {"shuffle": "layer"}}, {"prune snip"} | DEFINED),
        (("pruning",), {"snip": {"train_weights": "redrawn"}}, {"train snip", "encode"} | DEFINED),
        (("compute",), {"threads": 2}, {"score", "prune"} | TRAIN),
        (("compute",), {"device": "cuda"}, {"score", "prune"} | TRAIN),
        (("compute",), {"precision": "bfloat16"}, TRAIN),
        (("compute",), {"data_folder": "/elsewhere", "download": False}, set()),
        (("resources",), {"train": {"mem_mb": 9000, "runtime": 9}}, set()),
        (("resources",), {"train": {"threads": 2}}, {"train snip"}),
        (("resources",), {"topometrics": {"threads": 2}}, set()),
        (("resources",), {"prune": {"gpu": 0}}, set()),
        (("topometrics",), {"weights": ["initial", "trained"]}, set()),
        (("topometrics",), {"weights": ["initial"]}, {"encode", "topometrics"}),
        (("topometrics",), {"weights": "trained"}, {"encode", "topometrics", "collect", "report"}),
        (("topometrics",), {"metrics": ["n1"]}, {"topometrics"}),
        (("topometrics",), {"identity_shortcuts": True}, {"plan"}),
        (("layers",), {"motif_size": 4}, {"topometrics"}),
        (("keep",), {"trained_weights": False, "dense_weights": False}, set()),
        (("analysis",), {"repeats": 3}, {"regression"}),
        (
            ("analysis",),
            {"repeats": 2, "folds": 4},
            {"prediction", "regression", "regression_uncertainty", "families"},
        ),
        (("analysis",), {"repeats": 2, "prediction_repeats": 9}, {"prediction"}),
        (("analysis",), {"repeats": 2, "check_repeats": 4}, {"regression", "families"}),
        (("analysis",), {"repeats": 2, "mean_permutations": 4}, {"regression_uncertainty"}),
        (("analysis",), {"repeats": 2, "ranking_permutations": 4}, {"ranking"}),
        (
            ("analysis",),
            {"repeats": 2, "resamples": 4},
            {"prediction", "regression_uncertainty", "ranking"},
        ),
        (("analysis",), {"repeats": 2, "dense_reference": "same_seed"}, {"collect"}),
        (
            ("grid", "algorithms"),
            ["snip", "uniform", "erk"],
            {"collect", "collect_layers", "ranking"},
        ),
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


def test_which_gpu_computes_is_not_part_of_what_a_job_reads():
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    assert records(values | {"compute": {"device": "cuda"}}) == records(
        values | {"compute": {"device": "cuda:1"}}
    )


def test_a_redrawn_network_is_encoded_with_its_own_initial_weights():
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    values["topometrics"] = {"weights": "initial"}
    before = records(values)
    after = records(values | {"pruning": {"snip": {"train_weights": "redrawn"}}})
    assert {stage for stage in before if before[stage] != after[stage]} == {
        "train snip",
        "encode",
    } | DEFINED


def test_a_rule_without_gpu_computes_on_the_cpu():
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())
    values["compute"] = {"device": "cuda"}
    values["resources"] = {"score": {"gpu": 0}}
    specifications = Specifications(load_configuration(values))
    assert specifications.score("digits", "Resnet-20", "snip", 0)["device"] == "cpu"
    assert specifications.prune(*CELL)["device"] == "cuda"
    assert "device" not in specifications.prune("digits", "Resnet-20", "er", "0.9", 0)
    assert not specifications.prunes_on_the_device("snip")
    assert not specifications.prunes_on_the_device("erk")
    assert specifications.prunes_on_the_device("synflow")


def test_words_for_metrics_are_the_names_they_stand_for():
    """A study that names no metrics reads what it did before there were others: the paper's, in this order."""
    paper = [
        "component_size",
        "components",
        "cut_edges",
        "cut_nodes",
        "disconnected",
        "k_core",
        "motif4",
        "n1",
        "n2",
        "r_in",
        "r_out",
        "sink",
        "source",
        "spectral_gap",
        "spectral_gap_signed",
        "spectral_radius",
        "strength",
    ]
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text())

    def metrics(given):
        specifications = Specifications(load_configuration(values | {"topometrics": given}))
        return specifications.topometrics()["metrics"]

    assert metrics({}) == metrics({"metrics": "paper"}) == metrics({"metrics": None}) == paper
    assert metrics({"metrics": "all"}) == sorted(NETWORK_METRICS)
    assert metrics({"metrics": ["sink", "n1"]}) == ["sink", "n1"]
    for path in (ROOT / "config").glob("*.yaml"):
        shipped = yaml.safe_load(path.read_text())
        assert "metrics" not in shipped.get("topometrics", {}), path
