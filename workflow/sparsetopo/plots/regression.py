"""The regression table as a figure: adjusted R2 and mean absolute error."""

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.plots.heat import draw_heat_map, number_text, r2_text
from sparsetopo.plots.style import figure_style
from sparsetopo.plots.subsets import (
    SUBSET,
    separate_kinds,
    subsets_of,
    two_panels,
    undefined_subsets,
)

SUMMARIES = ("median", "mean")
"""Rows of the table that summarise its regressors; the last rows of the figure."""


def plot_regression(table: pd.DataFrame) -> Figure:
    """Draw the paper's case of a regression table (`papers_case`): adjusted R2 and mean absolute error.

    A subset that cannot be scored says why, and a number that does not exist is a dash. The colours of adjusted R2 end
    at 0, which is no better than predicting the mean; values below -1 are written so.
    """
    require_columns(table, [*SUBSET, "rows", "regressor", "adjusted_r2", "mae", "status"])
    table = papers_case(table)
    subsets = subsets_of(table)
    first = table.drop_duplicates(SUBSET)
    names = [f"{name}\n(n={n})" for (_, name), n in zip(subsets, first["rows"], strict=True)]
    notes = undefined_subsets(table, "mae")
    present = dict.fromkeys(table["regressor"])
    summaries = [name for name in SUMMARIES if name in present]
    regressors = [name for name in present if name not in SUMMARIES] + summaries
    with figure_style():
        width, height = 0.6 * len(subsets) + 2.0, 0.3 * len(regressors) + 1.5
        figure, left, right = two_panels(subsets, width, height, margin=0.6, sharey=True)
        scores = ["adjusted_r2", "mae"]
        wide = table.pivot(index="regressor", columns=SUBSET, values=scores).loc[regressors]
        r2, errors = (wide[score][subsets].to_numpy(np.float64) for score in scores)
        draw_heat_map(
            left, r2, names, regressors,
            colours="YlGnBu", norm=Normalize(0, 1), label="adjusted R²", write=r2_text, notes=notes,
        )  # fmt: skip
        draw_heat_map(
            right, errors, names, regressors,
            colours="YlOrBr", norm=Normalize(0, _largest_colour(errors)), label="mean absolute error",
            write=_error_text, notes=notes,
        )  # fmt: skip
        for axes, title in ((left, "adjusted R²"), (right, "mean absolute error")):
            separate_kinds(axes, subsets)
            if 0 < len(summaries) < len(regressors):
                axes.axhline(len(regressors) - len(summaries) - 0.5, color="black", linewidth=1.5)
            axes.set_title(title)
    return figure


def papers_case(table: pd.DataFrame, encoding: str = "MGE") -> pd.DataFrame:
    """Rows of one encoding, on shuffled folds, of the first scaling there is.

    A table that lacks one of the columns encoding, validation and scaling has a single case of it. One that has the
    columns, but no such row, is a `DataError`.
    """
    case = table
    for column, value in (("encoding", encoding), ("validation", "shuffled")):
        if column not in case:
            continue
        if value not in set(case[column]):
            present = ", ".join(map(str, case[column].unique()))
            raise DataError(
                f"the regression table has no row with {column} '{value}', which the figure shows; "
                f"it has {present or 'none'}."
            )
        case = case[case[column] == value]
    return case[case["scaling"] == case["scaling"].iloc[0]] if "scaling" in case else case


def _error_text(value: float) -> str:
    return "> 10" if value > 9.9995 else number_text(value, 3)


def _largest_colour(errors: np.ndarray) -> float:
    """End of the error's colour scale, limited so that a few failed fits do not hide all differences."""
    finite = errors[np.isfinite(errors)]
    if finite.size == 0:
        return 1.0
    return float(min(finite.max(), 5 * np.median(finite))) or 1.0
