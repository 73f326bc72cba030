"""Remarks: the nearest exchanges against a brute force over permutations, and the facts they list."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analysis.paper.test_comparison_tables import regression_rows

from sparsetopo.analysis.paper.comparison_remarks import (
    exchanges,
    nearest_exchange,
    ranking_remarks,
    regression_remarks,
)
from sparsetopo.analysis.paper.comparison_tables import read_paper, regression_comparison
from sparsetopo.analysis.ranking.rbo import mean_rbo


def ranking(order, dataset="D", strategy="mixture", scores=None, missing=0, **more):
    """Rows as of tables/rankings.csv: one ranking."""
    scores = scores if scores is not None else range(len(order))
    return pd.DataFrame(
        {
            "pool": "all", "architecture": "A", "dataset": dataset, "sparsity": "0.6", "strategy": strategy,
            "position": range(1, len(order) + 1), "algorithm": list(order), "score": list(scores),
            "missing": missing, "tied": False, **more,
        }
    )  # fmt: skip


def _inversions(first, second):
    """Fewest exchanges of neighbours between two rankings (Kendall's distance)."""
    ranks = [second.index(item) for item in first]
    return sum(a > b for a, b in itertools.combinations(ranks, 2))


@given(st.permutations("abcde"), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_exchanges_are_the_rankings_of_that_kendall_distance(order, most):
    found = {option.order: option.steps for option in exchanges(ranking(order), most)}
    every = {p: _inversions(list(p), list(order)) for p in itertools.permutations("abcde")}
    assert found == {p: distance for p, distance in every.items() if distance <= most}


@pytest.mark.middle
@given(
    st.lists(st.permutations("abcd"), min_size=2, max_size=2),
    st.lists(st.permutations("abcd"), min_size=2, max_size=2),
    st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_fewest_exchanges(truths, orders, printed):
    truth = pd.concat(ranking(order, f"D{i}") for i, order in enumerate(truths))
    own = pd.concat(ranking(order, f"D{i}") for i, order in enumerate(orders))
    everything = list(itertools.product(itertools.permutations("abcd"), repeat=2))
    fewest = [
        sum(_inversions(list(a), list(b)) for a, b in zip(choice, changed, strict=True))
        for changed, fixed in ((orders, truths), (truths, orders))
        for choice in everything
        if abs(np.mean([mean_rbo(a, b) for a, b in zip(choice, fixed, strict=True)]) - printed)
        <= 0.0101
    ]
    least = min((count for count in fewest if count >= 1), default=99)
    sentence = nearest_exchange(truth, own, printed)
    start = {1: "One exchange of", 2: "2 exchanges of"}.get(least, "No 2 exchanges of")
    assert sentence.startswith(start)


def test_the_closest_of_equally_few_exchanges_is_named():
    truth = pd.concat([ranking("abc", "D"), ranking("abc", "E")])
    own = pd.concat(
        [ranking("abc", "D", scores=[0.0, 0.5, 1.0]), ranking("abc", "E", scores=[0.0, 0.1, 1.0])]
    )
    printed = (1 + mean_rbo("abc", "bac")) / 2
    assert nearest_exchange(truth, own, printed) == (
        "One exchange of neighbours would give the printed value (ranking: a/b in E, 10.0% of the range apart)."
    )


def test_a_missing_score_has_no_distance():
    truth, own = ranking("abc"), ranking("abc", scores=[np.nan, 0.5, 1.0])
    one = [option for option in exchanges(own, 1) if option.steps]
    assert [option.gap for option in one] == [np.inf, 1.0]
    assert "% of the range" in nearest_exchange(truth, own, mean_rbo("abc", "bac"))  # by accuracies


def _table(difference, rbo=0.5):
    return pd.DataFrame(
        {
            "architecture": ["A"], "strategy": ["mixture"], "sparsity": ["0.6"],
            "rbo": [rbo], "paper_rbo": [rbo - difference], "difference": [difference],
        }
    )  # fmt: skip


def test_ties_and_missing_metrics_are_said():
    rankings = pd.concat(
        [
            ranking("abc", strategy="truth", tied=[True, True, False]),
            ranking("cba", missing=[2, 0, 0]),
        ]
    )
    remark = ranking_remarks(_table(-0.3), rankings, "table4").iloc[0]
    assert remark.startswith(f"By data set: D {mean_rbo('abc', 'cba'):.2f}. ")
    assert "2 of 3 accuracies are tied" in remark
    assert "scores are tied" not in remark
    assert "1 of 3 scores lack metrics" in remark


@pytest.mark.parametrize(
    ("difference", "rbo", "remark"), [(0.0101, 0.5, ""), (0.0, np.nan, "Not computed.")]
)
def test_no_remark_on_what_is_met_or_absent(difference, rbo, remark):
    rankings = pd.concat([ranking("abc", strategy="truth"), ranking("abc")])
    assert ranking_remarks(_table(difference, rbo), rankings, "table4").tolist() == [remark]


def test_table3():
    paper = read_paper()
    rows = regression_rows(paper)
    one = (rows["encoding"] == "MGE") & (rows["subset"] == "0.6") & (rows["scaling"] == "subset")
    rows.loc[one & (rows["regressor"] == "mean"), "adjusted_r2"] += 0.05
    rows.loc[one & (rows["regressor"] == "Linear"), ["adjusted_r2", "unconverged"]] = [0.25, 3]
    lost = (rows["encoding"] == "rolled") & (rows["subset"] == "0.8")
    rows.loc[lost, ["adjusted_r2", "mae"]] = np.nan
    rows.loc[lost, "status"] = "too few rows"
    table = regression_comparison(rows, paper.regression)
    remarks = regression_remarks(table, rows).to_numpy()
    assert (remarks != "").sum() == 2
    assert remarks[table["adjusted_r2"].isna()].tolist() == ["Not computed: too few rows."]
    said = remarks[0]
    assert said.startswith("180 networks. The 1 regressors range from 0.25 to 0.25")
    assert "3 fits did not converge. Scaled inside the folds: " in said
    assert said.endswith("This subset is off in 1 of 3 encodings.")
