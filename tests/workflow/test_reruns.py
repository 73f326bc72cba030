"""What runs again after a change of the configuration or a deleted file: which rules, and of which cells, exactly.

Asked of a study whose results are placeholders, so nothing is computed: a dry run says what it would do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.workflow.conftest import ROOT, Study, with_value
from tests.workflow.dry_run import dry_run

GRID = {
    "algorithms": ["snip", "synflow", "uniform", "uniform-global"],
    "datasets": ["CIFAR-10", "digits"],
    "architectures": ["Resnet-20", "Resnet-32"],
    "sparsities": ["0.9", "0.98"],
    "seeds": [0, 1],
}
RECIPE = {
    "epochs": 2,
    "batch_size": 128,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 0.0005,
}
VALUES = {
    "study": "placeholders",
    "grid": GRID,
    "pruning": {"uniform-global": {"from": "uniform", "scope": "global"}},
    "training": {"CIFAR-10": RECIPE, "digits": {**RECIPE, "epochs": 1, "learning_rate": 0.05}},
    "analysis": {"repeats": 2},
}
AXES = {
    "dataset": "datasets",
    "architecture": "architectures",
    "algorithm": "algorithms",
    "sparsity": "sparsities",
    "seed": "seeds",
}
AXES_OF = {
    "data": ("dataset",),
    "plan": ("dataset", "architecture"),
    "dense": ("dataset", "architecture", "seed"),
    "score": ("dataset", "architecture", "algorithm", "seed"),
    **dict.fromkeys(("prune", "train", "encode", "topometrics"), tuple(AXES)),
}
ANALYSES = (
    *("regression", "regression_uncertainty", "families"),
    *("importance", "ramanujan", "ranking"),
)
AGGREGATES = {rule: {""} for rule in ("collect", "collect_layers", *ANALYSES, "report")}
SCORED_ONCE = ("snip", "grasp", "snip-shuffled")
MASKED = ("prune", "train", "encode", "topometrics")
TRAINED = ("train", "encode", "topometrics")
GRAPHS = ("encode", "topometrics")

Planned = dict[str, set[str]]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(tmp_path_factory.mktemp("placeholders"))
    study.values = deepcopy(VALUES)
    study.make_placeholders()
    return study


def planned(study: Study, values: dict[str, Any]) -> Planned:
    """What would run with a changed configuration."""
    study.values = values
    try:
        return study.planned()
    finally:
        study.values = deepcopy(VALUES)


def changed(path: str, value: Any) -> dict[str, Any]:
    """The study's configuration with one value set; the path is joined by "/"."""
    return with_value(VALUES, path, value)


def jobs(*rules: str, grid: dict[str, list[Any]] = GRID, **only: Any) -> Planned:
    """Cells of the grid for each rule; `only` gives an axis' values, e.g. algorithm="snip"."""
    found: Planned = {}
    for rule in rules:
        axes = []
        for axis in AXES_OF[rule]:
            wanted = only.get(axis, grid[AXES[axis]])
            values = wanted if isinstance(wanted, (list, tuple)) else [wanted]
            if rule == "score" and axis == "algorithm":
                values = [name for name in values if name in SCORED_ONCE]
            axes.append(map(str, values))
        cells = {"/".join(cell) for cell in product(*axes)}
        if cells:
            found[rule] = cells
    return found


def only_aggregates(*rules: str) -> Planned:
    return {rule: {""} for rule in (*rules, "report")}


def test_a_finished_study_has_nothing_to_do(study):
    assert study.planned() == {}


@pytest.mark.parametrize(
    ("axis", "value", "besides", "rules"),
    [
        ("algorithm", "erk", {}, MASKED),
        ("algorithm", "grasp", {}, ("score", *MASKED)),
        (
            *("algorithm", "snip-shuffled"),
            {"pruning/snip-shuffled": {"from": "snip", "shuffle": "layer"}},
            ("score", *MASKED),
        ),
        ("dataset", "CIFAR-100", {"training/CIFAR-100": RECIPE}, AXES_OF),
        (
            *("dataset", "own"),
            {"training/own": RECIPE, "datasets/own": {"from": "npz", "file": "own.npz"}},
            AXES_OF,
        ),
        (
            *("architecture", "Wide-Resnet-28-2"),
            {},
            ("plan", "dense", "score", *MASKED),
        ),
        ("sparsity", "0.6", {}, MASKED),
        ("seed", 2, {}, ("dense", "score", *MASKED)),
    ],
    ids=lambda value: str(value) if isinstance(value, (str, int)) else "",
)
def test_what_is_added_to_the_grid_runs_alone(study, axis, value, besides, rules):
    values = deepcopy(VALUES)
    for path, section in besides.items():
        above, name = path.split("/")
        values[above] = values.get(above, {}) | {name: section}
    # In front: the order must not matter either.
    values["grid"][AXES[axis]] = [value, *GRID[AXES[axis]]]
    assert planned(study, values) == jobs(*rules, **{axis: value}) | AGGREGATES


@pytest.mark.parametrize("axis", AXES.values())
def test_what_is_removed_leaves_only_the_tables_to_make(study, axis):
    assert planned(study, changed(f"grid/{axis}", GRID[axis][:1])) == AGGREGATES


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        # The report draws the first of the sparsest networks; algorithms are ranked in the order of the grid.
        ("datasets", {"report": {""}}),
        ("architectures", {"report": {""}}),
        ("algorithms", {"ranking": {""}, "report": {""}}),
        ("sparsities", {}),
        ("seeds", {"report": {""}}),
    ],
)
def test_the_order_of_a_list_reaches_no_network(study, axis, expected):
    assert planned(study, changed(f"grid/{axis}", GRID[axis][::-1])) == expected


def test_the_order_of_keys_means_nothing(study):
    assert planned(study, reversed_keys(VALUES)) == {}


def reversed_keys(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    return {key: reversed_keys(value) for key, value in reversed(values.items())}


def of_recipes(**only: Any) -> Planned:
    return jobs("dense", *TRAINED, **only) | AGGREGATES


def of_masks(*algorithms: str) -> Planned:
    return jobs("score", *MASKED, algorithm=algorithms) | AGGREGATES


AFTER_NETWORKS = only_aggregates("collect", *ANALYSES)
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
            only_aggregates("regression", "regression_uncertainty", "families"),
        ),
        ("analysis/permutations", 10, only_aggregates("regression_uncertainty")),
        ("analysis/ranking_permutations", 10, only_aggregates("ranking")),
        ("analysis/resamples", 10, only_aggregates("regression_uncertainty", "ranking")),
        (
            "analysis/seed",
            1,
            only_aggregates("regression", "regression_uncertainty", "families", "ranking"),
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


OF_DIGITS = {"dataset": "digits"}
OF_NETWORK = {
    "dataset": "digits",
    "architecture": "Resnet-20",
    "algorithm": "snip",
    "sparsity": "0.9",
    "seed": 1,
}
OF_BASELINE = {"dataset": "digits", "architecture": "Resnet-20", "seed": 1}
OF_PAIR = {"dataset": "digits", "architecture": "Resnet-20"}
OF_SCORES = {key: value for key, value in OF_NETWORK.items() if key != "sparsity"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/digits.safetensors", jobs(*AXES_OF, **OF_DIGITS) | AGGREGATES),
        ("plans/digits/Resnet-20.json", jobs("plan", *GRAPHS, **OF_PAIR) | AGGREGATES),
        (
            "scores/digits/Resnet-20/snip/seed-1.safetensors",
            jobs("score", *MASKED, **OF_SCORES) | AGGREGATES,
        ),
        (
            "masks/digits/Resnet-20/snip/0.9/seed-1.safetensors",
            jobs(*MASKED, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "trained/digits/Resnet-20/snip/0.9/seed-1.safetensors",
            jobs(*TRAINED, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "trained/digits/Resnet-20/snip/0.9/seed-1.json",
            jobs(*TRAINED, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "dense/digits/Resnet-20/seed-1.safetensors",
            jobs("dense", **OF_BASELINE) | AFTER_NETWORKS,
        ),
        (
            "dense/digits/Resnet-20/seed-1.json",
            jobs("dense", **OF_BASELINE) | AFTER_NETWORKS,
        ),
        (
            "mges/digits/Resnet-20/snip/0.9/seed-1.safetensors",
            jobs(*GRAPHS, **OF_NETWORK) | AGGREGATES,
        ),
        (
            "topometrics/digits/Resnet-20/snip/0.9/seed-1.json",
            jobs("topometrics", **OF_NETWORK) | AGGREGATES,
        ),
        (
            "layers/digits/Resnet-20/snip/0.9/seed-1.json",
            jobs("topometrics", **OF_NETWORK) | AGGREGATES,
        ),
        ("tables/networks.csv", AFTER_NETWORKS),
        ("tables/dense.csv", AFTER_NETWORKS),
        ("tables/regression.json", only_aggregates("regression")),
        ("figures/accuracy.png", only_aggregates()),
    ],
    ids=lambda value: value.partition("/")[0] if isinstance(value, str) else "",
)
def test_a_deleted_file_comes_back_with_what_follows(study, path, expected):
    with hidden(study.results / path):
        assert study.planned() == expected
    assert study.planned() == {}


@contextmanager
def hidden(path: Path) -> Iterator[None]:
    """As if a file had been deleted; afterwards it lies there as before."""
    elsewhere = path.with_name(f".hidden{path.suffix}")
    path.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(path)


@pytest.mark.parametrize("released", [False, True], ids=["computed", "released results"])
def test_every_file_that_a_job_writes_is_asked_for(study, tmp_path, released):
    """Otherwise one that is deleted would never come back."""
    if released:
        study = Study(tmp_path)
        study.values = yaml.safe_load((ROOT / "config/published.yaml").read_text())
        study.values["published"] = str(tmp_path)
    status, text = dry_run(study.arguments("--quiet", "host", "--forceall"), study.project)
    assert status == 0, text
    files: dict[str, set[str]] = {"input": set(), "output": set()}
    jobs, _, last = text.partition("rule all:")
    for kind, part in (("output", jobs), ("input", last)):
        for line in part.splitlines():
            if line.startswith(f"    {kind}: "):
                files[kind] |= set(line.removeprefix(f"    {kind}: ").split(", "))
    assert len(files["output"]) > (20 if released else 300)
    assert files["output"] == files["input"]
