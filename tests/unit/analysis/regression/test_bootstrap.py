"""Resampled scores against a plain computation that repeats rows."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from sparsetopo.analysis.regression.bootstrap import cluster_draws, interval, resampled_r2
from sparsetopo.analysis.regression.splits import shuffled_folds


def test_scores_equal_those_of_repeated_rows():
    random = np.random.default_rng(1)
    clusters = np.repeat(np.arange(12), [1, 2, 3] * 4)
    drop = random.uniform(size=24)
    predictions = drop + random.normal(0, 0.1, size=(3, 24))
    splits = shuffled_folds(24, 4, 0)
    draws = cluster_draws(clusters, np.zeros(24, int), 50, "a")
    found = resampled_r2(drop, predictions, splits, clusters, draws)
    assert found.shape == (50, 3)
    for weights, scores in zip(draws, found, strict=True):
        for predicted, score in zip(predictions, scores, strict=True):
            folds = []
            for _, test in splits:
                rows = np.repeat(test, weights[test].astype(int))
                if len(set(clusters[rows])) > 1:
                    folds.append(r2_score(drop[rows], predicted[rows]))
            assert score == pytest.approx(np.mean(folds), rel=1e-9)


def test_every_row_once_is_the_observed_score():
    random = np.random.default_rng(2)
    drop, predictions = random.uniform(size=30), random.uniform(size=(2, 30))
    splits = shuffled_folds(30, 5, 0)
    found = resampled_r2(drop, predictions, splits, np.arange(30), np.ones((1, 30)))[0]
    for predicted, score in zip(predictions, found, strict=True):
        expected = np.mean([r2_score(drop[test], predicted[test]) for _, test in splits])
        assert score == pytest.approx(expected)


def test_clusters_are_drawn_whole_and_as_many_as_there_are():
    clusters = np.array([4, 4, 7, 9, 9, 9])
    together = np.zeros(6, int)
    draws = cluster_draws(clusters, together, 3000, 0)
    assert (draws[:, 0] == draws[:, 1]).all()
    assert (draws[:, 3] == draws[:, 5]).all()
    assert (draws[:, [0, 2, 3]].sum(axis=1) == 3).all()
    np.testing.assert_allclose(draws.mean(axis=0), 1, atol=0.08)
    assert np.array_equal(draws, cluster_draws(clusters, together, 3000, 0))
    assert not np.array_equal(draws, cluster_draws(clusters, together, 3000, 1))


def test_groups_are_drawn_apart():
    clusters = np.array([0, 0, 1, 2, 3, 3])
    groups = np.array([0, 0, 0, 1, 1, 1])
    draws = cluster_draws(clusters, groups, 500, 0)
    assert (draws[:, [0, 2]].sum(axis=1) == 2).all()
    assert (draws[:, [3, 4]].sum(axis=1) == 2).all()
    assert {tuple(row) for row in draws[:, [0, 3]]} == {(a, b) for a in range(3) for b in range(3)}


def test_folds_that_were_not_drawn_are_left_out():
    drop = np.array([0.0, 1.0, 0.0, 2.0])
    predictions = np.array([[0.0, 1.0, 1.0, 1.0]])
    splits = [(np.array([2, 3]), np.array([0, 1])), (np.array([0, 1]), np.array([2, 3]))]
    draws = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [2, 0, 0, 2], [1.0, 1.0, 1.0, 1.0]])
    found = resampled_r2(drop, predictions, splits, np.arange(4), draws)[:, 0]
    assert found[:2].tolist() == [1, 0]
    assert np.isnan(found[2])
    assert found[3] == 0.5
    # Rows 2 and 3 as one cluster: their spread is not one of networks.
    found = resampled_r2(drop, predictions, splits, np.array([0, 1, 2, 2]), draws)[:, 0]
    assert np.isnan(found[1])
    assert found[3] == 1


def test_interval():
    low, high = interval(np.append(np.linspace(0, 1, 1001), np.nan))
    assert (low, high) == (pytest.approx(0.025), pytest.approx(0.975))
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_the_interval_of_a_mean_like_score_has_its_coverage():
    """R2 of a fixed predictor: intervals of fresh samples hold the value of a huge one."""
    random = np.random.default_rng(5)

    def sample(clusters):
        cluster_effect = np.repeat(random.normal(size=clusters), 3)
        noise = np.repeat(random.normal(0, 0.6, size=clusters), 3)
        return cluster_effect + noise, cluster_effect[None]

    truth, predicted = sample(200_000)
    value = r2_score(truth, predicted[0])
    held = 0
    for trial in range(100):
        drop, predictions = sample(80)
        rows = np.arange(240)
        draws = cluster_draws(rows // 3, np.zeros(240, int), 300, trial)
        scores = resampled_r2(drop, predictions, [(rows, rows)], rows // 3, draws)
        low, high = interval(scores[:, 0])
        held += low <= value <= high
    # Binomial around 95 (a little below with 80 clusters); ignoring clusters gives about 75.
    assert 86 <= held <= 100
