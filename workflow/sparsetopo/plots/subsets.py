"""Subsets of a study's networks (all, of one sparsity, of one architecture) as the columns of a figure."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparsetopo.plots.style import new_figure

KIND, NAME = "subset_kind", "subset"
SUBSET = [KIND, NAME]
"""The columns of a table that name a subset: what its networks share, and its value."""

Subset = tuple[str, str]


def subsets_of(table: pd.DataFrame) -> list[Subset]:
    """Distinct subsets of a table, (kind, name), in its order.

    Examples
    --------
    >>> table = pd.DataFrame([["sparsity", "0.9"]] * 2 + [["architecture", "Conv-6"]], columns=SUBSET)
    >>> subsets_of(table)
    [('sparsity', '0.9'), ('architecture', 'Conv-6')]
    """
    return list(table[SUBSET].drop_duplicates().itertuples(index=False, name=None))


def undefined_subsets(table: pd.DataFrame, score: str) -> dict[int, str]:
    """Why a subset has no score at all, by its position in `subsets_of`.

    Examples
    --------
    >>> table = pd.DataFrame([["sparsity", "0.9", float("nan"), "too few networks (9 for 4 coefficients)"]])
    >>> undefined_subsets(table.set_axis([*SUBSET, "r2", "status"], axis=1), "r2")
    {0: 'too few networks (9 for 4 coefficients)'}
    """
    found = {}
    for position, (kind, name) in enumerate(subsets_of(table)):
        rows = table[(table[KIND] == kind) & (table[NAME] == name)]
        if rows[score].isna().all() and len(rows):
            found[position] = str(rows["status"].iloc[0])
    return found


def two_panels(
    subsets: Sequence[Subset], width: float, height: float, *, margin: float, sharey: bool = False
) -> tuple[Figure, Axes, Axes]:
    """Make a figure of two panels of a size in inches, side by side as long as that fits on a page.

    Beyond seven subsets (the paper's five sparsities and two architectures) the second panel lies below the first;
    `margin` is what the figure is then wider than a panel.
    """
    if len(subsets) <= 7:
        figure = new_figure(2 * width, height)
        first, second = figure.subplots(1, 2, sharey=sharey)
    else:
        figure = new_figure(width + margin, 2 * height)
        first, second = figure.subplots(2, 1)
    return figure, first, second


def separate_kinds(axes: Axes, subsets: Sequence[Subset]) -> None:
    """Draw a line between all, the sparsities and the architectures."""
    for position in range(1, len(subsets)):
        if subsets[position][0] != subsets[position - 1][0]:
            axes.axvline(position - 0.5, color="black", linewidth=1.5)
