"""How well each strategy ranks the pruning algorithms: rank-biased overlap with the true ranking."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.plots.style import display, figure_style, new_figure

PAPERS_STRATEGIES = ("mixture", "layer_density", "delta_r", "delta_r_imdb", "lambda_imsg")
"""The strategies of tables 4, 11 and 12."""

_STYLES = {
    "mixture": ("#D55E00", "o"),
    "layer_density": ("#0072B2", "s"),
    "delta_r": ("#009E73", "D"),
    "delta_r_imdb": ("#CC79A7", "^"),
    "lambda_imsg": ("#E69F00", "v"),
    "edges": ("#0072B2", "s"),
}


def plot_ranking(table: pd.DataFrame, pool: str = "all") -> Figure:
    """Draw the paper's strategies, one panel per architecture; bars are standard deviations over data sets.

    If the table has none of layer density and the Ramanujan metrics, the number of edges is drawn beside the mixture.
    The pool names the algorithms that were ranked; a table without a column "pool" has a single one. A pool that the
    table lacks is a `DataError`.
    """
    require_columns(table, ["architecture", "sparsity", "strategy", "rbo", "rbo_std"])
    table = _of_pool(table, pool)
    architectures = sorted(table["architecture"].unique())
    sparsities = sorted(table["sparsity"].unique(), key=float)
    strategies = _papers_strategies(set(table["strategy"]))
    with figure_style():
        across, down = _arrangement(len(architectures))
        figure = new_figure(max(3.1 * across, 3.6) + 1.9, 2.9 * down + 0.2)
        grid = figure.subplots(down, across, sharey=True, squeeze=False)
        panels = grid.ravel()
        for axes in panels[len(architectures) :]:
            axes.set_axis_off()
        for axes, architecture in zip(panels, architectures, strict=False):
            here = table[table["architecture"] == architecture]
            _draw_curves(axes, here, strategies, sparsities)
            axes.set_title(architecture)
            axes.set_xlabel("sparsity")
        for axes in grid[:, 0]:
            axes.set_ylabel("rank-biased overlap with the truth")
        handles = [
            Line2D([], [], **_line(name), markersize=5, label=display(name)) for name in strategies
        ]
        handles.append(
            Line2D([], [], color="0.45", linestyle=":", label="random order\n(expected)")
        )
        figure.legend(handles=handles, loc="outside right center", title="ordered by")
    return figure


def _of_pool(table: pd.DataFrame, pool: str) -> pd.DataFrame:
    if "pool" not in table:
        return table
    chosen = table[table["pool"] == pool]
    if chosen.empty:
        present = ", ".join(map(str, table["pool"].unique()))
        raise DataError(f"the ranking table has no pool '{pool}'; it has {present or 'none'}.")
    return chosen


def _papers_strategies(present: set[str]) -> list[str]:
    names = [name for name in PAPERS_STRATEGIES if name in present]
    if names in ([], ["mixture"]) and "edges" in present:
        names.append("edges")
    return names


def _draw_curves(
    axes: Axes, table: pd.DataFrame, strategies: list[str], sparsities: list[str]
) -> None:
    if table["rbo"].isna().all():
        status = str(table["status"].iloc[0]) if "status" in table else "no overlap"
        axes.text(0.5, 0.5, textwrap.fill(status, 24), ha="center", transform=axes.transAxes)
    here = table.set_index(["strategy", "sparsity"])
    for number, strategy in enumerate(strategies):
        if strategy not in here.index:
            continue
        own = here.loc[strategy].reindex(sparsities)
        shift = 0.09 * (number - (len(strategies) - 1) / 2)
        axes.errorbar(
            np.arange(len(sparsities)) + shift,
            own["rbo"].to_numpy(),
            own["rbo_std"].to_numpy(),
            **_line(strategy),
            markersize=5,
            linewidth=1.2,
            elinewidth=1,
            capsize=2,
        )
    if "chance" in here.index:
        chance = here.loc["chance"].reindex(sparsities)["rbo"].to_numpy()
        if len(sparsities) > 1:
            axes.plot(chance, color="0.45", linestyle=":", linewidth=1.4)
        else:  # a line needs two points
            axes.plot([-0.3, 0.3], [chance[0]] * 2, color="0.45", linestyle=":", linewidth=1.4)
    axes.set_xticks(range(len(sparsities)), sparsities)
    axes.set_xlim(-0.4, len(sparsities) - 0.6)
    axes.set_ylim(0, 1.04)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)


def _arrangement(panels: int) -> tuple[int, int]:
    """Panels per row, and rows: up to three side by side, four as two by two."""
    across = panels if panels <= 3 else 2 if panels == 4 else 3
    return across, -(-panels // across)


def _line(strategy: str) -> dict[str, Any]:
    """Colour and marker of a strategy."""
    colour, marker = _STYLES[strategy]
    return {"color": colour, "marker": marker}
