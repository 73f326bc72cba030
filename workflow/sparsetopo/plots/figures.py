"""The figures of a study, one row each: the rules, the script `report` and the page are made from this table.

Snakemake reads it whenever it parses the workflow, so what draws a figure is named here, and imported when it is drawn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True)
class StudyFigure:
    """One figure of a study; its caption is ``workflow/report/<name>_figure.rst``."""

    name: str  # stem of its files
    title: str
    function: str  # what draws it: "module.function" of this package
    inputs: tuple[str, ...]  # of rule `report`, which the function takes: tables, or a graph's file
    # What a study must have: "checks", "layers" (measured layers), "graphs", "comparison" (with the paper).
    requires: str = ""
    # What the note above it tells the source of.
    notes: tuple[str, ...] = ("accuracies", "metrics")

    def draw(self, files: Any) -> "Figure":
        """Read the inputs, whose paths are attributes of `files`, and draw the figure."""
        module, function = self.function.split(".")
        plot = getattr(import_module(f"sparsetopo.plots.{module}"), function)
        figure: Figure = plot(*(_read(getattr(files, name)) for name in self.inputs))
        return figure


# fmt: off
STUDY_FIGURES = (
    StudyFigure("table3", "Table 3 of the paper, ours beside the printed one",
                "table3.plot_table3", ("regression",), requires="comparison"),
    StudyFigure("accuracy", "Accuracy against sparsity",
                "accuracy.plot_accuracy", ("networks",), notes=("accuracies",)),
    StudyFigure("regression", "Regression of the accuracy drop",
                "regression.plot_regression", ("regression",)),
    StudyFigure("checks", "Does the regression hold?",
                "checks.plot_checks", ("regression", "regression_uncertainty"), requires="checks"),
    StudyFigure("families", "What each family of topometrics contributes",
                "families.plot_families", ("families",), requires="checks"),
    StudyFigure("importance", "Importance of the topometrics",
                "importance.plot_importance", ("importance",)),
    StudyFigure("ramanujan", "Ramanujan metrics against layer density",
                "ramanujan.plot_ramanujan", ("ramanujan_layers",), requires="layers"),
    StudyFigure("ranking", "Ranking the algorithms",
                "ranking.plot_ranking", ("ranking",)),
    StudyFigure("ranking_checks", "Does the ranking hold?",
                "ranking_checks.plot_ranking_checks", ("ranking_means",), requires="checks"),
    StudyFigure("mge", "One multipartite graph",
                "graph.plot_mge", ("mge",), requires="graphs", notes=()),
)
# fmt: on
"""In the order in which the page shows them."""

STUDY_TABLES = (
    *("networks", "dense", "layers", "ramanujan_layers"),
    *("prediction", "regression", "regression_uncertainty", "families", "importance", "ramanujan"),
    *("ranking", "ranking_means", "rankings"),
)
"""The tables that the page links, in its order; a study need not have all of them."""

PAGE_TABLES = tuple(name for name in STUDY_TABLES if name not in ("layers", "rankings"))
"""Those that its charts, sentences and sortable tables read; the others are too long to show."""


def figures_of_study(**available: bool) -> list[str]:
    """Names of the figures of a study, for which "checks", "layers", "graphs" and "comparison" are available or not."""
    return [
        figure.name for figure in STUDY_FIGURES if not figure.requires or available[figure.requires]
    ]


def read_tables(files: Any) -> "dict[str, DataFrame]":
    """Read the tables that the page shows, of those whose paths are attributes of `files`."""
    return {name: _read(path) for name in PAGE_TABLES if (path := getattr(files, name, None))}


def _read(path: str | Iterable[str]) -> Any:
    """Read a graph or a table; of an input that a study may lack the rule gives a list of one path."""
    from sparsetopo.analysis.tables.table import read_table
    from sparsetopo.graphs.mge import MGE

    path = path if isinstance(path, str) else next(iter(path))
    return MGE.load(path) if path.endswith(".safetensors") else read_table(path)
