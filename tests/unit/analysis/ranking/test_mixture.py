"""The mixture's weights and scores against the definition."""

import numpy as np
import pytest
from tests.unit.analysis.ranking.ranking_study import two_datasets

from sparsetopo.analysis.importance import pearson
from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.mixture import mixture_scores, mixture_weights
from sparsetopo.analysis.ranking.strategies import Mixture, study_mixtures
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS

METRICS = list(PAPER_METRICS)


@pytest.fixture
def scaled(networks):
    return scale(two_datasets(networks))


def _weights(table, without=None):
    """Arrays, and the weights of the table as it is: (metrics, pairs, sparsities, algorithms)."""
    arrays = study_arrays(table, [Mixture("own", table, tuple(METRICS), without)], {})
    metrics, _ = arrays.mixtures["own"]
    weights = mixture_weights(arrays, metrics, arrays.as_observed(), without)[:, 0]
    return arrays, np.broadcast_to(weights, (*weights.shape[:-1], len(arrays.algorithms)))


def _r(table, column, value, metric):
    rows = table[table[column] == value]
    return pearson(rows[metric], rows["accuracy_drop"])[0]


def test_weights_are_means_of_correlations(networks):
    table = scale(networks)
    arrays, weights = _weights(table)
    assert weights.shape == (16, 2, 5, 7)
    of_architecture = _r(table, "architecture", "Resnet-20", "cut_edges")
    expected = (of_architecture + _r(table, "sparsity", "0.95", "cut_edges")) / 2
    own = weights[METRICS.index("cut_edges"), 0, arrays.sparsities.index("0.95")]
    assert arrays.architectures[arrays.pairs[0, 0]] == "Resnet-20"
    assert own == pytest.approx(np.full(7, expected))


@pytest.mark.parametrize(("without", "axis"), [("dataset", 1), ("algorithm", 3)])
def test_weights_never_see_what_they_rank(scaled, without, axis):
    arrays, weights = _weights(scaled, without)
    value = sorted(scaled[without].unique())[0]
    if without == "dataset":
        mine = arrays.pairs[:, 1] == arrays.datasets.index(value)
    else:
        mine = np.array(arrays.algorithms) == value
    own = np.compress(mine, weights, axis=axis)
    _, expected = _weights(scaled[scaled[without] != value])
    assert own[..., 0] == pytest.approx(expected[..., 0])
    # Whatever the accuracies of the left-out rows, its weights are the same; the others' are not.
    changed = scaled.copy()
    rows = changed[without] == value
    changed.loc[rows, "accuracy_drop"] = np.random.default_rng(0).uniform(0, 1, rows.sum())
    _, again = _weights(changed, without)
    np.testing.assert_array_equal(np.compress(mine, again, axis=axis), own)
    others = np.compress(~mine, again, axis=axis)
    assert not np.isclose(others, np.compress(~mine, weights, axis=axis)).any()


def test_what_only_the_left_out_rows_have_weighs_nothing(scaled):
    scaled.loc[scaled["dataset"] == "letters", "architecture"] = "Conv-6"
    arrays, weights = _weights(scaled, "dataset")
    expected = _r(scaled[scaled["dataset"] == "digits"], "sparsity", "0.9", "n2") / 2
    pair = arrays.pairs.tolist().index([0, arrays.datasets.index("letters")])
    assert arrays.architectures[0] == "Conv-6"
    own = weights[METRICS.index("n2"), pair, arrays.sparsities.index("0.9")]
    assert own == pytest.approx(np.full(7, expected))


def test_an_undefined_correlation_weighs_nothing(scaled):
    scaled.loc[scaled["sparsity"] == "0.9", "sink"] = 0.25
    arrays, weights = _weights(scaled)
    assert np.isnan(_r(scaled, "sparsity", "0.9", "sink"))
    own = weights[METRICS.index("sink"), :, arrays.sparsities.index("0.9")]
    names = [arrays.architectures[number] for number in arrays.pairs[:, 0]]
    expected = [_r(scaled, "architecture", name, "sink") / 2 for name in names]
    assert own == pytest.approx(np.repeat(expected, 7).reshape(-1, 7))
    assert not np.isnan(weights).any()


def test_each_algorithm_with_weights_of_its_own():
    means = np.array([[0.0, 5.0, 10.0], [4.0, np.nan, 2.0]]).reshape(2, 1, 1, 1, 3)
    weights = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]).reshape(2, 1, 1, 1, 3)
    scores = mixture_scores(means, np.ones((1, 1, 1, 3), bool), weights)
    # Scaled: one 0, 1/2, 1; two 1, the middle where missing, 0.
    assert scores.ravel().tolist() == [10.0, 2 * 0.5 + 20 * 0.5, 3.0]


def test_size_is_known_without_the_graph(networks):
    _, mixtures = study_mixtures(two_datasets(networks), PAPER_METRICS)
    size = mixtures[-1]
    assert size.metrics == ("nodes", "edges", "density")
    assert size.table["density"].tolist() == (1 - size.table["achieved_sparsity"]).tolist()
