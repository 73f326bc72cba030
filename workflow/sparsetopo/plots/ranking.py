"""How well each strategy orders the pruning algorithms: rank-biased overlap against sparsity."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.tables import require_columns
from sparsetopo.plots.style import display, figure_style, new_figure

_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vP"


def plot_ranking(table: pd.DataFrame) -> Figure:
    """Draw `analysis.ranking.ranking_table`; bars = standard deviation over datasets.

    A panel an architecture; more than three are drawn in rows of two or three.
    """
    require_columns(table, ["architecture", "sparsity", "strategy", "rbo", "rbo_std"])
    architectures = sorted(table["architecture"].unique())
    sparsities = sorted(table["sparsity"].unique(), key=float)
    strategies = [name for name in table["strategy"].unique() if name != "chance"]
    with figure_style():
        across, down = _arrangement(len(architectures))
        figure = new_figure(max(3.1 * across, 3.6) + 1.9, 2.9 * down + 0.2)
        grid = figure.subplots(down, across, sharey=True, squeeze=False)
        panels = grid.ravel()
        for axes in panels[len(architectures) :]:
            axes.set_axis_off()
        for axes, architecture in zip(panels, architectures, strict=False):
            here = table[table["architecture"] == architecture].set_index(["strategy", "sparsity"])
            for number, strategy in enumerate(strategies):
                own = here.loc[strategy].reindex(sparsities)
                shift = 0.09 * (number - (len(strategies) - 1) / 2)
                axes.errorbar(
                    np.arange(len(sparsities)) + shift,
                    own["rbo"].to_numpy(),
                    own["rbo_std"].to_numpy(),
                    **_line(number),
                    linewidth=1.2,
                    elinewidth=1,
                    capsize=2,
                )
            if "chance" in here.index:
                chance = here.loc["chance"].reindex(sparsities)
                axes.plot(chance["rbo"].to_numpy(), color="0.45", linestyle=":", linewidth=1.4)
            axes.set_xticks(range(len(sparsities)), sparsities)
            axes.set_xlim(-0.4, len(sparsities) - 0.6)
            axes.set_ylim(0, 1.04)
            axes.grid(axis="y", color="0.9", linewidth=0.8)
            axes.set_axisbelow(True)
            axes.set_title(architecture)
            axes.set_xlabel("sparsity")
        for axes in grid[:, 0]:
            axes.set_ylabel("rank-biased overlap with the truth")
        handles = [
            Line2D([], [], **_line(number), label=display(name))
            for number, name in enumerate(strategies)
        ]
        handles.append(
            Line2D([], [], color="0.45", linestyle=":", label="random order\n(expected)")
        )
        figure.legend(handles=handles, loc="outside right center", title="ordered by")
    return figure


def _arrangement(panels: int) -> tuple[int, int]:
    """Panels in a row, and rows."""
    across = panels if panels <= 3 else 2 if panels == 4 else 3
    return across, -(-panels // across)


def _line(number: int) -> dict[str, Any]:
    """Colour and marker of the strategy of that number."""
    place = number % len(_COLOURS)
    return {"color": _COLOURS[place], "marker": _MARKERS[place], "markersize": 5}
