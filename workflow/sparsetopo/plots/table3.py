"""Table 3 of the paper as a figure: adjusted R2 of each encoding, ours beside the printed one."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.paper.comparison_tables import (
    read_paper_regression,
    regression_comparison,
)
from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS
from sparsetopo.analysis.tables.paper_grid import SPARSITIES
from sparsetopo.plots.style import encoding_style, figure_style, new_figure
from sparsetopo.plots.subsets import NAME

OURS, PAPER = "adjusted_r2", "paper_adjusted_r2"
_APART = 0.17
"""Distance of an encoding's two points, of 1 between subsets."""


def plot_table3(regression: pd.DataFrame) -> Figure:
    """Draw table 3, from the study's table ``regression`` and the paper's printed one.

    There is a panel for the subsets of one sparsity and one for those of one architecture. What was not computed has
    the paper's point only.

    Raises
    ------
    DataError
        As `comparison_tables.regression_comparison`.
    """
    table = regression_comparison(regression, read_paper_regression())
    of_sparsity = table[NAME].isin(SPARSITIES)
    panels = {"sparsity": table[of_sparsity], "architecture": table[~of_sparsity]}
    widths = [part[NAME].nunique() for part in panels.values()]
    with figure_style():
        figure = new_figure(10.4, 3.9)
        grid = figure.subplots(1, 2, sharey=True, width_ratios=widths)
        for axes, (kind, part) in zip(grid, panels.items(), strict=True):
            _draw_panel(axes, part)
            axes.set_title(f"networks of one {kind}")
        grid[0].set_ylabel("adjusted R² of the accuracy drop")
        _add_legend(figure)
    return figure


def _draw_panel(axes: Axes, table: pd.DataFrame) -> None:
    subsets = list(dict.fromkeys(table[NAME]))
    step = 0.9 / len(PAPER_ENCODINGS)
    for number, encoding in enumerate(PAPER_ENCODINGS):
        own = table[table["encoding"] == encoding].set_index(NAME).reindex(subsets)
        middle = np.arange(len(subsets)) + step * (number - (len(PAPER_ENCODINGS) - 1) / 2)
        left, right = middle - _APART / 2, middle + _APART / 2
        values = own[PAPER].to_numpy(), own[OURS].to_numpy()
        axes.plot([left, right], values, color=encoding_style(encoding)[0], linewidth=1)
        axes.plot(left, values[0], **_point(encoding, hollow=True))
        axes.plot(right, values[1], **_point(encoding))
    for border in range(1, len(subsets)):
        axes.axvline(border - 0.5, color="0.9", linewidth=0.8, zorder=0)
    axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set_xticks(range(len(subsets)), subsets)
    axes.set_xlim(-0.5, len(subsets) - 0.5)
    axes.grid(axis="y", color="0.93", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)


def _point(encoding: str, *, hollow: bool = False) -> dict[str, Any]:
    colour, marker = encoding_style(encoding)
    face = "white" if hollow else colour
    return {
        **{"color": colour, "marker": marker, "markerfacecolor": face},
        **{"markersize": 5.5, "linestyle": ""},
    }


def _add_legend(figure: Figure) -> None:
    names = {
        "MGE": "multipartite graph (MGE)",
        "rolled": "layers, rolled",
        "rolled-channel": "layers, rolled-channel",
    }
    handles = [
        Line2D([], [], label=names[encoding], **_point(encoding)) for encoding in PAPER_ENCODINGS
    ]
    grey: dict[str, Any] = {"color": "0.35", "marker": "o", "markersize": 5.5, "linestyle": ""}
    handles += [
        Line2D([], [], label="printed in the paper", markerfacecolor="white", **grey),
        Line2D([], [], label="ours, from the released results", **grey),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
