"""Null and interval of every score: against plain loops, on noise, and on planted relations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.regression.regressions import FAST, case_table

from sparsetopo.analysis.regression.cases import study_cases
from sparsetopo.analysis.regression.cross_validation import cross_validate
from sparsetopo.analysis.regression.permutation import cluster_numbers, cluster_permutations
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.regression.splits import LEFT_OUT, shuffled_folds
from sparsetopo.analysis.regression.uncertainty import Draws, regression_uncertainty
from sparsetopo.analysis.tables.feature_sets import FeatureSet, feature_sets
from sparsetopo.analysis.tables.features import scale
from sparsetopo.errors import DataError

QUICK = Draws(permutations=60, mean_permutations=15, resamples=80)
COLUMNS = [
    "encoding", "validation", "scaling", "subset_kind", "subset", "regressor", "rows", "adjusted_r2",
    "null_mean", "null_95", "p_value", "permutations", "low", "high", "resamples", "clusters", "status",
]  # fmt: skip


def uncertainty(sets, draws=QUICK, *, checks=True, **settings):
    cases = study_cases(sets, checks=checks)
    return regression_uncertainty(cases, CrossValidation(**{"regressors": FAST} | settings), draws)


@pytest.fixture
def sets(networks):
    collected = networks.assign(achieved_sparsity=networks["sparsity"].astype(float))
    return feature_sets(collected)


@pytest.mark.middle
def test_rows_and_statistics(sets):
    calls = []
    table = uncertainty(sets, progress=lambda *call: calls.append(call))
    assert list(table.columns) == COLUMNS
    assert len(table) == len(calls) == calls[-1][0] == calls[-1][1] == 3 * 5 * 8 + 2 * 8
    mean = table[table["regressor"] == "mean"]
    assert set(mean["encoding"]) == {"MGE", "size"}
    assert set(mean["validation"]) == {"shuffled"}
    assert set(mean["scaling"]) == {"subset"}
    # The sparsities have too few networks for the sixteen metrics.
    assert set(mean.loc[mean["status"] == "ok", "permutations"]) == {15}
    ridge = table[table["regressor"] == "Ridge"]
    assert set(ridge["validation"]) == {"shuffled", *LEFT_OUT}
    few = uncertainty(sets, checks=False)
    assert len(few) == 2 * 2 * 8


def test_without_permutations_the_interval_stays(sets):
    table, none = (
        uncertainty(
            {"MGE": sets["MGE"]}, replace(QUICK, mean_permutations=count), checks=False
        ).set_index(["regressor", "subset"])
        for count in (15, 0)
    )
    pd.testing.assert_frame_equal(table.loc["Ridge"], none.loc["Ridge"])
    same = ["adjusted_r2", "low", "high", "resamples"]
    pd.testing.assert_frame_equal(table.loc["mean", same], none.loc["mean", same])
    without = none.loc["mean", "status"].drop(["0.6", "0.8", "0.9", "0.95", "0.98"])
    assert set(without) == {"no null: no permutation was asked for"}
    assert none.loc["mean", ["null_mean", "null_95", "p_value"]].isna().all(axis=None)
    assert set(none.loc["mean", "permutations"]) == {0}


@pytest.mark.middle
def test_the_observed_score_is_that_of_the_first_repeats(sets):
    table = uncertainty(sets, replace(QUICK, ridge_repeats=2, mean_repeats=3))
    for validation, scaling in [("shuffled", "subset"), ("leave-one-algorithm-out", "fold")]:
        for statistic, repeats in [("Ridge", 2), ("mean", 3)]:
            plain = case_table(
                sets["MGE"].table,
                sets["MGE"].columns,
                validation=validation,
                scaling=scaling,
                repeats=repeats,
                settings=CrossValidation(regressors=FAST),
            )
            expected = plain[plain["regressor"] == statistic].set_index("subset")["adjusted_r2"]
            found = table[
                (table["encoding"] == "MGE")
                & (table["validation"] == validation)
                & (table["scaling"] == scaling)
                & (table["regressor"] == statistic)
            ].set_index("subset")["adjusted_r2"]
            if len(found):
                expected = expected.reindex(found.index)
                np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
    assert {"Ridge", "mean"} == set(table["regressor"])


@pytest.mark.parametrize("statistic", ["Ridge", "mean"])
def test_the_null_equals_a_loop_over_permutations(networks, statistic):
    scaled = scale(networks)
    features = ("sink", "spectral_gap", "n1")
    sets = {"MGE": FeatureSet("MGE", features, scaled)}
    table = uncertainty(
        sets,
        Draws(permutations=15, mean_permutations=15, ridge_repeats=1),
        checks=False,
        subset_kinds=["architecture"],
    )
    part = scaled[scaled["architecture"] == "Resnet-32"]
    X, y = part[list(features)].to_numpy(), part["accuracy_drop"].to_numpy()
    splits = shuffled_folds(70, 5, "Resnet-32", 0, 0)
    chosen = {"Ridge": FAST["Ridge"]} if statistic == "Ridge" else FAST
    permutations = cluster_permutations(cluster_numbers(part), 15, "architecture", "Resnet-32", 0)
    scores = [
        1 - (1 - cross_validate(X, drop, splits, chosen).r2.mean()) * 69 / 66
        for drop in (y, *(y[rows] for rows in permutations))
    ]
    row = table[(table["subset"] == "Resnet-32") & (table["regressor"] == statistic)].iloc[0]
    assert row["adjusted_r2"] == pytest.approx(scores[0], abs=1e-9)
    assert row["null_mean"] == pytest.approx(np.mean(scores[1:]), abs=1e-9)
    assert row["null_95"] == pytest.approx(np.quantile(scores[1:], 0.95), abs=1e-9)
    reached = sum(score >= scores[0] for score in scores[1:])
    assert row["p_value"] == (1 + reached) / 16
    assert row["clusters"] == 35


def test_the_planted_relation_stands_out(sets):
    table = uncertainty({"MGE": sets["MGE"]}, subset_kinds=["architecture"])
    found = table[table["validation"].isin(["shuffled", "leave-one-algorithm-out"])]
    assert len(found) == 2 * 4
    assert (found["p_value"] == 1 / (1 + found["permutations"])).all()
    assert (found["null_95"] < 0.3).all()
    assert (found["low"] <= found["high"]).all()
    assert (found["low"] > found["null_95"]).all()
    shuffled = found[found["validation"] == "shuffled"]
    assert (shuffled["low"] > 0.9).all()


@pytest.mark.middle
def test_p_values_of_noise_are_uniform(networks):
    """Clusters share a random drop and random metrics: no relation, but rows that are alike."""
    random = np.random.default_rng(11)
    clusters = cluster_numbers(networks)
    drops = random.uniform(size=(40, 70))[:, clusters]
    metrics = random.uniform(size=(70, 3))[clusters]
    networks[["sink", "n1", "n2"]] = metrics
    p_values = []
    for drop in drops:
        sets = {"MGE": FeatureSet("MGE", ("sink", "n1", "n2"), networks.assign(accuracy_drop=drop))}
        table = uncertainty(
            sets,
            Draws(permutations=99, mean_permutations=0, resamples=1, ridge_repeats=1),
            checks=False,
            subset_kinds=["architecture"],
            regressors={"Ridge": FAST["Ridge"]},
        )
        p_values += table.loc[table["regressor"] == "Ridge", "p_value"].tolist()
    # 80 uniform values: the mean has a standard deviation of .032. Permuting rows one by one would
    # give a mean below .3.
    assert abs(np.mean(p_values) - 0.5) < 0.11
    assert np.mean(np.array(p_values) <= 0.1) < 0.22


@pytest.mark.middle
def test_workers_do_not_change_the_result(sets):
    alone, shared = (
        uncertainty(sets, subset_kinds=["architecture"], workers=workers) for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)


def test_statuses(networks):
    collected = networks.assign(achieved_sparsity=networks["sparsity"].astype(float))
    collected.loc[collected["sparsity"] == "0.6", "accuracy_drop"] = 0.3
    features = feature_sets(collected)["size"]
    one = features.table[features.table["sparsity"] == "0.9"].assign(algorithm="snip")
    # One cluster of each architecture, of 14 and 10 rows: nothing can change places.
    one = one.drop(index=one[one["architecture"] == "Resnet-20"].index[:4]).assign(sparsity="0.97")
    table = pd.concat([features.table, one], ignore_index=True)
    result = uncertainty(
        {"size": FeatureSet("size", features.columns, table)},
        checks=False,
        subset_kinds=["sparsity"],
    )
    ridge = result[result["regressor"] == "Ridge"].set_index("subset")
    constant = ridge.loc["0.6"]
    assert constant["status"] == "the accuracy drop is constant"
    assert constant[["adjusted_r2", "null_mean", "p_value", "low"]].isna().all()
    stuck = ridge.loc["0.97"]
    assert stuck["status"] == "no null: no two clusters have equally many rows"
    assert stuck[["adjusted_r2", "low", "high"]].notna().all()
    assert stuck[["null_mean", "null_95", "p_value"]].isna().all()
    assert (stuck["permutations"], stuck["clusters"], stuck["rows"]) == (0, 2, 24)
    assert ridge.loc["0.8", "status"] == "ok"


def test_a_single_seed_makes_clusters_of_one(networks):
    collected = networks.assign(achieved_sparsity=networks["sparsity"].astype(float))
    sets = {"size": feature_sets(collected[collected["seed"] == 0])["size"]}
    table = uncertainty(sets, checks=False, subset_kinds=["architecture"])
    assert (table["clusters"] == table["rows"]).all()
    assert table[["p_value", "low", "high"]].notna().all(axis=None)


def test_refusals(sets):
    with pytest.raises(DataError, match="resamples must be at least 1, not 0"):
        Draws(resamples=0)
    with pytest.raises(DataError, match="permutations must be at least 0, not -1"):
        Draws(permutations=-1)
    broken = {"MGE": replace(sets["MGE"], table=sets["MGE"].table.drop(columns="accuracy_drop"))}
    with pytest.raises(DataError, match=r"lacks the column\(s\) accuracy_drop"):
        uncertainty(broken)
