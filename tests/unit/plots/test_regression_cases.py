"""The regression figure of a table with several encodings and validations: the paper's case is drawn."""

import itertools

import numpy as np
import pandas as pd
import pytest
from tests.unit.plots.legible import assert_legible

from sparsetopo.errors import DataError
from sparsetopo.plots.regression import papers_case, plot_regression

CASES = [("shuffled", "fold"), ("shuffled", "subset"), ("leave-one-dataset-out", "fold")]


@pytest.fixture
def table():
    """Every score tells which row it is of."""
    records = []
    rows = itertools.product(["size", "MGE"], CASES, ["0.6", "0.98"], ["Linear", "Ridge", "mean"])
    for number, (encoding, (validation, scaling), column, regressor) in enumerate(rows):
        records.append(
            {
                "encoding": encoding, "validation": validation, "scaling": scaling,
                "subset_kind": "sparsity", "subset": column, "rows": 100, "regressor": regressor,
                "adjusted_r2": number / 100, "mae": number / 1000, "status": "ok",
            }
        )  # fmt: skip
    return pd.DataFrame(records)


def _numbers(axes):
    return [float(text.get_text()) for text in axes.texts]


def test_draws_the_papers_case(table):
    figure = plot_regression(table)
    own = table[(table["encoding"] == "MGE") & (table["validation"] == "shuffled")]
    own = own[own["scaling"] == "fold"]  # the first in the table
    assert len(own) == 6
    wide = own.pivot(index="regressor", columns="subset", values="adjusted_r2")
    assert _numbers(figure.axes[0]) == pytest.approx(wide.to_numpy().ravel())
    assert_legible(figure)


def test_a_table_of_one_case_needs_no_columns_to_name_it(table):
    own = papers_case(table)
    bare = own.drop(columns=["encoding", "validation", "scaling"])
    assert _numbers(plot_regression(bare).axes[1]) == _numbers(plot_regression(table).axes[1])
    pd.testing.assert_frame_equal(papers_case(bare), bare)


def test_another_encoding_can_be_chosen(table):
    assert set(papers_case(table, "size")["encoding"]) == {"size"}


def test_a_table_without_the_papers_case_is_refused(table):
    with pytest.raises(DataError, match=r"no row with encoding 'MGE'.* it has size"):
        plot_regression(table[table["encoding"] == "size"])
    left_out = table[table["validation"] == "leave-one-dataset-out"]
    with pytest.raises(DataError, match="no row with validation 'shuffled'"):
        plot_regression(left_out)


def test_undefined_scores_are_dashes(table):
    table.loc[table["regressor"] == "Linear", "adjusted_r2"] = np.nan
    texts = [text.get_text() for text in plot_regression(table).axes[0].texts]
    assert texts[:2] == ["–", "–"]
    assert "–" not in texts[2:]
