"""What runs again after a change of the grid: which rules, and of which cells, exactly.

Asked of a study of placeholders by dry runs.
"""

from copy import deepcopy
from typing import Any

import pytest
from tests.workflow.conftest import Study
from tests.workflow.reruns.placeholder_study import (
    AGGREGATES,
    AXES,
    AXES_OF,
    GRID,
    MASKED,
    RECIPE,
    VALUES,
    changed,
    jobs,
    placeholder_study,
    planned,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return placeholder_study(tmp_path_factory.mktemp("placeholders"))


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
