"""All rankings of a study: pools, strategies, nulls and intervals, and tables that allow less."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.ranking.ranking_study import two_datasets, with_gaps

from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.ranking.rbo import chance_rbo
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import read_table, write_table
from sparsetopo.errors import DataError

ALL = ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]
POOLS = {"all": ALL, "scored": ALL[:4], "random": ALL[4:], "one": ["er"]}
DRAWS = RankingSettings(permutations=300, resamples=30)
NO_DRAWS = RankingSettings(permutations=0, resamples=0)


@pytest.fixture
def table(networks):
    return two_datasets(networks)


def test_columns_rows_and_order(table, tmp_path):
    free = scale(table)
    calls = []
    found = rank_networks(
        table,
        PAPER_METRICS,
        POOLS,
        size_free=free,
        settings=DRAWS,
        progress=lambda *n: calls.append(n),
    )
    assert calls == [(1, 2), (2, 2)]
    assert found.rankings.columns.tolist() == [
        "pool", "architecture", "dataset", "sparsity", "strategy", "position", "algorithm", "score",
        "missing", "tied",
    ]  # fmt: skip
    assert found.ranking.columns.tolist() == [
        "pool", "architecture", "sparsity", "strategy", "rbo", "rbo_std", "datasets", "algorithms",
        "null_mean", "null_95", "p_value", "low", "high", "resamples", "status",
    ]  # fmt: skip
    assert found.means.columns.tolist() == [
        "pool", "architecture", "strategy", "rbo", "sparsities", "null_mean", "null_95", "p_value",
        "low", "high", "resamples", "status",
    ]  # fmt: skip
    strategies = [
        "mixture", "mixture_size_free", "mixture_other_datasets", "mixture_other_algorithms",
        "size", "edges", "layer_density", "chance",
    ]  # fmt: skip
    assert found.ranking["pool"].unique().tolist() == ["all", "scored", "random"]
    assert found.ranking["strategy"].tolist() == strategies * (3 * 2 * 5)
    assert found.means["strategy"].tolist() == strategies * (3 * 2)
    assert len(found.rankings) == 2 * 2 * 5 * (7 + 4 + 3) * 8  # the truth, too
    assert found.ranking["sparsity"].unique().tolist() == ["0.6", "0.8", "0.9", "0.95", "0.98"]
    ranked = found.ranking[found.ranking["strategy"] != "chance"]
    assert not ranked.isna().any(axis=None)
    assert ranked["resamples"].eq(30).all()
    assert ranked["status"].eq("ok").all()
    chance = found.ranking[found.ranking["strategy"] == "chance"]
    assert chance[["null_mean", "null_95", "p_value", "low", "high"]].isna().all(axis=None)
    write_table(tmp_path / "ranking.csv", found.ranking)
    pd.testing.assert_frame_equal(read_table(tmp_path / "ranking.csv"), found.ranking)


def test_means_are_those_of_the_sparsities(table):
    found = rank_networks(table, PAPER_METRICS, POOLS, settings=DRAWS)
    keys = ["pool", "architecture", "strategy"]
    own = found.ranking.groupby(keys, sort=False)[["rbo", "null_mean"]].mean().reset_index()
    pd.testing.assert_frame_equal(own, found.means[own.columns])
    assert found.means["sparsities"].eq(5).all()


def test_the_papers_strategies_alone(table):
    settings = RankingSettings(checks=False, permutations=0, resamples=0)
    found = rank_networks(table, PAPER_METRICS, {"scored": ALL[:4]}, settings=settings)
    assert found.means["strategy"].tolist() == ["mixture", "edges", "layer_density", "chance"] * 2
    whole = rank_networks(table, PAPER_METRICS, {"scored": ALL[:4]}, settings=NO_DRAWS)
    for own, other in ((found.rankings, whole.rankings), (found.ranking, whole.ranking)):
        same = other[other["strategy"].isin(own["strategy"].unique())].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, same)
    assert found.ranking["resamples"].eq(0).all()
    assert found.ranking[["null_mean", "low"]].isna().all(axis=None)


def test_null_and_interval_tell_a_planted_relation_from_noise(table):
    table["delta_r"] = np.random.default_rng(3).normal(size=len(table))
    found = rank_networks(
        table,
        PAPER_METRICS,
        {"all": ALL},
        settings=RankingSettings(permutations=2000, resamples=60),
    )
    means = found.means[found.means["architecture"] == "Resnet-20"].set_index("strategy")
    assert means["null_mean"].drop("chance").to_numpy() == pytest.approx(chance_rbo(7), abs=0.02)
    assert means.loc["mixture", "p_value"] < 0.01
    assert means.loc["mixture", "rbo"] > means.loc["mixture", "null_95"]
    assert means.loc["delta_r", "p_value"] > 0.05
    assert (means["low"] < means["high"]).drop("chance").all()
    assert means["low"].drop("chance").between(0, 1).all()


def test_gaps_are_ranked_around(table):
    found = rank_networks(with_gaps(table), PAPER_METRICS, POOLS, settings=DRAWS)
    here = found.ranking[(found.ranking["pool"] == "all") & (found.ranking["sparsity"] == "0.9")]
    assert here["datasets"].eq(1).all()
    assert here["status"].str.contains("fewer than two algorithms in letters").all()
    tied = found.ranking[(found.ranking["pool"] == "scored") & (found.ranking["sparsity"] == "0.6")]
    assert tied["status"].str.contains("algorithms tied in accuracy, ordered by name").all()
    assert found.means["status"].str.match("remarks at .*0.9").all()
    assert not found.ranking["rbo"].isna().any()


def test_one_dataset_has_nothing_to_fit_on(networks, table):
    one = table[table["dataset"] == "digits"].drop(columns="layer_density")
    found = rank_networks(one, PAPER_METRICS, settings=DRAWS)
    assert found.ranking["pool"].unique().tolist() == ["all"]
    assert found.means["strategy"].unique().tolist() == [
        "mixture", "mixture_other_algorithms", "size", "edges", "chance",
    ]  # fmt: skip
    assert found.ranking["status"].str.startswith("one dataset, no spread").all()


def test_one_seed_has_no_interval(table):
    first = table[table["seed"] == 0]
    found = rank_networks(first, PAPER_METRICS, {"all": ALL}, settings=DRAWS)
    ranked = found.ranking["strategy"] != "chance"
    assert found.ranking[["low", "high"]].isna().all(axis=None)
    assert found.ranking.loc[ranked, "p_value"].notna().all()
    assert found.ranking["resamples"].eq(0).all()
    assert found.ranking.loc[ranked, "status"].eq("one seed, no interval").all()
    assert found.ranking.loc[~ranked, "status"].eq("ok").all()
    assert (
        found.means.loc[found.means["strategy"] != "chance", "status"]
        .eq("one seed, no interval")
        .all()
    )
    # A second seed at one sparsity is enough there, and for the mean.
    more = pd.concat([first, table[(table["seed"] == 1) & (table["sparsity"] == "0.8")]])
    found = rank_networks(more, PAPER_METRICS, {"all": ALL}, settings=DRAWS)
    ranked = found.ranking["strategy"] != "chance"
    known = found.ranking.loc[ranked].groupby("sparsity")["low"].count()
    assert known[known > 0].index.tolist() == ["0.8"]
    assert found.means["low"].notna().sum() == (found.means["strategy"] != "chance").sum()


def test_an_infinite_bound_is_missing(table):
    table["delta_r"] = 1.0
    table.loc[table["algorithm"] == "er", "delta_r"] = -np.inf
    found = rank_networks(table, PAPER_METRICS, {"all": ALL}, settings=NO_DRAWS)
    own = found.rankings[found.rankings["strategy"] == "delta_r"]
    first = own[own["position"] == 1]
    assert first["algorithm"].eq("er").all()
    assert first["missing"].eq(1).all()
    assert first["score"].isna().all()
    status = found.ranking.loc[found.ranking["strategy"] == "delta_r", "status"]
    assert status.str.contains("12 algorithms tied in their score, ordered by name").all()
    assert status.str.contains("2 algorithm.s. with missing metrics").all()


def test_two_or_three_algorithms_have_no_overlap_if_so_wanted(table):
    few, every = (
        rank_networks(table, PAPER_METRICS, POOLS, size_free=scale(table), settings=settings)
        for settings in (replace(DRAWS, least=4), DRAWS)
    )
    for found, before in ((few.ranking, every.ranking), (few.means, every.means)):
        random = found["pool"] == "random"
        numbers = found.loc[random, ["rbo", "null_mean", "p_value", "low"]]
        assert len(numbers)
        assert numbers.isna().all(axis=None)
        assert set(found.loc[random, "status"]) == {"too few algorithms (3)"}
        pd.testing.assert_frame_equal(found[~random], before[~random])


def test_one_algorithm_is_nothing_to_rank(table):
    found = rank_networks(
        table[table["algorithm"] == "er"], settings=RankingSettings(permutations=10, resamples=5)
    )
    assert set(found.rankings["position"]) == {1}
    assert found.ranking["pool"].eq("all").all()
    assert found.ranking["rbo"].isna().all()
    assert found.ranking["status"].str.contains("fewer than two algorithms in").all()


def test_a_pool_of_one_is_left_out(table):
    pools = {"one": ["er"], "none": [], "two": ["er", "erk"]}
    found = rank_networks(table, PAPER_METRICS, pools, settings=NO_DRAWS)
    assert set(found.ranking["pool"]) == {"two"}


def test_refusals(table):
    with pytest.raises(DataError, match=r"algorithm.s. magic to rank, which the pool 'all' names"):
        rank_networks(table, PAPER_METRICS, {"all": ["er", "magic"]})
    with pytest.raises(DataError, match="lacks the column"):
        rank_networks(table.drop(columns="achieved_sparsity"), PAPER_METRICS)
    with pytest.raises(
        DataError, match=r"size-free metrics \(280 rows\) must be of the same networks"
    ):
        rank_networks(table, PAPER_METRICS, size_free=table[::-1])
