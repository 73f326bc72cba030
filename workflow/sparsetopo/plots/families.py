"""What each family of metrics contributes: the regression with it alone, and without it."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.metrics.registry import CATEGORIES
from sparsetopo.plots.heat import draw_heat_map, number_text, separate_columns
from sparsetopo.plots.style import figure_style, new_figure

_SIDE_BY_SIDE = 7
"""Columns up to which both heat maps fit beside each other on a page."""


def plot_families(table: pd.DataFrame) -> Figure:
    """Draw two heat maps: adjusted R2 of all families and of each alone; what is lost without each.

    Parameters
    ----------
    table
        The table of families: subset_kind, subset, family, use ("all", "keep", "drop"),
        adjusted_r2, difference (from that of all families), status. Where a number does not exist
        a dash stands; subsets of few rows are marked *.
    """
    require_columns(
        table, ["subset_kind", "subset", "family", "use", "adjusted_r2", "difference", "status"]
    )
    columns = list(
        table[["subset_kind", "subset"]].drop_duplicates().itertuples(index=False, name=None)
    )
    families = _in_order(table.loc[table["use"] != "all", "family"].dropna())
    cautioned = {(row.subset_kind, row.subset) for row in table.itertuples() if row.status != "ok"}
    labels = [name + "*" * ((kind, name) in cautioned) for kind, name in columns]
    with figure_style():
        width, height = 0.62 * len(columns) + 2.3, 0.34 * (len(families) + 1) + 1.2
        if len(columns) <= _SIDE_BY_SIDE:
            figure = new_figure(2 * width, height)
            left, right = figure.subplots(1, 2)
        else:
            figure = new_figure(width + 0.5, 2 * height)
            left, right = figure.subplots(2, 1)
        rows = [("all", None), *(("keep", family) for family in families)]
        names = ["all families", *(f"{family} only" for family in families)]
        scores = _wide(table, rows, columns, "adjusted_r2")
        _draw(left, scores, labels, names, "YlGnBu", Normalize(0, 1), "adjusted R²")
        left.axhline(0.5, color="black", linewidth=1.5)
        left.set_title("with one family of metrics alone")
        losses = _wide(table, [("drop", family) for family in families], columns, "difference")
        reach = _reach(losses)
        names = [f"without {family}" for family in families]
        _draw(
            right, losses, labels, names, "RdBu", Normalize(-reach, reach), "change of adjusted R²"
        )
        right.set_title("change when one family is left out")
        for axes in (left, right):
            separate_columns(axes, [kind for kind, _ in columns])
        if cautioned:
            figure.supxlabel("* few rows or undefined: see the table's status", fontsize=8)
    return figure


def _in_order(families: pd.Series) -> list[str]:
    known = [name for name in CATEGORIES if name in set(families)]
    return known + sorted(set(families) - set(CATEGORIES))


def _wide(
    table: pd.DataFrame,
    rows: list[tuple[str, str | None]],
    columns: list[tuple[str, str]],
    score: str,
) -> np.ndarray:
    """Scores of shape (rows, columns); a row is a use and, but for "all", a family."""
    lines = []
    for use, family in rows:
        chosen = table[(table["use"] == use)]
        if family is not None:
            chosen = chosen[chosen["family"] == family]
        values = chosen.set_index(["subset_kind", "subset"])[score]
        lines.append(values.reindex(columns).to_numpy(np.float64))
    return np.array(lines)


def _draw(
    axes: Axes,
    values: np.ndarray,
    columns: list[str],
    rows: list[str],
    colours: str,
    norm: Normalize,
    label: str,
) -> None:
    texts = [["< −10" if v < -9.95 else number_text(v) for v in line] for line in values]
    draw_heat_map(axes, values, texts, columns, rows, colours=colours, norm=norm, label=label)


def _reach(values: np.ndarray) -> float:
    """End of the colour scale on both sides; a few failed fits must not make the others look alike."""
    sizes = np.abs(values[np.isfinite(values)])
    if sizes.size == 0 or sizes.max() == 0:
        return 1.0
    return float(max(0.05, min(sizes.max(), 10 * np.median(sizes), 1.0)))
