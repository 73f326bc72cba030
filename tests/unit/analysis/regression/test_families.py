"""Families of metrics kept and dropped, against regressions on hand-picked features."""

import numpy as np
import pytest
from tests.unit.analysis.regression.regressions import FAST, case_table

from sparsetopo.analysis.regression.families import families_table
from sparsetopo.analysis.regression.settings import CrossValidation
from sparsetopo.analysis.tables.feature_sets import FeatureSet, feature_sets
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import CATEGORIES

QUICK = CrossValidation(regressors=FAST)

FAMILIES = {key: metric.category for key, metric in PAPER_METRICS.items()}


@pytest.fixture
def topometrics(networks):
    collected = networks.assign(achieved_sparsity=networks["sparsity"].astype(float))
    return feature_sets(collected)["MGE"]


@pytest.mark.middle
def test_rows_equal_regressions_on_those_features(topometrics):
    topometrics.table.loc[4, "sink"] = np.nan
    table = families_table(topometrics, FAMILIES, QUICK, repeats=2)
    assert len(table) == 8 * (1 + 2 * len(CATEGORIES))
    complete = topometrics.table.drop(index=4)
    chosen = table.set_index(["subset", "family", "use"])
    for family, use in [("all", "all"), ("local", "keep"), ("expansion", "drop")]:
        features = [
            key
            for key in PAPER_METRICS
            if use == "all" or (FAMILIES[key] == family) == (use == "keep")
        ]
        plain = case_table(complete, features, repeats=2, settings=QUICK)
        plain = plain[plain["regressor"] == "mean"].set_index("subset")
        for column, expected in plain.iterrows():
            row = chosen.loc[(column, family, use)]
            assert row["features"] == len(features)
            numbers = {"abs": 1e-12, "nan_ok": True}  # where a subset is too small
            assert row["adjusted_r2"] == pytest.approx(expected["adjusted_r2"], **numbers)
            assert row["mae"] == pytest.approx(expected["mae"], **numbers)
            whole = chosen.loc[(column, "all", "all"), "adjusted_r2"]
            assert row["difference"] == pytest.approx(expected["adjusted_r2"] - whole, **numbers)
    assert chosen["adjusted_r2"].notna().any()


def test_the_families_that_carry_the_relation_are_found(topometrics):
    table = families_table(
        topometrics, FAMILIES, CrossValidation(subset_kinds=["architecture"]), repeats=2
    )
    assert set(table["status"]) == {"ok"}
    for _, rows in table.groupby("subset"):
        score = rows.set_index(["use", "family"])["adjusted_r2"]
        assert score["keep"].nlargest(2).index.tolist() == ["local", "expansion"]
        assert set(score["drop"].nsmallest(2).index) == {"local", "expansion"}
        assert score["drop"].drop(["local", "expansion"]).min() > 0.95


def test_order_of_rows(topometrics):
    table = families_table(topometrics, FAMILIES, QUICK, repeats=1)
    assert table["subset"].drop_duplicates().tolist() == [
        "all", "0.6", "0.8", "0.9", "0.95", "0.98", "Resnet-20", "Resnet-32",
    ]  # fmt: skip
    first = table[:11]
    assert first["subset"].unique().tolist() == ["all"]
    assert first["use"].tolist() == ["all", *["keep", "drop"] * 5]
    assert first["family"].tolist() == ["all", *np.repeat(CATEGORIES, 2)]


def test_one_family_own_families_and_refusals(topometrics):
    one = FeatureSet("MGE", ("sink", "source"), topometrics.table)
    table = families_table(one, {"sink": "local", "source": "local"}, QUICK, repeats=1)
    assert table["use"].tolist() == ["all", "keep"] * 8
    assert (table.loc[table["use"] == "keep", "difference"] == 0).all()
    own = {"sink": "zeal", "source": "local"}
    table = families_table(one, own, QUICK, repeats=1)
    assert table["family"][:5].tolist() == ["all", "local", "local", "zeal", "zeal"]
    with pytest.raises(DataError, match=r"feature\(s\) source have no category"):
        families_table(one, {"sink": "local"})


def test_small_subsets_have_a_status(topometrics):
    table = topometrics.table.copy()
    table.loc[table["sparsity"] == "0.6", "accuracy_drop"] = 0.1
    few = FeatureSet("MGE", topometrics.columns, table)
    rows = families_table(
        few, FAMILIES, CrossValidation(subset_kinds=["sparsity"], regressors=FAST), repeats=1
    )
    constant = rows[(rows["subset"] == "0.6") & (rows["features"] <= 8)]
    assert len(constant) == 5
    assert set(constant["status"]) == {"the accuracy drop is constant"}
    assert constant[["adjusted_r2", "mae", "difference"]].isna().all(axis=None)
    assert set(rows.loc[(rows["subset"] == "0.9") & (rows["use"] == "all"), "status"]) == {
        "too few networks (28 for 17 coefficients)"
    }
