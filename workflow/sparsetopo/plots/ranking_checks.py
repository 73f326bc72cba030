"""Does the ranking hold: the topometric mixture beside its variants, baselines and random rankings."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.plots.style import figure_style, new_figure

CHECKS = {
    "mixture": "topometric mixture, as in the paper",
    "mixture_other_datasets": "... fitted on the other data sets",
    "mixture_other_algorithms": "... fitted without the algorithm",
    "mixture_size_free": "... of size-free metrics",
    "size": "mixture of nodes, edges, density",
    "edges": "number of edges",
}
"""Strategies of the figure, first the one that is checked, and how they are written."""

POOLS = {
    "all": "all algorithms",
    "scored": "algorithms that score weights",
    "random": "random algorithms",
}


def plot_ranking_checks(means: pd.DataFrame) -> Figure:
    """Draw the mixture's overlap, averaged over sparsities, beside its variants, baselines and chance.

    There is one panel per architecture, in it one group of rows per pool of algorithms, and one row per strategy: a
    dot with its interval. The grey bar reaches from the mean of random rankings to their 95 % point. A strategy that is
    not in the table has no row, one without a number no dot; a table with none of them is a `DataError`.
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
            for group, pool in enumerate(pools):
                top = group * (len(strategies) + 1)
                for number, strategy in enumerate(strategies, start=1):
                    if (architecture, pool, strategy) in found:
                        _draw_row(axes, top + number, found[architecture, pool, strategy])
                if group:
                    axes.axhline(top - 0.4, color="0.75", linewidth=0.8)
            _finish_rows(axes, rows)
            axes.set_title(architecture)
            axes.set_xlabel("mean rank-biased overlap")
        _name_rows(panels[0], pools, strategies)
        intervals = bool(means[["low", "high"]].notna().all(axis=1).any())
        handles = _check_handles(with_intervals=intervals)
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw_row(axes: Axes, y: float, row: Any) -> None:
    colour = _check_colour(row.strategy)
    axes.plot([row.null_mean, row.null_95], [y, y], color="0.82", linewidth=6, zorder=1)
    axes.plot([row.low, row.high], [y, y], color=colour, zorder=2)
    axes.plot(row.rbo, y, marker="o", markersize=5, color=colour, zorder=3)


def _check_colour(strategy: str) -> str:
    """The mixture stands out among its variants; baselines that know no topology are black."""
    if strategy == "mixture":
        return "#D55E00"
    return "#0072B2" if strategy.startswith("mixture") else "black"


def _finish_rows(axes: Axes, rows: int) -> None:
    axes.set_ylim(rows - 0.4, -0.5)
    axes.set_xlim(0, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.grid(axis="x", color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)


def _name_rows(axes: Axes, pools: list[str], strategies: list[str]) -> None:
    """Name the strategies by tick labels; each group is headed by its pool, in bold."""
    names = [
        name
        for pool in pools
        for name in (POOLS.get(pool, pool), *(CHECKS[strategy] for strategy in strategies))
    ]
    axes.set_yticks(range(len(names)), names)
    for position, label in enumerate(axes.get_yticklabels()):
        if position % (len(strategies) + 1) == 0:
            label.set_fontweight("bold")


def _check_handles(*, with_intervals: bool) -> list[Line2D]:
    dot = Line2D([], [], marker="o", color="0.2", markersize=5, linestyle="", label="overlap")
    interval = Line2D([], [], color="0.2", label="95 % interval (seeds resampled)")
    null = Line2D([], [], color="0.82", linewidth=6, label="random orders: mean to 95 % point")
    return [dot, interval, null] if with_intervals else [dot, null]
