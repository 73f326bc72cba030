"""The headline score against scikit-learn, planted relations, and samples that say nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from sparsetopo.analysis.prediction.grouped_folds import grouped_folds
from sparsetopo.analysis.prediction.scores import prediction_table
from sparsetopo.analysis.prediction.tuned_ridge import PENALTIES, tuned_ridge_predictions
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.tables.feature_sets import feature_sets
from sparsetopo.analysis.tables.metrics import PAPER_METRICS

RANDOM = np.random.default_rng(3)
NUMBERS = ["r2", "low", "high", "beyond_size", "beyond_low", "beyond_high"]


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(2, 5))
def test_no_cluster_is_on_both_sides_and_each_row_is_tested_once(clusters, folds):
    clusters = np.array([*clusters, 7, 8])
    splits = grouped_folds(clusters, folds, "test")
    assert sorted(np.concatenate([test for _, test in splits]).tolist()) == [*range(len(clusters))]
    for train, test in splits:
        assert not set(clusters[train]) & set(clusters[test])
        assert len(train) + len(test) == len(clusters)


def test_predictions_equal_scikit_learn():
    values = RANDOM.normal(size=(60, 4)) * [1e-6, 1.0, 1e9, 1.0] + [0.0, 5.0, 1e10, 0.0]
    values[:, 3] = 7.0  # constant
    drop = values[:, 1] - values[:, 0] * 1e6 + RANDOM.normal(size=60)
    clusters = np.arange(60) // 2
    splits = grouped_folds(clusters, 4, "outer")
    found = tuned_ridge_predictions(values, drop, clusters, splits, "inner")

    def fit(train, test, penalty):
        scaler = StandardScaler().fit(values[train])
        model = Ridge(alpha=penalty).fit(scaler.transform(values[train]), drop[train])
        found = model.predict(scaler.transform(values[test]))
        return found.clip(drop[train].min(), drop[train].max())

    for number, (train, test) in enumerate(splits):
        errors = np.zeros(len(PENALTIES))
        for fitted, tried in grouped_folds(clusters[train], 4, "penalty", number, "inner"):
            for n, penalty in enumerate(PENALTIES):
                predicted = fit(train[fitted], train[tried], penalty)
                errors[n] += ((predicted - drop[train][tried]) ** 2).sum()
        best = PENALTIES[int(np.argmin(errors))]
        np.testing.assert_allclose(found[test], fit(train, test, best), rtol=1e-9)


def test_no_prediction_leaves_the_range_of_the_drops_it_was_fitted_on():
    values = np.append(np.linspace(0.0, 1.0, 20), 50.0)[:, None]
    drop = np.append(np.linspace(0.0, 0.5, 20), 0.5)
    split = (np.arange(20), np.array([20])), (np.array([20, 0]), np.arange(1, 20))
    found = tuned_ridge_predictions(values, drop, np.arange(21), split, "inner")
    assert found[20] == 0.5  # a line foretells 25


def scores(networks, repeats=3, **settings):
    sets = feature_sets(networks.assign(achieved_sparsity=networks["sparsity"].astype(float)))
    chosen = CrossValidation(**settings)
    table = prediction_table(sets, chosen, repeats=repeats, resamples=200)
    return table.set_index(["subset", "kind", "predictor"])


def test_the_planted_relation_is_found_beyond_the_size(networks):
    table = scores(networks, subset_kinds=["all"])
    graph, size = table.loc[("all", "set", "MGE")], table.loc[("all", "set", "size")]
    assert graph["r2"] > 0.9 > size["r2"]
    assert graph["low"] < graph["r2"] < graph["high"]
    assert graph["beyond_low"] > 0
    assert graph["beyond_size"] == pytest.approx(graph["r2"] - size["r2"], abs=0.1)
    assert np.isnan(size["beyond_size"])
    single = table.xs("metric", level="kind")["r2"].droplevel("subset")
    assert set(single.index) == set(PAPER_METRICS)
    assert single.idxmax() == "disconnected"


def test_noise_explains_nothing(networks):
    cells = ["algorithm", "architecture", "sparsity"]
    noise = networks.groupby(cells)["accuracy_drop"].transform(lambda _: RANDOM.normal())
    table = scores(networks.assign(accuracy_drop=noise), subset_kinds=["all"])
    assert (table["r2"] < 0.1).all()
    assert table.loc[("all", "set", "MGE"), "beyond_low"] < 0


def test_seeds_cannot_be_remembered(networks):
    """A metric that names the network explains all of its seeds' drop if they are on both sides, and nothing else."""
    cells = ["algorithm", "architecture", "sparsity"]
    drops = networks.groupby(cells)["accuracy_drop"].transform(lambda _: RANDOM.normal())
    named = networks.assign(accuracy_drop=drops)
    for key in PAPER_METRICS:
        named[key] = drops.map(hash).astype(float) % 997 + named["nodes"]
    assert scores(named, subset_kinds=["all"])["r2"].max() < 0.1


def test_small_subsets_have_a_status_and_no_number(networks):
    table = scores(networks, repeats=1)
    row = table.loc[("0.9", "set", "MGE")]
    assert row["status"] == "too few networks (28 for 17 coefficients)"
    assert row[NUMBERS].isna().all()
    assert table.loc[("0.9", "set", "size"), "status"] == "ok"
    assert np.isfinite(table.loc[("0.9", "metric", "sink"), "r2"])
    one = networks[(networks["sparsity"] == "0.9") & (networks["algorithm"] == "snip")]
    repeated = pd.concat([one.assign(seed=one["seed"] + 2 * n) for n in range(9)])
    few = scores(repeated, repeats=1, subset_kinds=["all"]).loc[("all", "metric", "sink")]
    assert few["status"] == "too few networks (2 without counting seeds, for 2 coefficients)"
    constant = scores(networks.assign(accuracy_drop=0.5), repeats=1, subset_kinds=["all"])
    assert set(constant["status"]) == {"the accuracy drop is constant"}
    assert constant[NUMBERS].isna().all(axis=None)


def test_rows_that_lack_a_feature_are_left_out_everywhere(networks):
    networks.loc[networks.index[:4], "n1"] = np.nan
    table = scores(networks, repeats=1, subset_kinds=["all"])
    assert set(table["networks"]) == {136}
    assert set(table["left_out"]) == {4}
    assert set(table["cells"]) == {68}


def test_workers_do_not_change_the_result(networks):
    alone, shared = (
        scores(networks, repeats=2, workers=workers, subset_kinds=["all"]) for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)
