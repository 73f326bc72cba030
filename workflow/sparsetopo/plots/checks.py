"""Does the regression hold: every encoding and validation, beside a baseline that knows only the size."""

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
from sparsetopo.plots.regression import SUMMARIES
from sparsetopo.plots.style import encoding_style, figure_style, new_figure
from sparsetopo.plots.subsets import SUBSET, Subset, subsets_of

RIDGE = "Ridge"
"""The regressor that has a permutation null and an interval in every case."""

FLOOR = -0.2
"""Lower values are drawn here and their number is written: a failed fit can lie at minus thousands."""

_SIZE_FREE = "-size-free"
_TITLES = {
    "shuffled": "tested on shuffled folds",
    "leave-one-dataset-out": "tested on a data set left out",
    "leave-one-architecture-out": "tested on an architecture left out",
    "leave-one-algorithm-out": "tested on an algorithm left out",
}
_KEY = ["encoding", *SUBSET]


def plot_checks(
    table: pd.DataFrame, uncertainty: pd.DataFrame | None = None, regressor: str | None = None
) -> Figure:
    """Draw adjusted R2 of every encoding: one panel per validation, one group of points per subset.

    Of several scalings the first one of each validation is drawn, and a validation without any number has no panel.
    Intervals and permutation nulls are drawn where they exist for the same case and regressor. The default
    regressor is Ridge if there are intervals, since it alone always has them; otherwise the median of all, since single
    ones can fail without limit when there are few rows. A regressor that the table lacks is a `DataError`.
    """
    require_columns(table, [*_KEY, "validation", "scaling", "regressor", "adjusted_r2", "status"])
    regressor = _regressor(table, uncertainty, regressor)
    cases = {name: _case(table, name, regressor) for name in VALIDATIONS}
    shown = {name: case for name, case in cases.items() if case["adjusted_r2"].notna().any()}
    shown = shown or {VALIDATIONS[0]: cases[VALIDATIONS[0]]}
    encodings = list(dict.fromkeys(table["encoding"]))
    subsets = subsets_of(table)
    with figure_style():
        width = max(len(subsets) * (0.14 * len(encodings) + 0.2), 3.5) + 2.9
        figure = new_figure(width, 2.25 * len(shown) + 0.5)
        panels = figure.subplots(len(shown), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        label = f"{regressor} of regressors" if regressor in SUMMARIES else regressor
        for axes, (validation, case) in zip(panels, shown.items(), strict=True):
            scores = _with_uncertainty(case, uncertainty, validation, regressor)
            _draw_panel(axes, scores, subsets, encodings)
            axes.set_title(_TITLES[validation], loc="left")
            axes.set_ylabel(f"adjusted R²\n({label})")
        panels[-1].set_xticks(range(len(subsets)), [name for _, name in subsets])
        panels[-1].set_xlabel("networks of one sparsity, or of one architecture")
        _add_legend(figure, encodings, with_uncertainty=uncertainty is not None)
    return figure


def _regressor(table: pd.DataFrame, uncertainty: pd.DataFrame | None, asked: str | None) -> str:
    present = set(table["regressor"])
    if asked is None:
        bounded = set() if uncertainty is None else set(uncertainty["regressor"])
        return RIDGE if RIDGE in bounded & present else "median"
    if asked not in present:
        raise DataError(
            f"the regression table has no regressor '{asked}'; it has {', '.join(sorted(present))}."
        )
    return asked


def _case(table: pd.DataFrame, validation: str, regressor: str) -> pd.DataFrame:
    """Rows of a validation with its first scaling; a subset that cannot be scored has none."""
    case = table[table["validation"] == validation]
    if len(case):
        case = case[case["scaling"] == case["scaling"].iloc[0]]
    return case[case["regressor"] == regressor]


def _with_uncertainty(
    case: pd.DataFrame, uncertainty: pd.DataFrame | None, validation: str, regressor: str
) -> pd.DataFrame:
    """Scores by encoding and subset: adjusted_r2, low, high, null_95."""
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
    axes: Axes, scores: pd.DataFrame, subsets: list[Subset], encodings: list[str]
) -> None:
    step = 0.8 / len(encodings)
    for position, subset in enumerate(subsets):
        values = scores.reindex([(encoding, *subset) for encoding in encodings])
        if values["adjusted_r2"].isna().all():
            axes.text(position, 0.5, "undefined", ha="center", fontsize=7.5, color="0.45")
        else:
            for number, encoding in enumerate(encodings):
                x = position + step * (number - (len(encodings) - 1) / 2)
                _draw_score(axes, x, values.iloc[number], encoding)
        if position:
            border = subset[0] != subsets[position - 1][0]
            colour, width = ("black", 1.5) if border else ("0.9", 0.8)
            axes.axvline(position - 0.5, color=colour, linewidth=width, zorder=0)
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xlim(-0.5, len(subsets) - 0.5)
    axes.set_ylim(FLOOR - 0.07, 1.03)
    axes.grid(axis="y", color="0.93", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)


def _draw_score(axes: Axes, x: float, score: pd.Series, encoding: str) -> None:
    value = score["adjusted_r2"]
    colour = _marker(encoding)["color"]
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
    """Filled; hollow for the metrics that do not reveal the network's size."""
    colour, marker = encoding_style(encoding.removesuffix(_SIZE_FREE))
    hollow = encoding.endswith(_SIZE_FREE)
    return {
        "marker": marker,
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
