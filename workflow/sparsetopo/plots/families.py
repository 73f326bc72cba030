"""What each family of metrics contributes: the regression on it alone, and without it."""

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.metrics.registry import CATEGORIES
from sparsetopo.plots.heat import draw_heat_map, number_text, r2_text
from sparsetopo.plots.style import figure_style, known_first
from sparsetopo.plots.subsets import (
    SUBSET,
    Subset,
    separate_kinds,
    subsets_of,
    two_panels,
    undefined_subsets,
)


def plot_families(table: pd.DataFrame) -> Figure:
    """Draw two heat maps: adjusted R2 of all families and of each alone; the change without each.

    The column "use" is "all", "keep" or "drop"; "difference" is that from all families. A number that does not exist is
    a dash, and a subset without any says why.
    """
    require_columns(table, [*SUBSET, "family", "use", "adjusted_r2", "difference", "status"])
    subsets = subsets_of(table)
    families = known_first(table.loc[table["use"] != "all", "family"].dropna(), CATEGORIES)
    names = [name for _, name in subsets]
    undefined = {score: undefined_subsets(table, score) for score in ("adjusted_r2", "difference")}
    with figure_style():
        width, height = 0.62 * len(subsets) + 2.3, 0.34 * (len(families) + 1) + 1.2
        figure, left, right = two_panels(subsets, width, height, margin=0.5)
        alone = _scores(
            table, [("all", None), *(("keep", name) for name in families)], subsets, "adjusted_r2"
        )
        without = _scores(table, [("drop", name) for name in families], subsets, "difference")
        limit = _limit(without)
        draw_heat_map(
            left, alone, names, ["all families", *(f"{name} only" for name in families)],
            colours="YlGnBu", norm=Normalize(0, 1), label="adjusted R²", write=r2_text,
            notes=undefined["adjusted_r2"],
        )  # fmt: skip
        draw_heat_map(
            right, without, names, [f"without {name}" for name in families],
            colours="RdBu", norm=Normalize(-limit, limit), label="change of adjusted R²",
            write=_change_text, notes=undefined["difference"],
        )  # fmt: skip
        left.axhline(0.5, color="black", linewidth=1.5)
        left.set_title("with one family of metrics alone")
        right.set_title("change when one family is left out")
        for axes in (left, right):
            separate_kinds(axes, subsets)
    return figure


def _change_text(value: float) -> str:
    return "< −1" if value < -1 else "> 1" if value > 1 else number_text(value)


def _scores(
    table: pd.DataFrame,
    rows: list[tuple[str, str | None]],
    subsets: list[Subset],
    score: str,
) -> np.ndarray:
    """Scores of shape (rows, subsets); a row is a use and, unless that is "all", a family."""
    lines = []
    for use, family in rows:
        chosen = table[table["use"] == use]
        if family is not None:
            chosen = chosen[chosen["family"] == family]
        lines.append(chosen.set_index(SUBSET)[score].reindex(subsets).to_numpy(np.float64))
    return np.array(lines)


def _limit(values: np.ndarray) -> float:
    """End of the colour scale on both sides, limited so that a few failed fits do not hide all differences."""
    sizes = np.abs(values[np.isfinite(values)])
    if sizes.size == 0 or sizes.max() == 0:
        return 1.0
    return float(max(0.05, min(sizes.max(), 10 * np.median(sizes), 1.0)))
