"""What runs again after a changed value of the configuration: which rules, and of which cells, exactly.

Asked of a study of placeholders by dry runs.
"""

from copy import deepcopy

import pytest
from tests.workflow.conftest import Study
from tests.workflow.reruns.placeholder_study import (
    AFTER_NETWORKS,
    AGGREGATES,
    ANALYSES,
    AXES_OF,
    GRAPHS,
    MASKED,
    RECIPE,
    TRAINED,
    VALUES,
    changed,
    jobs,
    of_masks,
    of_recipes,
    only_aggregates,
    placeholder_study,
    planned,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return placeholder_study(tmp_path_factory.mktemp("placeholders"))


CONTROLS = {"from": "uniform", "scope": "layer"}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        # Recipes.
        ("training/CIFAR-10/epochs", 3, of_recipes(dataset="CIFAR-10")),
        (
            "training",
            {"CIFAR-10": VALUES["training"]["digits"], "digits": VALUES["training"]["CIFAR-10"]},
            of_recipes(),
        ),
        (
            "training/digits",
            VALUES["training"]["digits"] | {"momentum": 0.0005, "weight_decay": 0.9},
            of_recipes(dataset="digits"),
        ),
        (
            "training/digits/architectures",
            {"Resnet-32": {"weight_decay": 0.1}},
            of_recipes(dataset="digits", architecture="Resnet-32"),
        ),
        ("training/digits/architectures", {"Resnet-32": {"momentum": 0.9}}, {}),
        ("training/digits/decay_factor", 10, {}),
        ("training/CIFAR-100", RECIPE, {}),
        # Data sets.
        (
            "datasets/digits",
            {"test_fraction": 0.3},
            jobs(*AXES_OF, dataset="digits") | AGGREGATES,
        ),
        # Algorithms.
        ("pruning/snip", {"batch_size": 64}, of_masks("snip")),
        ("pruning/synflow", {"iterations": 7}, of_masks("synflow")),
        ("pruning/snip", {"shuffle": "layer"}, jobs(*MASKED, algorithm="snip") | AGGREGATES),
        (
            "pruning/uniform",
            {"train_weights": "redrawn"},
            jobs(*TRAINED, algorithm="uniform") | AGGREGATES,
        ),
        (
            "pruning",
            {"uniform-global": CONTROLS, "uniform": {"scope": "global"}},
            of_masks("uniform", "uniform-global"),
        ),
        # A default that is spelt out: the tables tell what a name stands for.
        ("pruning/snip", {"batch_size": 128}, AFTER_NETWORKS),
        ("pruning/grasp", {"reinit": True}, {}),
        # Graphs, metrics, layers.
        ("topometrics/metrics", ["n1", "sink"], jobs("topometrics") | AGGREGATES),
        ("topometrics/weights", "initial", jobs(*GRAPHS) | AGGREGATES),
        ("topometrics/identity_shortcuts", True, jobs("plan", *GRAPHS) | AGGREGATES),
        ("layers/motif_size", 4, jobs("topometrics") | AGGREGATES),
        (
            "layers/measure",
            False,
            jobs("topometrics")
            | {
                rule: cells
                for rule, cells in AGGREGATES.items()
                if rule not in ("collect_layers", "ramanujan")
            },
        ),
        # Analyses.
        ("analysis/repeats", 3, only_aggregates("regression")),
        ("analysis/check_repeats", 3, only_aggregates("regression", "families")),
        (
            "analysis/folds",
            4,
            only_aggregates("prediction", "regression", "regression_uncertainty", "families"),
        ),
        ("analysis/prediction_repeats", 3, only_aggregates("prediction")),
        ("analysis/permutations", 10, only_aggregates("regression_uncertainty")),
        ("analysis/ranking_permutations", 10, only_aggregates("ranking")),
        (
            "analysis/resamples",
            10,
            only_aggregates("prediction", "regression_uncertainty", "ranking"),
        ),
        (
            "analysis/seed",
            1,
            only_aggregates(
                *("prediction", "regression", "regression_uncertainty", "families", "ranking")
            ),
        ),
        ("analysis/dense_reference", "same_seed", AFTER_NETWORKS),
        ("analysis/checks", False, only_aggregates("regression", "ranking")),
        # The machine.
        (
            "compute/threads",
            2,
            jobs("dense", "score", *TRAINED)
            | jobs("prune", algorithm=["snip", "synflow"])
            | AGGREGATES,
        ),
        (
            "compute/device",
            "cuda",
            jobs("dense", "score", *TRAINED)
            | jobs("prune", algorithm=["snip", "synflow"])
            | AGGREGATES,
        ),
        ("compute/precision", "bfloat16", of_recipes()),
        ("compute", {"data_folder": "/elsewhere", "download": False}, {}),
        ("resources/train/threads", 2, jobs(*TRAINED) | AGGREGATES),
        (
            "resources",
            {
                "train": {"mem_mb": 9000, "runtime": 9},
                "topometrics": {"threads": 2, "mem_mb": 9000},
            },
            {},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_reaches_what_reads_it(study, path, value, expected):
    assert planned(study, changed(path, value)) == expected


def test_another_study_is_another_folder(study):
    found = planned(study, changed("study", "other"))
    assert found == jobs(*AXES_OF) | AGGREGATES


def test_accuracies_of_the_paper_make_only_the_tables_anew(tmp_path):
    study = Study(tmp_path)
    study.values = deepcopy(VALUES) | {"topometrics": {"weights": "initial"}, "pruning": {}}
    study.values["grid"] |= {"datasets": ["CIFAR-10"], "algorithms": ["snip", "erk"], "seeds": [0]}
    study.make_placeholders()
    study.values["accuracies"] = "published"
    assert study.planned() == only_aggregates("collect", *ANALYSES)
