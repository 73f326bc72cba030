"""Annotated heat maps, and how numbers are written in figures."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

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
    r"""Write an adjusted R2. How far it lies below 0 says nothing: one failed fit can take it to minus thousands.

    Examples
    --------
    >>> [r2_text(value) for value in (0.126, -0.5, -41789140.0)]
    ['0.13', '−0.50', 'no better\nthan mean']
    """
    return "no better\nthan mean" if value < -1 else number_text(value)


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
    notes: Mapping[int, str] = MappingProxyType({}),
) -> None:
    """Fill `axes` with coloured cells, the numbers in them, and a colour bar.

    The values have the shape (rows, columns). NaN cells are grey; values outside `norm` take its end colours. `notes`
    are written across columns that have no number, by their position.
    """
    figure = axes.figure
    assert isinstance(figure, Figure)
    colour_map = colormaps[colours].with_extremes(bad="0.93")
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colour_map, norm=norm, aspect="auto")
    for column, note in notes.items():
        text = textwrap.fill(note, max(12, 5 * len(rows)), break_long_words=False)
        axes.text(
            column, (len(rows) - 1) / 2, text, rotation=90, ha="center", va="center", fontsize=6.5
        )
    for (row, column), value in np.ndenumerate(values):
        if column in notes:
            continue
        shade = colour_map(norm(value)) if np.isfinite(value) else (1, 1, 1, 1)
        luminance = 0.2126 * shade[0] + 0.7152 * shade[1] + 0.0722 * shade[2]
        colour = "black" if luminance > 0.45 else "white"
        text = write(value)
        size = 5.2 if "\n" in text else 7.5
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
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
