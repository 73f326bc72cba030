"""How well each strategy orders the pruning algorithms: rank-biased overlap with the true order."""

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
"""Those of tables 4, 11 and 12."""

CHECKS = {
    "mixture": "topometric mixture, as in the paper",
    "mixture_other_datasets": "... fitted on the other data sets",
    "mixture_other_algorithms": "... fitted without the algorithm",
    "mixture_size_free": "... of size-free metrics",
    "size": "mixture of nodes, edges, density",
    "edges": "number of edges",
}
"""Strategies of the figure of checks, and how it names them; first what is checked."""

POOLS = {
    "all": "all algorithms",
    "scored": "algorithms that score weights",
    "random": "random algorithms",
}

_STYLES = {
    "mixture": ("#D55E00", "o"),
    "layer_density": ("#0072B2", "s"),
    "delta_r": ("#009E73", "D"),
    "delta_r_imdb": ("#CC79A7", "^"),
    "lambda_imsg": ("#E69F00", "v"),
    "edges": ("#0072B2", "s"),
}


def plot_ranking(table: pd.DataFrame, pool: str = "all") -> Figure:
    """Draw the paper's strategies; bars = standard deviation over datasets.

    A panel an architecture; more than three are drawn in rows of two or three. Without layer
    density and Ramanujan metrics, edges are drawn beside the mixture.

    Parameters
    ----------
    table
        The ranking table; without a column "pool" it has one.
    pool
        Algorithms that were ranked.

    Raises
    ------
    DataError
        Missing columns, or a pool that is not in the table.
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


def plot_ranking_checks(means: pd.DataFrame) -> Figure:
    """Draw mean overlaps (over sparsities) of the mixture, what it is checked by, and chance.

    A panel an architecture, a block of rows a pool of algorithms, a row a strategy: a dot with its
    interval; the grey bar reaches from the mean of random orders to what 95 % of them stay below.

    Parameters
    ----------
    means
        The table of ranking means: pool, architecture, strategy, rbo, low, high, null_mean,
        null_95. A strategy that is not in it has no row, one without a number no dot.

    Raises
    ------
    DataError
        Missing columns, or none of the strategies that the figure shows.
    """
    columns = ["pool", "architecture", "strategy", "rbo", "low", "high", "null_mean", "null_95"]
    require_columns(means, columns)
    strategies = [name for name in CHECKS if name in set(means["strategy"])]
    if not strategies:
        raise DataError(f"the table of ranking means has none of {', '.join(CHECKS)}.")
    pools = list(dict.fromkeys(means["pool"]))
    architectures = sorted(means["architecture"].unique())
    found = {(row.architecture, row.pool, row.strategy): row for row in means.itertuples()}
    with figure_style():
        rows = len(pools) * (len(strategies) + 1)
        figure = new_figure(max(2.4 * len(architectures), 3.2) + 2.7, 0.21 * rows + 1.3)
        panels = figure.subplots(1, len(architectures), sharex=True, sharey=True, squeeze=False)[0]
        for axes, architecture in zip(panels, architectures, strict=True):
            for block, pool in enumerate(pools):
                top = block * (len(strategies) + 1)
                for number, strategy in enumerate(strategies, start=1):
                    if (architecture, pool, strategy) in found:
                        _draw_row(axes, top + number, found[architecture, pool, strategy])
                if block:
                    axes.axhline(top - 0.4, color="0.75", linewidth=0.8)
            _finish_rows(axes, rows)
            axes.set_title(architecture)
            axes.set_xlabel("mean rank-biased overlap")
        _name_rows(panels[0], pools, strategies)
        intervals = bool(means[["low", "high"]].notna().all(axis=1).any())
        handles = _check_handles(with_intervals=intervals)
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _of_pool(table: pd.DataFrame, pool: str) -> pd.DataFrame:
    if "pool" not in table:
        return table
    chosen = table[table["pool"] == pool]
    if chosen.empty:
        there = ", ".join(map(str, table["pool"].unique()))
        raise DataError(f"the ranking table has no pool '{pool}'; it has {there or 'none'}.")
    return chosen


def _papers_strategies(there: set[str]) -> list[str]:
    names = [name for name in PAPERS_STRATEGIES if name in there]
    if names in ([], ["mixture"]) and "edges" in there:
        names.append("edges")
    return names


def _draw_curves(
    axes: Axes, table: pd.DataFrame, strategies: list[str], sparsities: list[str]
) -> None:
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
        else:  # one point would draw no line
            axes.plot([-0.3, 0.3], [chance[0]] * 2, color="0.45", linestyle=":", linewidth=1.4)
    axes.set_xticks(range(len(sparsities)), sparsities)
    axes.set_xlim(-0.4, len(sparsities) - 0.6)
    axes.set_ylim(0, 1.04)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)


def _arrangement(panels: int) -> tuple[int, int]:
    """Panels in a row, and rows."""
    across = panels if panels <= 3 else 2 if panels == 4 else 3
    return across, -(-panels // across)


def _line(strategy: str) -> dict[str, Any]:
    """Colour and marker of a strategy, the same in every figure."""
    colour, marker = _STYLES[strategy]
    return {"color": colour, "marker": marker}


def _draw_row(axes: Axes, y: float, row: Any) -> None:
    colour = _check_colour(row.strategy)
    axes.plot([row.null_mean, row.null_95], [y, y], color="0.82", linewidth=6, zorder=1)
    axes.plot([row.low, row.high], [y, y], color=colour, zorder=2)
    axes.plot(row.rbo, y, marker="o", markersize=5, color=colour, zorder=3)


def _check_colour(strategy: str) -> str:
    """What is checked stands out; baselines that know no topology are black."""
    if strategy == "mixture":
        return _STYLES["mixture"][0]
    return "#0072B2" if strategy.startswith("mixture") else "black"


def _finish_rows(axes: Axes, rows: int) -> None:
    axes.set_ylim(rows - 0.4, -0.5)
    axes.set_xlim(0, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.grid(axis="x", color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)


def _name_rows(axes: Axes, pools: list[str], strategies: list[str]) -> None:
    """Name strategies by tick labels; a block is headed by its pool, in bold."""
    names = [
        name
        for pool in pools
        for name in (POOLS.get(pool, pool), *(CHECKS[strategy] for strategy in strategies))
    ]
    axes.set_yticks(range(len(names)), names)
    for place, label in enumerate(axes.get_yticklabels()):
        if place % (len(strategies) + 1) == 0:
            label.set_fontweight("bold")


def _check_handles(*, with_intervals: bool) -> list[Line2D]:
    dot = Line2D([], [], marker="o", color="0.2", markersize=5, linestyle="", label="overlap")
    interval = Line2D([], [], color="0.2", label="95 % interval (seeds resampled)")
    null = Line2D([], [], color="0.82", linewidth=6, label="random orders: mean to 95 % point")
    return [dot, interval, null] if with_intervals else [dot, null]
