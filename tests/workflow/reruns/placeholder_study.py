"""A study whose results are placeholders, so that nothing is computed, and what a dry run of it would do."""

from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import Any

from tests.workflow.conftest import Study, with_value

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
    *("prediction", "regression", "regression_uncertainty", "families"),
    *("importance", "ramanujan", "ranking"),
)
AGGREGATES = {rule: {""} for rule in ("collect", "collect_layers", *ANALYSES, "report")}
SCORED_ONCE = ("snip", "grasp", "snip-shuffled")
MASKED = ("prune", "train", "encode", "topometrics")
TRAINED = ("train", "encode", "topometrics")
GRAPHS = ("encode", "topometrics")

Planned = dict[str, set[str]]


def placeholder_study(folder: Path) -> Study:
    """A finished study in a folder, made of empty files."""
    study = Study(folder)
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


def of_recipes(**only: Any) -> Planned:
    return jobs("dense", *TRAINED, **only) | AGGREGATES


def of_masks(*algorithms: str) -> Planned:
    return jobs("score", *MASKED, algorithm=algorithms) | AGGREGATES


AFTER_NETWORKS = only_aggregates("collect", *ANALYSES)
