"""An algorithm of one's own, in a file that is not in the package."""

import sys
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
import torch

import sparsetopo as st
from sparsetopo import commands
from sparsetopo.errors import SparsetopoError, UsageError
from sparsetopo.pruning import ALGORITHMS, needs, register_algorithm

MAGNITUDE = """
NAME = "own-magnitude"
NEEDS = "nothing"
SINGLE_SHOT = True
OPTIONS = {"exponent": {"type": "number", "exclusiveMinimum": 0, "default": 1.0, "description": "power"}}


def scores(problem):
    power = problem.options["exponent"]
    return {name: w.detach().abs() ** power for name, w in problem.parameters.items()}
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a module and import it; afterwards neither it nor what it registered is left."""
    monkeypatch.syspath_prepend(tmp_path)
    before, names = dict(ALGORITHMS), []

    def write(text: str, name: str = "own_magnitude") -> ModuleType:
        (tmp_path / f"{name}.py").write_text(text)
        names.append(name)
        return import_module(name)

    yield write
    ALGORITHMS.clear()
    ALGORITHMS.update(before)
    for name in names:
        del sys.modules[name]


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 5))


def test_it_prunes_like_those_of_the_package(written, model):
    assert register_algorithm(written(MAGNITUDE)) == "own-magnitude"
    mask = st.prune(model, "own-magnitude", 0.75, input_shape=(1, 4, 4), exponent=2)
    weights = model[1].weight.detach().numpy()
    np.testing.assert_array_equal(
        mask["1.weight"], np.abs(weights) >= np.sort(np.abs(weights), axis=None)[-20]
    )
    assert (mask.algorithm, mask.metadata["options"]) == ("own-magnitude", {"exponent": 2})
    assert needs("own-magnitude") == "nothing"
    with pytest.raises(SparsetopoError, match="has no such option"):
        st.prune(model, "own-magnitude", 0.75, power=2)


def test_commands_know_it(written, model):
    register_algorithm(written(MAGNITUDE))
    advice = commands.rank(
        model, ["own-magnitude", "erk"], 0.5, input_shape=(1, 4, 4), metrics=["sink", "n2"]
    )
    assert {record["name"] for record in advice.order} == {"own-magnitude", "erk"}


def test_it_may_be_registered_again_after_an_edit(written):
    module = written(MAGNITUDE)
    register_algorithm(module)
    with open(module.__file__, "a", encoding="utf-8") as file:
        file.write("VERSION = 2\n")
    register_algorithm(module)
    assert ALGORITHMS["own-magnitude"].version == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("VERSION = 1", "needs a name"),
        ('NAME = "mine"', "mine has no function 'keep'"),
        ('NAME = "mine"\nSINGLE_SHOT = True\nkeep = print', "mine has no function 'scores'"),
        ('NAME = "snip"\nkeep = print', "the name 'snip' is that of the algorithm in"),
    ],
)
def test_what_is_no_algorithm_is_refused(written, text, said):
    before = dict(ALGORITHMS)
    with pytest.raises(UsageError, match=said):
        register_algorithm(written(text, "no_algorithm"))
    with pytest.raises(UsageError, match="no module with a file"):
        register_algorithm(ModuleType("notebook"))
    assert before == ALGORITHMS
