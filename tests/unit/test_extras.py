"""Without the packages of an extra, one sentence names it; `pyproject.toml` has what is named."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sparsetopo.errors import MissingPackageError
from sparsetopo.extras import EXTRAS, needed_for

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Distributions whose names are not those of their modules.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "vl_convert": "vl-convert-python",
}


def names(requirements):
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize(("module", "extra"), EXTRAS.items())
def test_the_extra_that_is_named_brings_the_package(module, extra):
    package = DISTRIBUTIONS.get(module, module)
    assert package in names(PROJECT["optional-dependencies"][extra])
    assert package not in names(PROJECT["dependencies"])


@pytest.mark.parametrize(
    ("module", "code", "extra"),
    [
        ("torch", "st.encode", "torch"),
        ("torch", "st.prune", "torch"),
        ("torch", "st.trace", "torch"),
        ("torch", "st.commands.measure", "torch"),
        ("igraph", "mge.to_igraph()", "igraph"),
        ("igraph", "st.topometrics(mge, ['cut_edges'], explicit=True)", "igraph"),
        ("networkx", "mge.to_networkx()", "networkx"),
        ("pydantic", "st.commands.status()", "config"),
        ("pandas", "st.commands.rank('Resnet-20', sparsity=0.9)", "analysis"),
        ("matplotlib", "st.commands.draw('Resnet-20', 'graph.png')", "analysis"),
        (
            "jsonschema",
            "st.datasets.DATASETS['digits'].option_problems({'split_seed': 1})",
            "config",
        ),
    ],
)
def test_one_sentence_names_the_extra(module, code, extra):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"""
import sys

sys.modules[{module!r}] = None
import numpy as np
import sparsetopo as st
import sparsetopo.commands, sparsetopo.datasets
from sparsetopo.errors import SparsetopoError
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan

layers = NodeLayer("input", 3, 1, 1), NodeLayer("linear", 2, 1, 1)
block = Block("weight", 0, 1, (1, 2, 3, 1, 1), 0, (6, 3, 1, 1, 1), 0, None, 0, 0, 0)
plan = Plan((3,), False, layers, (Axis.of([0], [0], [0]),), (), (block,), {{"weight": (2, 3)}}, (1,))
mge = st.MGE(plan, {{"weight": np.ones((2, 3))}}, {{"weight": np.ones((2, 3), dtype=bool)}})
try:
    {code}
except SparsetopoError as error:
    print(type(error).__name__, error)
""",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.fullmatch(
        rf"MissingPackageError .* needs {module}, which is not installed: pip install 'sparsetopo\[{extra}\]'\.\n",
        done.stdout,
    ), done.stderr


def test_all_is_every_extra_that_the_program_and_the_library_know():
    extras = PROJECT["optional-dependencies"]
    (requirement,) = extras["all"]
    named = set(re.fullmatch(r"sparsetopo\[([\w,]+)\]", requirement)[1].split(","))
    (requirement,) = extras["export"]
    named |= set(re.fullmatch(r"sparsetopo\[([\w,]+)\]", requirement)[1].split(","))
    assert set(EXTRAS.values()) <= named <= set(extras)


def test_another_failure_of_an_import_is_a_bug():
    with pytest.raises(ModuleNotFoundError), needed_for("this"):
        raise ModuleNotFoundError(name="sparsetopo.misspelt")
    assert not issubclass(MissingPackageError, ModuleNotFoundError)  # or it would be caught twice
