"""The figures of a study, one row each: the rules, the script `report` and the page are made from this table.

Snakemake reads it whenever it parses the workflow, so what draws a figure is named here, and imported when it is drawn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class StudyFigure:
    """One figure of a study.

    Attributes
    ----------
    name
        Stem of its files; its caption is ``workflow/report/<name>_figure.rst``.
    title
        Its heading on the page.
    function
        What draws it: "module.function" of this package.
    inputs
        Inputs of rule `report` that the function takes: tables, or the file of a graph.
    requires
        What a study must have for it: "checks", "layers" (measured layers), "graphs"; "": nothing.
    notes
        What the note above it tells the source of: "accuracies", "metrics".
    """

    name: str
    title: str
    function: str
    inputs: tuple[str, ...]
    requires: str = ""
    notes: tuple[str, ...] = ("accuracies", "metrics")

    def draw(self, files: Any) -> "Figure":
        """Read the inputs, whose paths are attributes of `files`, and draw the figure."""
        module, function = self.function.split(".")
        plot = getattr(import_module(f"sparsetopo.plots.{module}"), function)
        figure: Figure = plot(*(_read(getattr(files, name)) for name in self.inputs))
        return figure


# fmt: off
STUDY_FIGURES = (
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
    *("regression", "regression_uncertainty", "families", "importance", "ramanujan"),
    *("ranking", "ranking_means", "rankings"),
)
"""The tables that the page links, in its order; a study need not have all of them."""


def figures_of_study(**available: bool) -> list[str]:
    """Names of the figures of a study, for which "checks", "layers" and "graphs" are available or not.

    Examples
    --------
    >>> figures_of_study(checks=False, layers=False, graphs=True)
    ['accuracy', 'regression', 'importance', 'ranking', 'mge']
    """
    return [
        figure.name for figure in STUDY_FIGURES if not figure.requires or available[figure.requires]
    ]


def _read(path: str | Iterable[str]) -> Any:
    """Read a graph or a table; of an input that a study may lack the rule gives a list of one path."""
    from sparsetopo.analysis.tables.table import read_table
    from sparsetopo.graphs import MGE

    path = path if isinstance(path, str) else next(iter(path))
    return MGE.load(path) if path.endswith(".safetensors") else read_table(path)
