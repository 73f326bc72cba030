"""Does the regression hold: every encoding and validation beside a baseline that knows the size only."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.regression.splits import VALIDATIONS
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.plots.heat import number_text
from sparsetopo.plots.style import figure_style, new_figure

MEAN, MEDIAN = "mean", "median"
"""Rows of the regression table that sum up its regressors."""

RIDGE = "Ridge"
"""The regressor that has a permutation null and an interval in every case."""

FLOOR = -0.2
"""Lower values are drawn here and written beside: a failed fit can lie at minus thousands."""

_COLOURS = {"MGE": "#0072B2", "rolled": "#E69F00", "rolled-channel": "#009E73", "size": "#000000"}
_MARKERS = {"MGE": "o", "rolled": "s", "rolled-channel": "^", "size": "D"}
_SIZE_FREE = "-size-free"
_TITLES = {
    "shuffled": "tested on shuffled folds",
    "leave-one-dataset-out": "tested on a data set left out",
    "leave-one-architecture-out": "tested on an architecture left out",
    "leave-one-algorithm-out": "tested on an algorithm left out",
}
_KEY = ["encoding", "subset_kind", "subset"]


def plot_checks(
    table: pd.DataFrame, uncertainty: pd.DataFrame | None = None, regressor: str | None = None
) -> Figure:
    """Draw adjusted R2 of every encoding: a panel a validation, a group of points per subset.

    Parameters
    ----------
    table
        The regression table, all encodings and validations; of several scalings the first that a
        validation has is drawn. A validation without any number has no panel.
    uncertainty
        Intervals and permutation nulls, drawn where they exist for the same case and regressor.
    regressor
        Whose scores: by default Ridge if there are intervals, since it alone has them everywhere;
        else the median of the regressors, as some of them fail without limit when there are few rows.

    Raises
    ------
    DataError
        Missing columns, or a regressor that is not in the table.
    """
    require_columns(table, [*_KEY, "validation", "scaling", "regressor", "adjusted_r2", "status"])
    regressor = _regressor(table, uncertainty, regressor)
    cases = {name: _case(table, name, regressor) for name in VALIDATIONS}
    shown = {name: case for name, case in cases.items() if case["adjusted_r2"].notna().any()}
    shown = shown or {VALIDATIONS[0]: cases[VALIDATIONS[0]]}
    encodings = list(dict.fromkeys(table["encoding"]))
    columns = list(
        table[["subset_kind", "subset"]].drop_duplicates().itertuples(index=False, name=None)
    )
    with figure_style():
        width = max(len(columns) * (0.14 * len(encodings) + 0.2), 3.5) + 2.9
        figure = new_figure(width, 2.25 * len(shown) + 0.5)
        panels = figure.subplots(len(shown), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for axes, (validation, case) in zip(panels, shown.items(), strict=True):
            scores = _with_uncertainty(case, uncertainty, validation, regressor)
            _draw_panel(axes, scores, columns, encodings)
            axes.set_title(_TITLES[validation], loc="left")
            axes.set_ylabel(f"adjusted R²\n({_written(regressor)})")
        panels[-1].set_xticks(range(len(columns)), [column for _, column in columns])
        panels[-1].set_xlabel("networks of one sparsity, or of one architecture")
        _add_legend(figure, encodings, with_uncertainty=uncertainty is not None)
    return figure


def _regressor(table: pd.DataFrame, uncertainty: pd.DataFrame | None, asked: str | None) -> str:
    there = set(table["regressor"])
    if asked is None:
        bounded = set() if uncertainty is None else set(uncertainty["regressor"])
        return next((name for name in (RIDGE,) if name in bounded & there), MEDIAN)
    if asked not in there:
        raise DataError(
            f"the regression table has no regressor '{asked}'; it has {', '.join(sorted(there))}."
        )
    return asked


def _written(regressor: str) -> str:
    return f"{regressor} of regressors" if regressor in (MEAN, MEDIAN) else regressor


def _case(table: pd.DataFrame, validation: str, regressor: str) -> pd.DataFrame:
    """Rows of a validation, its first scaling; a subset that cannot be scored has no such regressor."""
    case = table[table["validation"] == validation]
    if len(case):
        case = case[case["scaling"] == case["scaling"].iloc[0]]
    return case[case["regressor"] == regressor]


def _with_uncertainty(
    case: pd.DataFrame, uncertainty: pd.DataFrame | None, validation: str, regressor: str
) -> pd.DataFrame:
    """Index encoding, subset_kind, subset; adjusted_r2, low, high, null_95."""
    scores = case.set_index(_KEY)[["adjusted_r2"]]
    bounds = ["low", "high", "null_95"]
    if uncertainty is None or case.empty:
        return scores.assign(**dict.fromkeys(bounds, np.nan))
    require_columns(uncertainty, [*_KEY, "validation", "scaling", "regressor", *bounds])
    same = (
        (uncertainty["validation"] == validation)
        & (uncertainty["scaling"] == case["scaling"].iloc[0])
        & (uncertainty["regressor"] == regressor)
    )
    return scores.join(uncertainty[same].set_index(_KEY)[bounds])


def _draw_panel(
    axes: Axes, scores: pd.DataFrame, columns: list[tuple[str, str]], encodings: list[str]
) -> None:
    step = 0.8 / len(encodings)
    for place, (kind, column) in enumerate(columns):
        values = scores.reindex([(encoding, kind, column) for encoding in encodings])
        if values["adjusted_r2"].isna().all():
            axes.text(place, 0.5, "undefined", ha="center", fontsize=7.5, color="0.45")
        else:
            for number, encoding in enumerate(encodings):
                x = place + step * (number - (len(encodings) - 1) / 2)
                _draw_score(axes, x, values.iloc[number], encoding)
        if place:
            border = kind != columns[place - 1][0]
            axes.axvline(
                place - 0.5,
                color="black" if border else "0.9",
                linewidth=1.5 if border else 0.8,
                zorder=0,
            )
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(FLOOR - 0.07, 1.03)
    axes.grid(axis="y", color="0.93", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)


def _draw_score(axes: Axes, x: float, score: pd.Series, encoding: str) -> None:
    value = score["adjusted_r2"]
    colour = _COLOURS.get(encoding.removesuffix(_SIZE_FREE), "#CC79A7")
    if not np.isfinite(value):
        axes.text(x, FLOOR, "×", ha="center", va="center", fontsize=7, color=colour)
        return
    if value < FLOOR:
        axes.plot(x, FLOOR, marker="v", markersize=3.5, color=colour)
        text = "< −99" if value < -99.5 else number_text(value, 1 if value > -9.95 else 0)
        axes.text(
            x, FLOOR + 0.06, text, ha="center", va="bottom", rotation=90, fontsize=6.5, color=colour
        )
        return
    axes.plot([x, x], [score["low"], score["high"]], color=colour, linewidth=1.1)
    axes.plot(x, score["null_95"], marker="_", markersize=8, color="0.45", markeredgewidth=1.3)
    axes.plot(x, value, **_marker(encoding))


def _marker(encoding: str) -> dict[str, Any]:
    """Filled; hollow for the metrics that do not tell the network's size."""
    base = encoding.removesuffix(_SIZE_FREE)
    colour = _COLOURS.get(base, "#CC79A7")
    hollow = encoding.endswith(_SIZE_FREE)
    return {
        "marker": _MARKERS.get(base, "P"),
        "markersize": 4.5,
        "linestyle": "",
        "color": colour,
        "markerfacecolor": "white" if hollow else colour,
    }


def _add_legend(figure: Figure, encodings: list[str], *, with_uncertainty: bool) -> None:
    names = {"size": "size (nodes, edges,\ndensity only)"}
    handles = [Line2D([], [], label=names.get(name, name), **_marker(name)) for name in encodings]
    if with_uncertainty:
        handles.append(Line2D([], [], color="0.2", linewidth=1.1, label="95 % interval"))
        handles.append(
            Line2D(
                [], [], color="0.45", linestyle="", marker="_", markersize=8, markeredgewidth=1.3,
                label="95 % of permuted\ndrops score lower",
            )
        )  # fmt: skip
    handles.append(
        Line2D(
            [], [], color="0.2", linestyle="", marker="v", markersize=3.5,
            label=f"below {number_text(FLOOR, 1)}:\nvalue written",
        )
    )  # fmt: skip
    handles.append(
        Line2D([], [], linestyle="", marker="$×$", markersize=4, color="0.2", label="undefined")
    )
    figure.legend(handles=handles, loc="outside right center", title="features")
