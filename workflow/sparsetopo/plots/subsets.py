"""Subsets of a study's networks (of one sparsity, or of one architecture) as the columns of a figure."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparsetopo.plots.style import new_figure

KIND, NAME = "subset_kind", "subset"
SUBSET = [KIND, NAME]
"""The columns of a table that name a subset: what its networks share, and its value."""

CAUTION = "* few rows or undefined: see the table's status"

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
    """Draw a line between the sparsities and the architectures."""
    for position in range(1, len(subsets)):
        if subsets[position][0] != subsets[position - 1][0]:
            axes.axvline(position - 0.5, color="black", linewidth=1.5)
