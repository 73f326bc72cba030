"""The mixture's weights, scores and rounding, against the definition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.analysis.ranking.ranking_study import two_datasets

from sparsetopo.analysis.importance import importance_table
from sparsetopo.analysis.ranking.mixture import (
    SIZE_METRICS,
    fit_mixture,
    mixture_scores,
    mixture_weights,
    rounded,
    rounded_sum,
    size_table,
)
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS


@pytest.fixture
def scaled(networks):
    return scale(two_datasets(networks))


@pytest.mark.parametrize("without", ["dataset", "algorithm"])
def test_weights_never_see_what_they_rank(scaled, without):
    mixture = fit_mixture("other", scaled, PAPER_METRICS, without)
    value = sorted(scaled[without].unique())[0]
    others = scaled[scaled[without] != value]
    expected = mixture_weights(importance_table(others))
    pd.testing.assert_frame_equal(mixture.weights.loc[value], expected)
    # Whatever the accuracies of the left-out rows, its weights are the same; the others' are not.
    changed = scaled.copy()
    mine = changed[without] == value
    changed.loc[mine, "accuracy_drop"] = np.random.default_rng(0).uniform(0, 1, mine.sum())
    again = fit_mixture("other", changed, PAPER_METRICS, without)
    pd.testing.assert_frame_equal(again.weights.loc[value], mixture.weights.loc[value])
    other = sorted(scaled[without].unique())[1]
    assert not again.weights.loc[other].equals(mixture.weights.loc[other])


def test_what_only_the_left_out_rows_have_weighs_nothing(scaled):
    scaled.loc[scaled["dataset"] == "letters", "architecture"] = "Conv-6"
    weights = fit_mixture("other", scaled, PAPER_METRICS, "dataset").weights
    r = importance_table(scaled[scaled["dataset"] == "digits"]).set_index(["subset", "metric"])
    own = weights.loc[("letters", "Conv-6", "0.9"), "n2"]
    assert own == pytest.approx(r.loc[("0.9", "n2"), "pearson_r"] / 2)


def test_an_undefined_correlation_weighs_nothing(scaled):
    scaled.loc[scaled["sparsity"] == "0.9", "sink"] = 0.25
    importance = importance_table(scaled)
    weights = mixture_weights(importance)
    assert importance["pearson_r"].isna().sum() == 1
    r = importance.set_index(["subset", "metric"])["pearson_r"]
    assert weights.loc[("Resnet-20", "0.9"), "sink"] == r["Resnet-20", "sink"] / 2
    assert not weights.isna().any(axis=None)


def test_each_algorithm_with_weights_of_its_own():
    index = pd.MultiIndex.from_tuples(
        [("net", "d", "0.5", name) for name in "abc"],
        names=["architecture", "dataset", "sparsity", "algorithm"],
    )
    means = pd.DataFrame({"one": [0.0, 5.0, 10.0], "two": [4.0, np.nan, 2.0]}, index=index)
    weights = pd.DataFrame(
        {"one": [1.0, 2.0, 3.0], "two": [10.0, 20.0, 30.0]},
        index=pd.MultiIndex.from_tuples(
            [("a", "net", "0.5"), ("b", "net", "0.5"), ("c", "net", "0.5")],
            names=["algorithm", "architecture", "sparsity"],
        ),
    )
    # Scaled: one 0, 1/2, 1; two 1, the middle where missing, 0.
    assert mixture_scores(means, weights).tolist() == [10.0, 2 * 0.5 + 20 * 0.5, 3.0]


def test_size_is_known_without_the_graph(networks):
    table = size_table(two_datasets(networks))
    assert set(SIZE_METRICS) <= set(table.columns)
    assert table["density"].tolist() == (1 - table["achieved_sparsity"]).tolist()


@given(st.lists(st.floats(1e-9, 1e9), min_size=2, max_size=6), st.randoms())
def test_means_do_not_depend_on_the_order_of_summation(values, random):
    shuffled = random.sample(values, len(values))
    one, other = np.array([sum(values), sum(shuffled)]) / len(values)
    result = rounded(np.array([one, other]))
    assert result == pytest.approx([one, other], rel=1e-11)
    # They may still fall on two sides of a rounding boundary, one unit of the 12th digit apart.
    assert abs(result[0] - result[1]) <= 1.1e-11 * abs(one)


def test_rounding_makes_equal_means_tie():
    equal = np.array([(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3])
    assert equal[0] != equal[1]
    assert np.ptp(rounded(equal)) == 0
    special = np.array([0.0, -0.0, np.nan, 1e300, -1e-300, 123456789012.5, 7.0])
    np.testing.assert_array_equal(rounded(special)[[0, 1, 2, 6]], special[[0, 1, 2, 6]])
    assert rounded(special)[3:6] == pytest.approx(special[3:6], rel=1e-11)
    assert str(rounded_sum(np.array([[0.1, -0.1 - 1e-15]]), axis=1)[0]) == "0.0"
