"""The figure of checks: points, intervals and nulls of the right rows; wild and undefined scores."""

import itertools

import numpy as np
import pandas as pd
import pytest
from tests.unit.plots.legible import assert_legible

from sparsetopo.errors import DataError
from sparsetopo.plots.checks import FLOOR, plot_checks
from sparsetopo.plots.style import add_note

ENCODINGS = [
    "MGE", "rolled", "rolled-channel", "size",
    "MGE-size-free", "rolled-size-free", "rolled-channel-size-free",
]  # fmt: skip
CASES = [
    ("shuffled", "subset"), ("shuffled", "fold"), ("leave-one-dataset-out", "fold"),
    ("leave-one-architecture-out", "fold"), ("leave-one-algorithm-out", "fold"),
]  # fmt: skip
COLUMNS = [("sparsity", value) for value in ("0.6", "0.8", "0.9", "0.95", "0.98")]
COLUMNS += [
    ("architecture", name) for name in ("Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2")
]
KEY = ["encoding", "validation", "scaling", "subset_kind", "subset", "regressor"]


@pytest.fixture
def table():
    records = []
    random = np.random.default_rng(0)
    for encoding, (validation, scaling), (kind, column) in itertools.product(
        ENCODINGS, CASES, COLUMNS
    ):
        place = dict(zip(KEY, (encoding, validation, scaling, kind, column), strict=False))
        if validation == "leave-one-architecture-out" and kind == "architecture":
            status = "one architecture only: none can be left out"
            records.append({**place, "regressor": "mean", "adjusted_r2": np.nan, "status": status})
            continue
        for regressor in ("Linear", "Ridge", "mean", "median"):
            score = random.uniform(0, 0.95)
            records.append({**place, "regressor": regressor, "adjusted_r2": score, "status": "ok"})
    return pd.DataFrame(records)


@pytest.fixture
def uncertainty(table):
    own = table[table["regressor"] == "Ridge"].drop(columns="status")
    score = own["adjusted_r2"]
    return own.assign(low=score - 0.1, high=score + 0.05, null_95=0.02 + score / 10)


def _points(axes):
    """Scores of a panel's markers, from left to right."""
    shown = [line for line in axes.lines if line.get_marker() in ("o", "s", "^", "D")]
    shown.sort(key=lambda line: float(line.get_xdata()[0]))
    return [float(line.get_ydata()[0]) for line in shown]


def _expected(table, validation, scaling, regressor):
    own = table[(table["validation"] == validation) & (table["regressor"] == regressor)]
    own = own[own["scaling"] == scaling].set_index(["subset", "encoding"])["adjusted_r2"]
    keys = itertools.product([column for _, column in COLUMNS], ENCODINGS)
    return [own[key] for key in keys if key in own.index]


def test_panels_are_validations_and_points_the_scores_of_one_regressor(table, uncertainty):
    figure = plot_checks(table, uncertainty)
    assert len(figure.axes) == 4
    for axes, (validation, scaling) in zip(figure.axes, [CASES[0], *CASES[2:]], strict=True):
        assert _points(axes) == _expected(table, validation, scaling, "Ridge")
        assert "(Ridge)" in axes.get_ylabel()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "tested on shuffled folds", "tested on a data set left out",
        "tested on an architecture left out", "tested on an algorithm left out",
    ]  # fmt: skip


def test_intervals_and_nulls_are_those_of_the_same_case(table, uncertainty):
    axes = plot_checks(table, uncertainty).axes[1]
    own = uncertainty[uncertainty["validation"] == "leave-one-dataset-out"]
    spans = {tuple(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "-"}
    assert set(zip(own["low"], own["high"], strict=True)) <= spans
    nulls = [float(line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "_"]
    assert sorted(nulls) == sorted(own["null_95"])


def test_without_intervals_the_median_is_drawn_unless_another_is_asked_for(table):
    figure = plot_checks(table)
    assert _points(figure.axes[0]) == _expected(table, "shuffled", "subset", "median")
    assert "95 % interval" not in [text.get_text() for text in figure.legends[0].get_texts()]
    asked = plot_checks(table, regressor="mean")
    assert _points(asked.axes[3]) == _expected(table, "leave-one-algorithm-out", "fold", "mean")
    with pytest.raises(DataError, match="no regressor 'Lasso'; it has Linear, Ridge, mean, median"):
        plot_checks(table, regressor="Lasso")


def test_wild_scores_are_written_at_the_floor(table):
    wild = table["encoding"].eq("MGE") & table["validation"].eq("leave-one-dataset-out")
    for column, score in (("0.6", -0.34), ("0.8", -37.2), ("0.9", -1e9)):
        table.loc[wild & table["subset"].eq(column), "adjusted_r2"] = score
    axes = plot_checks(table).axes[1]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["−0.3", "−37", "< −99"]
    arrows = [line for line in axes.lines if line.get_marker() == "v"]
    assert [float(line.get_ydata()[0]) for line in arrows] == [FLOOR] * 3
    assert len(_points(axes)) == len(ENCODINGS) * len(COLUMNS) - 3


def test_undefined_scores_are_shown_as_such(table):
    few = table["encoding"].eq("MGE") & table["subset"].eq("0.6")
    table.loc[few, "adjusted_r2"] = np.nan
    panels = plot_checks(table).axes
    assert [text.get_text() for text in panels[0].texts] == ["×"]
    left_out = [text.get_text() for text in panels[2].texts]
    assert left_out == ["×", *["undefined"] * 4]  # the four architectures


def test_a_validation_without_any_number_has_no_panel(table):
    one = table[~table["validation"].eq("leave-one-dataset-out")]
    assert len(plot_checks(one).axes) == 3
    table.loc[table["validation"].eq("leave-one-dataset-out"), "adjusted_r2"] = np.nan
    assert len(plot_checks(table).axes) == 3
    assert len(plot_checks(table.assign(adjusted_r2=np.nan)).axes) == 1


@pytest.mark.middle
def test_it_is_legible_at_any_size(table, uncertainty):
    one = table["subset"].eq("0.9") & table["encoding"].isin(["MGE", "size"])
    for part, bounds in ((table, uncertainty), (table, None), (table[one], None)):
        figure = plot_checks(part, bounds)
        add_note(figure, "accuracies: published means")
        assert_legible(figure)


def test_a_table_of_another_kind_is_refused(table):
    with pytest.raises(DataError, match=r"lacks the column.s. .*; it has colour"):
        plot_checks(pd.DataFrame({"colour": ["red"]}))
    with pytest.raises(DataError, match=r"lacks the column.s. low, high, null_95"):
        plot_checks(table, table)
