"""Cross-validation against a plain re-implementation, planted relations, and small samples."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import MinMaxScaler
from tests.unit.analysis.regression.regressions import FAST, case_table

from sparsetopo.analysis.regression.cross_validation import cross_validate, r_squared
from sparsetopo.analysis.regression.regressors import REGRESSORS
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.regression.splits import shuffled_folds
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import write_table
from sparsetopo.errors import DataError


def test_table_equals_a_plain_computation(networks):
    scaled = scale(networks)
    table = case_table(scaled, repeats=3, settings=CrossValidation(regressors=FAST)).set_index(
        ["subset", "regressor"]
    )
    part = scaled[scaled["architecture"] == "Resnet-32"]
    X = MinMaxScaler().fit_transform(part[list(PAPER_METRICS)])
    y = part["accuracy_drop"].to_numpy()
    means, middles = [], []
    for repeat in range(3):
        folds = []
        for train, test in shuffled_folds(70, 5, "Resnet-32", 0, repeat):
            predicted = Ridge(alpha=0.1).fit(X[train], y[train]).predict(X[test])
            r2 = 1 - np.sum((y[test] - predicted) ** 2) / np.sum((y[test] - y[test].mean()) ** 2)
            folds.append((1 - (1 - r2) * 69 / 53, r2, np.mean(np.abs(y[test] - predicted))))
        means.append(np.mean(folds, axis=0))
        middles.append(np.median([fold[0] for fold in folds]))
    adjusted, r2, mae = np.transpose(means)
    row = table.loc[("Resnet-32", "Ridge")]
    assert row["adjusted_r2"] == pytest.approx(adjusted.mean(), abs=1e-10)
    assert row["adjusted_r2_std"] == pytest.approx(adjusted.std(ddof=1), abs=1e-10)
    assert row["adjusted_r2_median_fold"] == pytest.approx(np.mean(middles), abs=1e-10)
    assert row["r2"] == pytest.approx(r2.mean(), abs=1e-10)
    assert row["mae"] == pytest.approx(mae.mean(), abs=1e-12)
    both = table.loc["Resnet-32"].loc[["Linear", "Ridge"], "adjusted_r2"]
    mean = table.loc[("Resnet-32", "mean")]
    assert mean["adjusted_r2"] == pytest.approx(both.mean())
    assert mean["adjusted_r2_std"] == pytest.approx(both.std(ddof=1))


@pytest.mark.middle
def test_the_planted_relation_is_found_and_noise_is_not(networks):
    # An architecture has one divisor a feature; 70 rows are enough for sixteen coefficients.
    scaled = scale(networks)
    table = case_table(scaled, repeats=3, settings=CrossValidation(subset_kinds=["architecture"]))
    found = table[table["regressor"] != "mean"]
    assert set(found["regressor"]) == {*REGRESSORS, "median"}
    assert (found["adjusted_r2"] > 0.95).all()
    noise = np.random.default_rng(0).permutation(scaled["accuracy_drop"])
    table = case_table(scaled.assign(accuracy_drop=noise), repeats=3)
    scores = table.loc[table["status"] == "ok", "adjusted_r2"]
    assert len(scores)
    assert (scores < 0.2).all()


def test_workers_do_not_change_the_result(networks):
    scaled = scale(networks)
    alone, shared = (
        case_table(
            scaled,
            repeats=4,
            settings=CrossValidation(subset_kinds=["architecture"], workers=workers),
        )
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(alone, shared, check_exact=True)


def test_small_subsets_have_a_status_and_no_empty_cell(networks, tmp_path):
    scaled = scale(networks)
    scaled.loc[scaled["sparsity"] == "0.98", "accuracy_drop"] = 0.5
    chosen = pd.concat(
        [
            scaled[scaled["sparsity"] == "0.6"],
            scaled[scaled["sparsity"] == "0.8"][:8],
            scaled[scaled["sparsity"] == "0.9"][:14],
            scaled[scaled["sparsity"] == "0.98"],
        ]
    )
    chosen.loc[chosen.index[0], "n1"] = np.nan
    settings = CrossValidation(subset_kinds=["sparsity"], regressors=FAST)
    table = case_table(chosen, ["sink", "n1", "n2"], repeats=2, settings=settings)
    mean = table[table["regressor"] == "mean"].set_index("subset")
    assert mean["status"].to_dict() == {
        "0.6": "ok",
        "0.8": "too few networks (8 for 4 coefficients)",
        "0.9": "ok",
        "0.98": "the accuracy drop is constant",
    }
    assert mean.loc["0.6", ["rows", "rows_left_out", "features"]].tolist() == [27, 1, 3]
    numbers = mean[["adjusted_r2", "r2", "mae"]]
    assert numbers.loc[["0.6", "0.9"]].notna().all(axis=None)
    assert numbers.loc[["0.8", "0.98"]].isna().all(axis=None)
    write_table(tmp_path / "regression.csv", table)
    assert not pd.read_csv(tmp_path / "regression.csv").isna().any(axis=None)


def test_scaling_inside_the_fold_sees_no_test_row(networks):
    scaled = scale(networks)
    X = scaled[["sink", "n1"]].to_numpy()
    y = scaled["accuracy_drop"].to_numpy()
    splits = shuffled_folds(len(y), 5, 0)
    before = cross_validate(X, y, splits, FAST, "fold")
    changed = X.copy()
    changed[splits[0][1][0]] *= 1000  # one test row of the first fold
    after = cross_validate(changed, y, splits, FAST, "fold")
    others = splits[0][1][1:]
    np.testing.assert_allclose(after.predictions[:, others], before.predictions[:, others])
    leaking = cross_validate(changed, y, splits, {"Ridge": REGRESSORS["Ridge"]}, "subset")
    assert not np.allclose(leaking.predictions[0, others], before.predictions[1, others])


def test_unconverged_fits_are_counted(networks):
    from sklearn.linear_model import Lasso

    stubborn = {"Lasso": lambda: Lasso(alpha=1e-9, max_iter=1)}
    table = case_table(
        scale(networks),
        repeats=2,
        settings=CrossValidation(subset_kinds=["architecture"], regressors=stubborn),
    )
    assert table[table["regressor"] == "Lasso"]["unconverged"].tolist() == [10, 10]
    default = case_table(scale(networks), repeats=1)
    assert default["unconverged"].sum() == 0


def test_r_squared():
    truth = np.array([1.0, 2.0, 3.0])
    assert r_squared(truth, truth) == 1
    assert r_squared(truth, np.full(3, 2.0)) == 0
    assert np.isnan(r_squared(np.full(3, 0.1), truth))


def test_refusals(networks):
    with pytest.raises(DataError, match="at least 2 folds, not 1"):
        CrossValidation(folds=1)
    with pytest.raises(DataError, match=r"lacks the column.s. accuracy_drop"):
        case_table(scale(networks).drop(columns="accuracy_drop"))
