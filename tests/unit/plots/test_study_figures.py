"""The table of figures: every row can be drawn and has a caption, and reading it loads nothing heavy."""

import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from sparsetopo.plots.figures import STUDY_FIGURES, STUDY_TABLES, figures_of_study

CAPTIONS = {path.stem for path in (Path(__file__).parents[3] / "workflow/report").glob("*.rst")}


@pytest.mark.parametrize("figure", STUDY_FIGURES, ids=lambda figure: figure.name)
def test_a_figure_has_a_caption_and_a_function_that_takes_its_inputs(figure):
    module, function = figure.function.split(".")
    plot = getattr(import_module(f"sparsetopo.plots.{module}"), function)
    signature(plot).bind(*figure.inputs)
    assert f"{figure.name}_figure" in CAPTIONS
    assert set(figure.inputs) <= {*STUDY_TABLES, "mge"}


def test_every_table_has_a_caption():
    assert set(STUDY_TABLES) <= CAPTIONS


def test_a_study_has_the_figures_it_has_the_inputs_for():
    every = figures_of_study(checks=True, layers=True, graphs=True, comparison=True)
    assert every == [figure.name for figure in STUDY_FIGURES]
    bare = figures_of_study(checks=False, layers=False, graphs=False, comparison=False)
    assert bare == ["accuracy", "regression", "importance", "ranking"]


def test_the_table_is_read_without_what_draws_it():
    code = "import sparsetopo.plots.figures, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "numpy", "pandas", "torch"} & set(done.stdout.split())
