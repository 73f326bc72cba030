"""Tables that would make an analysis wrong are refused in a sentence, wherever they enter."""

import re

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.ranking.rbo import mean_rbo
from sparsetopo.analysis.tables.feature_sets import feature_sets
from sparsetopo.errors import DataError


@pytest.fixture
def collected(networks):
    return networks.assign(achieved_sparsity=networks["sparsity"].astype(float))


def rank(table):
    return rank_networks(table, settings=RankingSettings(permutations=0, resamples=0))


def changed(table, column, value):
    """The table with another value in one row."""
    values = table[column].astype(object)
    values.iloc[3] = value
    return table.assign(**{column: values})


@pytest.mark.parametrize("enter", [feature_sets, rank])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: pd.concat([t, t.head(1).assign(n2=0.5)]), "1 cell(s) have several rows that differ"),
        (lambda t: changed(t, "n2", np.inf), "the column 'n2' has 1 infinite value(s)"),
        (lambda t: changed(t, "n2", "much"), "the column 'n2' holds something that is not a number"),
        (lambda t: changed(t, "algorithm", None), "1 row(s) without a value in column 'algorithm'"),
        (lambda t: t.drop(columns="n2"), "lacks the column(s) n2"),
        (lambda t: t.head(0), "has no row"),
    ],
    ids=["duplicates", "infinite", "text", "nameless", "column", "empty"],
)  # fmt: skip
def test_bad_tables(collected, enter, change, sentence):
    with pytest.raises(DataError, match=re.escape(sentence)):
        enter(change(collected))


def test_accuracies_in_percent(collected):
    percent = collected.assign(accuracy=100 * collected["accuracy"])
    with pytest.raises(DataError, match=r"fractions between 0 and 1.*divide by 100"):
        rank(percent)


def test_lists_of_different_lengths():
    with pytest.raises(DataError, match=r"same length, not 2 and 3 item\(s\)"):
        mean_rbo(["er", "erk"], ["er", "erk", "snip"])
