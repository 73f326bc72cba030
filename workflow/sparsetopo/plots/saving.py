"""Writing a figure to a file, atomically; equal figures give equal bytes."""

import io
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
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write `figure` as SVG, PNG or PDF, chosen by the suffix of `path`."""
    suffix = Path(path).suffix.lower()
    if suffix not in _METADATA:
        raise DataError(f"{path}: figures are written as .svg, .png or .pdf, not as '{suffix}'.")
    # The settings of the SVG writer are read when the file is written, not when the figure is made.
    with figure_style(), atomic_path(path) as temporary:
        _freeze_layout(figure)
        figure.savefig(temporary, dpi=figure.dpi, metadata=_METADATA[suffix], facecolor="white")


def svg_text(figure: Figure) -> str:
    """`figure` as the text of an SVG file."""
    text = io.StringIO()
    with figure_style():
        _freeze_layout(figure)
        figure.savefig(text, format="svg", metadata=_METADATA[".svg"], facecolor="white")
    return text.getvalue()


def _freeze_layout(figure: Figure) -> None:
    """Fix the layout: otherwise every drawing would move things a little, and the files would differ."""
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
