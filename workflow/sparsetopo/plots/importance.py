"""Feature importance as a heat map (figures 3 and 4 of the paper)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.metrics.registry import CATEGORIES, Feature
from sparsetopo.plots.heat import draw_heat_map, number_text, separate_columns
from sparsetopo.plots.style import figure_style, new_figure


def plot_importance(table: pd.DataFrame, metrics: Mapping[str, Feature] = PAPER_METRICS) -> Figure:
    """Draw `analysis.importance.importance_table`, metrics grouped by category.

    Red: the drop grows with the metric; blue: it shrinks. A correlation that does not exist is
    shown as a dash.
    """
    require_columns(table, ["subset_kind", "subset", "metric", "category", "pearson_r", "status"])
    columns = table.drop_duplicates(["subset_kind", "subset"])
    keys = list(zip(columns["subset_kind"], columns["subset"], strict=True))
    rows = table.drop_duplicates("metric")[["metric", "category"]]
    place = {name: number for number, name in enumerate(CATEGORIES)}
    rows = rows.assign(order=rows["category"].map(place).fillna(len(place))).sort_values(
        "order", kind="stable"
    )
    wide = table.assign(pearson_r=table["pearson_r"].where(table["status"] == "ok"))
    wide = wide.pivot(index="metric", columns=["subset_kind", "subset"], values="pearson_r")
    values = wide.loc[list(rows["metric"]), keys].to_numpy(np.float64)
    texts = [[number_text(value) for value in line] for line in values]
    labels = [metrics[key].label if key in metrics else key for key in rows["metric"]]
    with figure_style():
        figure = new_figure(0.66 * len(keys) + 4.0, 0.29 * len(labels) + 1.2)
        axes = figure.subplots()
        draw_heat_map(
            axes, values, texts, list(columns["subset"]), labels,
            colours="RdBu_r", norm=Normalize(-1, 1), label="correlation with the accuracy drop",
        )  # fmt: skip
        separate_columns(axes, list(columns["subset_kind"]))
        _bracket_categories(axes, list(rows["category"]))
    return figure


def _bracket_categories(axes: Axes, categories: list[str]) -> None:
    """Name each run of equal categories left of the metric labels, and part the runs with lines."""
    start = 0
    for end in range(1, len(categories) + 1):
        if end < len(categories) and categories[end] == categories[start]:
            continue
        if end < len(categories):
            axes.axhline(end - 0.5, color="black", linewidth=0.8)
        axes.annotate(
            categories[start], xy=(0, (start + end - 1) / 2), xycoords=("axes fraction", "data"),
            xytext=(-118, 0), textcoords="offset points", rotation=90 if end - start > 1 else 0,
            ha="center", va="center", fontsize=8, fontweight="bold", color="0.3",
        )  # fmt: skip
        start = end
