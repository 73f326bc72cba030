"""Annotated heat maps, and how numbers are written in figures."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray


def number_text(value: float, decimals: int = 2) -> str:
    """Write a number with a true minus sign; zero has none, and NaN is a dash.

    Examples
    --------
    >>> [number_text(value) for value in (0.126, -0.5, -0.001, float("nan"))]
    ['0.13', '−0.50', '0.00', '–']
    """
    if not np.isfinite(value):
        return "–"
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


def r2_text(value: float) -> str:
    """Write an adjusted R2, which can lie at minus thousands when a fit fails."""
    return "< −10" if value < -9.95 else number_text(value)


def draw_heat_map(
    axes: Axes,
    values: NDArray[np.float64],
    columns: Sequence[str],
    rows: Sequence[str],
    *,
    colours: str,
    norm: Normalize,
    label: str,
    write: Callable[[float], str] = number_text,
) -> None:
    """Fill `axes` with coloured cells, the numbers in them, and a colour bar.

    The values have the shape (rows, columns). NaN cells are grey; values outside `norm` take its end colours.
    """
    figure = axes.figure
    assert isinstance(figure, Figure)
    colour_map = colormaps[colours].with_extremes(bad="0.93")
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colour_map, norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        shade = colour_map(norm(value)) if np.isfinite(value) else (1, 1, 1, 1)
        luminance = 0.2126 * shade[0] + 0.7152 * shade[1] + 0.0722 * shade[2]
        colour = "black" if luminance > 0.45 else "white"
        axes.text(column, row, write(value), ha="center", va="center", fontsize=7.5, color=colour)
    axes.set_xticks(range(len(columns)), list(columns))
    if max(len(line) for name in columns for line in name.splitlines()) > 10:
        for tick in axes.get_xticklabels():
            tick.set_rotation(30)
            tick.set_horizontalalignment("right")
            tick.set_rotation_mode("anchor")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(0.5, len(columns) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(rows) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.2)
    axes.tick_params(which="minor", length=0)
    figure.colorbar(image, ax=axes, label=label, shrink=0.9, pad=0.02, extend="neither")
