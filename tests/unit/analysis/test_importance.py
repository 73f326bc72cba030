"""Correlations against numpy, scipy and planted relations."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from sklearn.linear_model import Ridge

from sparsetopo.analysis.importance import (
    correlations,
    importance_of_weights,
    importance_table,
    pearson,
    ridge_coefficients,
)
from sparsetopo.analysis.tables.features import min_max, scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import read_table, write_table


def test_equals_scipy_in_every_subset(networks):
    scaled = scale(networks)
    table = importance_table(scaled)
    assert len(table) == 8 * 16
    assert table["subset"].unique().tolist() == [
        "all", "0.6", "0.8", "0.9", "0.95", "0.98", "Resnet-20", "Resnet-32",
    ]  # fmt: skip
    for row in table.itertuples():
        part = scaled if row.subset == "all" else scaled[scaled[row.subset_kind] == row.subset]
        expected = pearsonr(part[row.metric], part["accuracy_drop"]).statistic
        assert row.pearson_r == pytest.approx(expected, abs=1e-12)
        assert row.category == PAPER_METRICS[row.metric].category
        assert (row.rows, row.status) == (len(part), "ok")


def test_finds_the_planted_metrics(networks):
    table = importance_table(scale(networks))
    mean = table[table["subset_kind"] == "architecture"].groupby("metric")["pearson_r"].mean()
    assert mean.abs().nlargest(2).index.tolist() == ["disconnected", "spectral_gap"]
    assert (mean[["disconnected", "spectral_gap"]] > 0.2).all()


def test_undefined_correlations_are_missing_and_explained(networks, tmp_path):
    networks.loc[networks["sparsity"] == "0.6", "accuracy_drop"] = 0.25
    networks.loc[networks["sparsity"] == "0.8", "n2"] = np.nan
    table = importance_table(scale(networks).assign(sink=0.0))
    found = table.set_index(["subset", "metric"])
    assert found.loc[("0.9", "sink"), "status"] == "constant metric"
    assert found.loc[("0.6", "n1"), "status"] == "constant drop"
    assert found.loc[("0.6", "sink"), "status"] == "constant metric"
    assert found.loc[("0.8", "n2"), "status"] == "too few rows: 0 < 6"
    # One metric everywhere, all others where the drop is constant, one where it is missing.
    assert found["pearson_r"].isna().sum() == 8 + 15 + 1
    assert (found["pearson_r"].isna() == (found["status"] != "ok")).all()
    assert found["ridge_coefficient"].isna().groupby(level=0).all().to_dict() == {
        # 28 networks are too few for 17 coefficients.
        subset: subset.startswith("0.")
        for subset in table["subset"]
    }
    write_table(tmp_path / "importance.csv", table)
    assert (tmp_path / "importance.csv").read_text().count("undefined") == 24 + 5 * 16
    pd.testing.assert_frame_equal(read_table(tmp_path / "importance.csv"), table)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_many_correlations_at_once_equal_single_ones(missing):
    random = np.random.default_rng(1)
    metrics, target = random.normal(size=(4, 6, 9)) * 1e-7 + 1, random.normal(size=(6, 9))
    metrics[random.random(metrics.shape) < missing] = np.nan
    target[random.random(target.shape) < missing] = np.nan
    metrics[1, 2], target[3], metrics[2, 4, 2:] = 7.0, 0.1, np.nan
    found = correlations(metrics, target)
    assert np.isnan(found).sum() >= 1 + 4 + 1
    for metric, draw in itertools.product(range(4), range(6)):
        x, y = metrics[metric, draw], target[draw]
        known = ~(np.isnan(x) | np.isnan(y))
        single, rows, _ = pearson(pd.Series(x), pd.Series(y))
        assert rows == known.sum()
        if rows < 6:
            assert np.isnan(single)
            continue
        np.testing.assert_allclose(found[metric, draw], single, atol=1e-14)
        if not np.isnan(single):
            assert single == pytest.approx(pearsonr(x[known], y[known]).statistic, abs=1e-7)


def test_networks_without_a_drop_are_left_out_and_counted(networks):
    gaps = networks.copy()
    gaps.loc[gaps["sparsity"].eq("0.98") & gaps["algorithm"].eq("er"), "accuracy_drop"] = np.nan
    table = importance_table(scale(gaps))
    without = importance_table(scale(gaps.dropna(subset="accuracy_drop")))
    for column in ("rows", "pearson_r", "ridge_coefficient"):
        pd.testing.assert_series_equal(table[column], without[column])
    left_out = table.drop_duplicates("subset").set_index("subset")["rows_left_out"].to_dict()
    assert {key: n for key, n in left_out.items() if n} == {
        "all": 4,
        "0.98": 4,
        "Resnet-20": 2,
        "Resnet-32": 2,
    }


def test_tiny_and_large_values_keep_their_correlation():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 50))
    expected = np.corrcoef(x, y)[0, 1]
    for factor, offset in ((1e-160, 0.0), (1e150, 0.0), (1e-6, 1e-3)):
        result, rows, status = pearson(pd.Series(x * factor + offset), pd.Series(y))
        assert (rows, status) == (50, "ok")
        assert result == pytest.approx(expected, rel=1e-9)


def test_ridge_coefficients_equal_scikit_learn(networks):
    scaled = scale(networks)
    keys = list(PAPER_METRICS)
    expected = Ridge(alpha=0.1).fit(min_max(scaled[keys].to_numpy()), scaled["accuracy_drop"]).coef_
    np.testing.assert_allclose(ridge_coefficients(scaled, keys), expected, atol=1e-10)


def test_both_weights_have_rows_and_the_table_says_which(networks):
    assert set(importance_of_weights(networks, PAPER_METRICS)["weights"]) == {"trained"}
    both = networks.assign(weights="initial", strength_trained=networks["accuracy_drop"])
    table = importance_of_weights(both, PAPER_METRICS)
    rows = table[table["subset"] == "all"].set_index(["weights", "metric"])
    assert set(table["weights"]) == {"initial", "trained"}
    assert len(rows) == 16 + 3
    assert rows.loc[("initial", "strength"), "pearson_r"] != pytest.approx(
        rows.loc[("trained", "strength"), "pearson_r"]
    )
    expected = importance_table(scale(networks, PAPER_METRICS))
    pd.testing.assert_frame_equal(table[: len(expected)].drop(columns="weights"), expected)
