"""Correlations of Ramanujan metrics with density and accuracy drop, against scipy and pandas."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import pearsonr, spearmanr

from sparsetopo.analysis.ramanujan_density import (
    RAMANUJAN_METRICS,
    correlations,
    ramanujan_table,
)
from sparsetopo.analysis.tables.layer_features import RAMANUJAN_COLUMNS
from sparsetopo.analysis.tables.table import CELL
from sparsetopo.errors import DataError

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[4] / "shared"))
RELEASED = SHARED / "reference" / "published" / "ramanujan.csv.xz"
COLUMNS = [
    "against", "metric", "architecture", "dataset", "sparsity", "algorithm",
    "rows", "missing", "pearson_r", "spearman_r", "status",
]  # fmt: skip


@pytest.fixture
def layers(networks):
    """Four layers a network; delta_r follows the density, the other metrics are missing here and there."""
    random = np.random.default_rng(1)
    table = networks[list(CELL)].merge(pd.DataFrame({"layer": range(4)}), how="cross")
    density = random.uniform(0.01, 1, len(table))
    table["density"] = density
    table["delta_r"] = 1 - density**2 + random.normal(0, 0.01, len(table))
    table["delta_r_imdb"] = np.where(density < 0.2, np.nan, random.normal(size=len(table)))
    table["lambda_imsg"] = np.where(density < 0.5, np.nan, random.uniform(0, 9, len(table)))
    return table


def test_equals_scipy_in_every_group(layers, networks):
    networks = pd.concat([networks, networks.assign(dataset="other")], ignore_index=True)
    layers = pd.concat([layers, layers.assign(dataset="other", delta_r=layers["lambda_imsg"])])
    table = ramanujan_table(layers, networks)
    assert table.columns.tolist() == COLUMNS
    groups = 2 * 2 + 2 * 5 + 2 + 5 + networks["algorithm"].nunique() + 1
    assert table.groupby("against").size().to_dict() == {
        "density": 3 * groups,
        "accuracy_drop": 4 * groups,
    }
    means = layers.groupby(list(CELL))[list(RAMANUJAN_COLUMNS)].mean()
    merged = networks.set_index(list(CELL)).join(means.rename(columns=dict(RAMANUJAN_COLUMNS)))
    sources = {"density": layers, "accuracy_drop": merged.reset_index()}
    for row in table.itertuples():
        rows = sources[row.against]
        for column in ("architecture", "dataset", "sparsity", "algorithm"):
            if getattr(row, column) != "all":
                rows = rows[rows[column] == getattr(row, column)]
        both = rows[[row.metric, row.against]].dropna()
        assert (row.rows, row.missing) == (len(both), len(rows) - len(both))
        assert row.status == "ok"
        assert row.pearson_r == pytest.approx(pearsonr(*both.to_numpy().T).statistic, abs=1e-12)
        assert row.spearman_r == pytest.approx(spearmanr(*both.to_numpy().T).statistic, abs=1e-12)


def test_finds_the_metric_that_is_density_in_disguise(layers, networks):
    pooled = ramanujan_table(layers, networks)
    pooled = pooled[(pooled[["architecture", "sparsity", "algorithm"]] == "all").all(axis=1)]
    found = pooled[pooled["against"] == "density"].set_index("metric")["spearman_r"]
    assert found["delta_r"] < -0.99
    assert (found[["delta_r_imdb", "lambda_imsg"]].abs() < 0.3).all()


def test_groups_are_in_a_fixed_order_with_sparsities_by_size(layers, networks):
    renamed = {"0.6": "0.10", "0.8": "0.9", "0.9": "0.98", "0.95": "0.995", "0.98": "0.9999"}
    for table in (layers, networks):
        table["sparsity"] = table["sparsity"].map(renamed)
    table = ramanujan_table(layers.sample(frac=1, random_state=0), networks)
    assert table.equals(ramanujan_table(layers, networks.sample(frac=1, random_state=0)))
    one = table[table["metric"] == "layer_density"]
    algorithms = one.loc[one["algorithm"] != "all", "algorithm"].tolist()
    assert algorithms == sorted(networks["algorithm"].unique())
    one = one[one["algorithm"] == "all"]
    names = list(zip(one["architecture"], one["dataset"], one["sparsity"], strict=True))
    architectures = ["Resnet-20", "Resnet-32"]
    assert names == [
        *((name, "digits", "all") for name in architectures),
        *((name, "all", sparsity) for name in architectures for sparsity in renamed.values()),
        *((name, "all", "all") for name in architectures),
        *(("all", "all", sparsity) for sparsity in renamed.values()),
        ("all", "all", "all"),
    ]


def test_undefined_correlations_are_missing_and_explained(layers, networks):
    sparse = layers["sparsity"] == "0.98"
    layers.loc[sparse, "lambda_imsg"] = np.nan
    layers.loc[layers["sparsity"] == "0.6", "density"] = 0.4
    layers.loc[layers["sparsity"] == "0.8", "delta_r"] = 0.1
    networks.loc[networks["sparsity"] == "0.9", "accuracy_drop"] = 0.25
    table = ramanujan_table(layers, networks)
    pooled = (table[["architecture", "algorithm"]] == "all").all(axis=1)
    table = table[pooled].set_index(["against", "metric", "sparsity"])
    expected = {
        ("density", "lambda_imsg", "0.98"): (0, 112, "too few rows: 0 < 6"),
        ("density", "delta_r", "0.6"): (112, 0, "constant density"),
        ("density", "delta_r", "0.8"): (112, 0, "constant delta_r"),
        ("accuracy_drop", "delta_r", "0.8"): (28, 0, "constant delta_r"),
        ("accuracy_drop", "lambda_imsg", "0.98"): (0, 28, "too few rows: 0 < 6"),
        ("accuracy_drop", "layer_density", "0.9"): (28, 0, "constant accuracy_drop"),
    }
    for key, (rows, missing, status) in expected.items():
        row = table.loc[key]
        assert (row["rows"], row["missing"], row["status"]) == (rows, missing, status)
        assert np.isnan(row[["pearson_r", "spearman_r"]].astype(float)).all()
    assert (table["pearson_r"].isna() == (table["status"] != "ok")).all()


def test_networks_without_a_drop_or_without_layers_are_counted(layers, networks):
    networks.loc[networks["algorithm"] == "er", "accuracy_drop"] = np.nan  # 20 of 140
    short = layers[layers["algorithm"] != "erk"]  # 20 others
    table = ramanujan_table(short, networks[networks["algorithm"] != "snip"])  # 20 more
    row = table[(table["metric"] == "layer_density") & (table["architecture"] == "all")].iloc[-1]
    assert (row["rows"], row["missing"]) == (80, 60)


def test_sparsities_and_seeds_read_as_numbers_meet_strings(layers, networks):
    numbers = layers.assign(sparsity=layers["sparsity"].astype(float))
    strings = networks.assign(seed=networks["seed"].astype("str"))
    assert ramanujan_table(numbers, strings).equals(ramanujan_table(layers, networks))


def test_faulty_tables_are_refused(layers, networks):
    with pytest.raises(DataError, match=r"lacks the column.s. accuracy_drop"):
        ramanujan_table(layers, networks.drop(columns="accuracy_drop"))
    with pytest.raises(DataError, match=r"lacks the column.s. density"):
        ramanujan_table(layers.drop(columns="density"), networks)
    with pytest.raises(DataError, match=r"network snip/digits/Resnet-20/0.6/0 has several rows"):
        ramanujan_table(layers, pd.concat([networks, networks[:1]]))
    layers.loc[3, "delta_r"] = -np.inf
    with pytest.raises(DataError, match="'delta_r' has 1 infinite value"):
        ramanujan_table(layers, networks)


_VALUES = st.floats(-1e6, 1e6).map(lambda value: round(value, 3)) | st.just(np.nan)


@given(arrays(np.float64, st.tuples(st.integers(0, 30), st.just(2)), elements=_VALUES))
def test_any_two_series_correlate_as_scipy_says(values):
    x, y = pd.Series(values[:, 0], name="x"), pd.Series(values[:, 1], name="y")
    pearson_r, spearman_r, rows, status = correlations(x, y)
    both = values[~np.isnan(values).any(axis=1)]
    assert rows == len(both)
    constant = len(both) < 6 or bool((np.ptp(both, axis=0) == 0).any())
    assert (status != "ok") == constant
    if constant:
        assert np.isnan([pearson_r, spearman_r]).all()
    else:
        assert spearman_r == pytest.approx(spearmanr(*both.T).statistic, abs=1e-9)
        assert pearson_r == pytest.approx(np.corrcoef(both.T)[0, 1], abs=1e-5)


@pytest.mark.skipif(not RELEASED.is_file(), reason=f"the released results are not at {RELEASED}")
def test_a_table_of_the_papers_size_takes_seconds():
    layers = pd.read_csv(RELEASED).replace(-np.inf, np.nan)
    layers = layers.rename(
        columns={
            "pruning": "algorithm", "model": "architecture", "layer_id": "layer",
            "layer_sparsity": "density", "degree_bound": "delta_r",
            "iterative_degree_bound": "delta_r_imdb", "iterative_spectral_gap": "lambda_imsg",
        }
    )  # fmt: skip
    networks = layers.drop_duplicates(list(CELL)).assign(accuracy_drop=1 - layers["accuracy"])
    start = time.process_time()
    table = ramanujan_table(layers, networks)
    assert time.process_time() - start < 5  # about 1 s; a slow machine may take longer
    assert len(table) == (12 + 20 + 4 + 5 + 7 + 1) * 7
    whole = table[table["architecture"] == "all"].groupby(["against", "metric"]).last()
    assert (whole.loc["density", "rows"] + whole.loc["density", "missing"] == len(layers)).all()
    # The paper's point: the differences of bound follow layer density.
    assert (whole.loc["density"].loc[list(RAMANUJAN_METRICS[:2]), "spearman_r"].abs() > 0.5).all()
