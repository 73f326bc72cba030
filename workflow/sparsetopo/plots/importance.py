"""Feature importance as a heat map (figures 3 and 4 of the paper)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sparsetopo.analysis.tables.metrics import study_metrics
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.metrics.registry import CATEGORIES
from sparsetopo.plots.heat import draw_heat_map
from sparsetopo.plots.style import figure_style, new_figure
from sparsetopo.plots.subsets import SUBSET, separate_kinds, subsets_of


def plot_importance(table: pd.DataFrame) -> Figure:
    """Draw the table of `analysis.importance.importance_table`, with the metrics grouped by category.

    Where metrics were measured on initial and on trained weights, the initial ones are shown. Red means that the drop
    grows with the metric, blue that it shrinks. A correlation that does not exist is a dash.
    """
    require_columns(table, [*SUBSET, "metric", "category", "pearson_r", "status"])
    if "weights" in table:
        table = table[table["weights"] == table["weights"].iloc[0]]
    subsets = subsets_of(table)
    rank = {name: position for position, name in enumerate(CATEGORIES)}
    rows = table.drop_duplicates("metric")[["metric", "category"]]
    rows = rows.assign(order=rows["category"].map(rank).fillna(len(rank)))
    rows = rows.sort_values("order", kind="stable")
    wide = table.assign(pearson_r=table["pearson_r"].where(table["status"] == "ok"))
    wide = wide.pivot(index="metric", columns=SUBSET, values="pearson_r")
    values = wide.loc[list(rows["metric"]), subsets].to_numpy(np.float64)
    metrics = study_metrics(rows["metric"])
    labels = [metrics[name].label for name in rows["metric"]]
    with figure_style():
        figure = new_figure(0.66 * len(subsets) + 4.0, 0.29 * len(labels) + 1.2)
        axes = figure.subplots()
        draw_heat_map(
            axes, values, [name for _, name in subsets], labels,
            colours="RdBu_r", norm=Normalize(-1, 1), label="correlation with the accuracy drop",
        )  # fmt: skip
        separate_kinds(axes, subsets)
        _bracket_categories(axes, list(rows["category"]))
    return figure


def _bracket_categories(axes: Axes, categories: list[str]) -> None:
    """Name each run of equal categories left of the metric labels, and separate the runs by lines."""
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
