"""Is a Ramanujan metric more than layer density: one dot per layer (figures 2 and 5 of the paper)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.ramanujan_density import RAMANUJAN_METRICS, correlations
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.plots.heat import number_text
from sparsetopo.plots.style import algorithm_style, display, figure_style, new_figure
from sparsetopo.seeding import generator

_POINTS = 1000
"""Maximum number of dots per panel, since more hide each other; the correlations are of all layers."""

_LABELS = {
    "delta_r": "difference of bound\n(relative to the bound)",
    "delta_r_imdb": "iterative mean\ndifference of bound",
    "lambda_imsg": "iterative mean weighted\nspectral gap (log scale)",
}


def plot_ramanujan(layers: pd.DataFrame) -> Figure:
    """Draw every Ramanujan metric against layer density, all data sets together.

    There is one row per metric, one panel per architecture, and one dot per layer of a network (a fixed random choice
    of them if there are many). Above each panel are both correlations, over all layers that have the metric. The dots
    are an image within the SVG, since as shapes they would take many megabytes. The table has one row per layer; its
    density is the share of weights kept, and missing values are NaN.
    """
    require_columns(layers, ["algorithm", "architecture", "density", *RAMANUJAN_METRICS])
    architectures = sorted(layers["architecture"].unique())
    styles = algorithm_style(list(layers["algorithm"]))
    with figure_style():
        figure = new_figure(max(2.75 * len(architectures), 3.4) + 1.7, 7.4)
        panels = figure.subplots(
            len(RAMANUJAN_METRICS), len(architectures), sharex=True, sharey="row", squeeze=False
        )
        for row, metric in enumerate(RAMANUJAN_METRICS):
            for column, architecture in enumerate(architectures):
                axes = panels[row, column]
                here = layers[layers["architecture"] == architecture]
                text = _draw_panel(axes, here, metric, styles)
                axes.text(
                    0.5, 1.02, text, transform=axes.transAxes, ha="center", va="bottom",
                    fontsize=8, color="0.25",
                )  # fmt: skip
                if row == 0:
                    axes.set_title(architecture, pad=22)
            panels[row, 0].set_ylabel(_LABELS[metric])
        for axes in panels[-1]:
            axes.set_xlabel("layer density (log scale)")
        handles = [
            Line2D(
                [], [], color=colour, marker="o", linestyle="", markersize=5, label=display(name)
            )
            for name, (colour, _) in styles.items()
        ]
        figure.legend(handles=handles, loc="outside right center", title="pruning algorithm")
    return figure


def _draw_panel(
    axes: Axes, layers: pd.DataFrame, metric: str, styles: dict[str, tuple[str, str]]
) -> str:
    """Draw the dots, and return the text to write above them."""
    shown = layers[layers[metric].notna() & (layers["density"] > 0)]
    # In random order, so that no algorithm covers the others.
    order = generator("dots of the Ramanujan figure").permutation(len(shown))[:_POINTS]
    shown = shown.iloc[order]
    colours = [styles[name][0] for name in shown["algorithm"]]
    axes.scatter(
        shown["density"], shown[metric], s=4, c=colours, alpha=0.55, linewidths=0, rasterized=True
    )
    axes.set_xscale("log")
    if metric == "lambda_imsg":
        axes.set_yscale("log")
    else:
        axes.axhline(0, color="0.6", linewidth=0.7)
    axes.grid(color="0.93", linewidth=0.7)
    axes.set_axisbelow(True)
    pearson_r, spearman_r, rows, status = correlations(layers[metric], layers["density"])
    if status != "ok":
        return f"no correlation: {status}"
    return f"Pearson {number_text(pearson_r)}, Spearman {number_text(spearman_r)} (n={rows:,})"
