"""Accuracy against sparsity: one curve per algorithm, one panel per architecture and data set."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sparsetopo.analysis.tables.table import require_columns, sparsity_strings
from sparsetopo.plots.style import algorithm_style, display, figure_style, new_figure


def plot_accuracy(table: pd.DataFrame) -> Figure:
    """Draw the mean accuracy over seeds, their range as bars, and the dense accuracy as a line.

    Accuracies are 0..1; a network without one is a gap. If there is a column accuracy_std (published accuracies, the
    same for all seeds), the bars show that standard deviation.
    """
    require_columns(
        table, ["algorithm", "dataset", "architecture", "sparsity", "accuracy", "dense_accuracy"]
    )
    table = table.assign(sparsity=sparsity_strings(table["sparsity"]))
    datasets = sorted(table["dataset"].unique())
    architectures = sorted(table["architecture"].unique())
    sparsities = sorted(table["sparsity"].unique(), key=float)
    styles = algorithm_style(list(table["algorithm"]))
    with figure_style():
        figure = new_figure(max(3.1 * len(architectures), 4.0) + 1.3, 2.9 * len(datasets) + 0.3)
        panels = figure.subplots(
            len(datasets), len(architectures), sharex=True, sharey="row", squeeze=False
        )
        for row, dataset in enumerate(datasets):
            for column, architecture in enumerate(architectures):
                axes = panels[row, column]
                here = table[
                    (table["dataset"] == dataset) & (table["architecture"] == architecture)
                ]
                _draw_panel(axes, here, sparsities, styles)
                axes.set_title(architecture if len(datasets) == 1 else f"{architecture}, {dataset}")
                if row == len(datasets) - 1:
                    axes.set_xlabel("sparsity (share of weights pruned)")
            where = f" on {dataset}" if len(datasets) == 1 else ""  # otherwise in the titles
            panels[row, 0].set_ylabel(f"test accuracy{where} (%)")
        handles = [
            Line2D([], [], color=colour, marker=marker, markersize=5, label=display(name))
            for name, (colour, marker) in styles.items()
        ]
        handles.append(Line2D([], [], color="0.35", linestyle="--", label="dense"))
        figure.legend(handles=handles, loc="outside right center", title="pruning algorithm")
    return figure


def _draw_panel(
    axes: Axes, table: pd.DataFrame, sparsities: list[str], styles: dict[str, tuple[str, str]]
) -> None:
    positions = {sparsity: float(position) for position, sparsity in enumerate(sparsities)}
    for number, (name, (colour, marker)) in enumerate(styles.items()):
        own = table[table["algorithm"] == name]
        if own.empty:
            continue
        stats = 100 * _statistics(own)
        # Side by side within the sparsity, so that the bars do not hide each other.
        shift = min(0.07, 0.7 / len(styles)) * (number - (len(styles) - 1) / 2)
        x = [positions[sparsity] + shift for sparsity in stats.index]
        bars = stats[["below", "above"]].to_numpy().T
        axes.errorbar(x, stats["mean"], bars, color=colour, linewidth=1, alpha=0.9, elinewidth=1)
        axes.plot(x, stats["mean"], linestyle="", marker=marker, markersize=4.5, color=colour)
    if not table.empty:
        axes.axhline(
            100 * table["dense_accuracy"].mean(), color="0.35", linestyle="--", linewidth=1
        )
    axes.set_xticks(list(positions.values()), sparsities)
    axes.set_xlim(-0.5, len(sparsities) - 0.5)
    axes.grid(axis="y", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)


def _statistics(networks: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy per sparsity, and how far its bar reaches below and above."""
    groups = networks.groupby("sparsity")
    table = groups["accuracy"].agg(["mean", "min", "max"])
    below, above = table["mean"] - table["min"], table["max"] - table["mean"]
    if "accuracy_std" in networks:
        below = above = groups["accuracy_std"].mean()
    table = pd.DataFrame({"mean": table["mean"], "below": below, "above": above})
    return table.loc[sorted(table.index, key=float)]
