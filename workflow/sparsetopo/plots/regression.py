"""The regression table as a figure: adjusted R2 and mean absolute error."""

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.plots.heat import draw_heat_map, number_text, separate_columns
from sparsetopo.plots.style import figure_style, new_figure

_SIDE_BY_SIDE = 7
"""Columns: the five sparsities of the paper and two architectures."""

PAPERS_ENCODING, SHUFFLED = "MGE", "shuffled"
"""What the paper regresses on first, and how it validates."""


def plot_regression(table: pd.DataFrame) -> Figure:
    """Draw the paper's case of a regression table: left adjusted R2, right mean absolute error.

    Of a table with several encodings, validations or scalings that case is drawn: `papers_case`.
    Columns of few rows are marked *; a number that does not exist is shown as a dash. Colours are
    cut at an adjusted R2 of 0 (no better than predicting the mean), numbers below -9.95 are
    written "< -10". With more than `_SIDE_BY_SIDE` columns the error is drawn below R2: side by side
    the figure would be too wide to read on a page.
    """
    require_columns(
        table, ["subset_kind", "subset", "rows", "regressor", "adjusted_r2", "mae", "status"]
    )
    table = papers_case(table)
    columns = table.drop_duplicates(["subset_kind", "subset"])
    names = [
        f"{column}{'' if status == 'ok' else '*'}\n(n={rows})"
        for column, rows, status in zip(
            columns["subset"], columns["rows"], columns["status"], strict=True
        )
    ]
    regressors = list(
        dict.fromkeys(name for name in table["regressor"] if name not in ("mean", "median"))
    )
    regressors += [name for name in ("median", "mean") if name in set(table["regressor"])]
    with figure_style():
        width, height = 0.6 * len(columns) + 2.0, 0.3 * len(regressors) + 1.5
        beside = len(columns) <= _SIDE_BY_SIDE
        if beside:
            left, right = new_figure(2 * width, height).subplots(1, 2, sharey=True)
        else:
            left, right = new_figure(width + 0.6, 2 * height).subplots(2, 1)
        figure = left.figure
        for axes, score, title in (
            (left, "adjusted_r2", "adjusted R²"),
            (right, "mae", "mean absolute error"),
        ):
            wide = table.pivot(index="regressor", columns=["subset_kind", "subset"], values=score)
            values = wide.loc[
                regressors, list(zip(columns["subset_kind"], columns["subset"], strict=True))
            ]
            numbers = values.to_numpy(np.float64)
            norm = Normalize(0, 1) if score == "adjusted_r2" else Normalize(0, _upper(numbers))
            texts = [[_text(value, score) for value in line] for line in numbers]
            colours = "YlGnBu" if score == "adjusted_r2" else "YlOrBr"
            draw_heat_map(
                axes, numbers, texts, names, regressors, colours=colours, norm=norm, label=title
            )
            separate_columns(axes, list(columns["subset_kind"]))
            summaries = sum(name in ("median", "mean") for name in regressors)
            if 0 < summaries < len(regressors):
                axes.axhline(len(regressors) - summaries - 0.5, color="black", linewidth=1.5)
            axes.set_title(title)
        if (columns["status"] != "ok").any():
            figure.supxlabel("* few rows or undefined: see the table's status", fontsize=8)
    return figure


def papers_case(table: pd.DataFrame, encoding: str = PAPERS_ENCODING) -> pd.DataFrame:
    """Rows of one encoding, shuffled folds, and the first scaling that these have.

    A table without one of the columns encoding, validation, scaling has one case of it.

    Raises
    ------
    DataError
        If the table has no row of that encoding with shuffled folds.
    """
    case = table
    for column, value in (("encoding", encoding), ("validation", SHUFFLED)):
        if column not in case:
            continue
        if value not in set(case[column]):
            there = ", ".join(map(str, case[column].unique()))
            raise DataError(
                f"the regression table has no row with {column} '{value}', which the figure shows; "
                f"it has {there or 'none'}."
            )
        case = case[case[column] == value]
    return case[case["scaling"] == case["scaling"].iloc[0]] if "scaling" in case else case


def _text(value: float, score: str) -> str:
    if score == "adjusted_r2":
        return "< −10" if value < -9.95 else number_text(value)
    return "> 10" if value > 9.9995 else number_text(value, 3)


def _upper(numbers: np.ndarray) -> float:
    """End of the error's colour scale: a few failed fits must not make all others look the same."""
    finite = numbers[np.isfinite(numbers)]
    if finite.size == 0:
        return 1.0
    return float(min(finite.max(), 5 * np.median(finite))) or 1.0
