"""What all figures share: colours, display names, fonts.

Every algorithm has the same colour and marker in all figures. The colours are those of Okabe and Ito, which people with
a colour vision deficiency can tell apart; the markers do the same in print.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

DOTS_PER_INCH = 160

DISPLAY_NAMES = {
    "snip": "SNIP",
    "grasp": "GraSP",
    "synflow": "SynFlow",
    "prospr": "ProsPR",
    "uniform": "Uniform",
    "er": "ER",
    "erk": "ERK",
    "mixture": "topometric mixture",
    "edges": "number of edges",
    "chance": "chance",
    "layer_density": "layer density",
    "delta_r": "difference of bound",
    "delta_r_imdb": "iterative mean difference of bound",
    "lambda_imsg": "iterative mean spectral gap",
}
"""How algorithms and strategies are written in figures."""

ALGORITHMS = {
    "snip": ("#0072B2", "o"),
    "grasp": ("#D55E00", "s"),
    "synflow": ("#009E73", "^"),
    "prospr": ("#CC79A7", "D"),
    "uniform": ("#56B4E9", "v"),
    "er": ("#E69F00", "P"),
    "erk": ("#5B4B8A", "X"),
}
_OTHERS = (("#000000", "*"), ("#8C6D31", "h"), ("#7F7F7F", "<"), ("#B22222", ">"), ("#2F4F4F", "p"))

STYLES = (*ALGORITHMS.values(), *_OTHERS)
"""Colours and markers for groups of any kind."""

_ENCODINGS = {
    "MGE": ("#0072B2", "o"),
    "rolled": ("#E69F00", "s"),
    "rolled-channel": ("#009E73", "^"),
    "size": ("#000000", "D"),
}

_SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: small files that can be searched
    "svg.hashsalt": "sparsetopo",
}


@contextlib.contextmanager
def figure_style() -> Iterator[None]:
    """Use the project's matplotlib settings within a `with` block."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of a size in inches with automatic layout; it need not be closed, as pyplot's must."""
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


def add_note(figure: Figure, note: str) -> None:
    """Write a note, unless it is empty, in small grey letters above a figure."""
    if note:
        figure.suptitle(note, x=0.01, ha="left", fontsize=8, style="italic", color="0.35")


def display(name: str) -> str:
    """Name of an algorithm or strategy as written in figures; an unknown name is kept."""
    return DISPLAY_NAMES.get(name, name)


def known_first(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Distinct names: those that are known in their order, then others alphabetically.

    Examples
    --------
    >>> known_first(["mine", "er", "snip", "er"], ["snip", "grasp", "er"])
    ['snip', 'er', 'mine']
    """
    present, listed = set(names), list(known)
    return [name for name in listed if name in present] + sorted(present - set(listed))


def algorithm_style(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each algorithm; those beyond the paper's seven share the remaining colours."""
    others = itertools.cycle(_OTHERS)
    return {
        name: ALGORITHMS[name] if name in ALGORITHMS else next(others)
        for name in known_first(names, ALGORITHMS)
    }


def encoding_style(name: str) -> tuple[str, str]:
    """Colour and marker of a set of features; sets beyond the paper's and "size" share one."""
    return _ENCODINGS.get(name, ("#CC79A7", "P"))
