"""Writing a figure to a file, atomically; equal figures give equal bytes."""

import os
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from sparsetopo.errors import DataError
from sparsetopo.files import atomic_path
from sparsetopo.plots.style import figure_style

# None leaves the field out: a date or the version of matplotlib would make equal figures differ.
_METADATA: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
}


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write `figure` as SVG or PNG, chosen by the suffix of `path`."""
    suffix = Path(path).suffix.lower()
    if suffix not in _METADATA:
        raise DataError(f"{path}: figures are written as .svg or .png, not as '{suffix}'.")
    # The settings of the SVG writer are read when the file is written, not when the figure is made.
    with figure_style(), atomic_path(path) as temporary:
        _freeze_layout(figure)
        figure.savefig(temporary, dpi=figure.dpi, metadata=_METADATA[suffix], facecolor="white")


def _freeze_layout(figure: Figure) -> None:
    """Fix the layout: otherwise every drawing would move things a little, and the files would differ."""
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
