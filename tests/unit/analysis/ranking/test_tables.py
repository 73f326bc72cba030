"""Rankings by hand on small tables: truth, mixture, single columns, ties and gaps."""

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.ranking.pools import rank_pools
from sparsetopo.analysis.ranking.rbo import chance_rbo, mean_rbo
from sparsetopo.analysis.ranking.strategies import Mixture
from sparsetopo.analysis.ranking.tables import ranking_table, rankings_table
from sparsetopo.analysis.tables.table import write_table
from sparsetopo.errors import DataError


def _table(rows):
    columns = ["algorithm", "dataset", "sparsity", "seed", "accuracy", "one", "two", "edges"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(architecture="net")


def _tables(table, one, two, algorithms="abc"):
    """Tables of a mixture of two metrics with given weights, and of the edges."""
    table = table.assign(accuracy_drop=1 - table["accuracy"])
    mixture = Mixture("mixture", table, ("one", "two"))
    arrays = study_arrays(table, [mixture], {"edges": "edges"})
    weights = {"mixture": np.array([one, two]).reshape(2, 1, 1, 1, 1)}
    pool = [name for name in algorithms if name in arrays.algorithms]
    (ranked,) = rank_pools(arrays, arrays.as_observed(), [pool], weights)
    return rankings_table(arrays, ranked), ranking_table(arrays, ranked)


COLUMNS = (
    "architecture", "sparsity", "strategy", "rbo", "rbo_std", "datasets", "algorithms", "status",
)  # fmt: skip
TABLE = _table(
    [
        ("a", "d", "0.5", 0, 0.7, 0.0, 4.0, 10),
        ("a", "d", "0.5", 1, 0.9, 2.0, 4.0, 30),
        ("b", "d", "0.5", 0, 0.9, 3.0, 0.0, 50),
        ("c", "d", "0.5", 0, 0.6, 5.0, 2.0, 15),
    ]
)


def _order(rankings, strategy):
    return rankings[rankings["strategy"] == strategy].sort_values("position")["algorithm"].tolist()


def test_strategies_by_hand():
    rankings, table = _tables(TABLE, 0.5, -0.25)
    assert _order(rankings, "truth") == ["b", "a", "c"]
    assert _order(rankings, "edges") == ["b", "a", "c"]
    # Seed means of one: 1, 3, 5 -> 0, .5, 1; of two: 4, 0, 2 -> 1, 0, .5.
    mixture = rankings[rankings["strategy"] == "mixture"].set_index("algorithm")["score"]
    assert mixture.to_dict() == pytest.approx({"a": -0.25, "b": 0.25, "c": 0.375})
    assert _order(rankings, "mixture") == ["a", "b", "c"]
    table = table.set_index("strategy")
    assert table.loc["mixture", "rbo"] == pytest.approx(mean_rbo("bac", "abc"))
    assert table.loc["edges", "rbo"] == pytest.approx(1)
    assert table.loc["chance", "rbo"] == pytest.approx(chance_rbo(3))
    assert table["rbo_std"].eq(0).all()
    assert table["status"].eq("one dataset, no spread").all()


def test_mean_and_deviation_over_datasets():
    other = TABLE.assign(dataset="e", edges=-TABLE["edges"])
    table = _tables(pd.concat([TABLE, other]), 1.0, 0.0)[1].set_index("strategy")
    values = [1.0, mean_rbo("bac", "cab")]
    assert table.loc["edges", "rbo"] == pytest.approx(np.mean(values))
    assert table.loc["edges", "rbo_std"] == pytest.approx(np.std(values, ddof=1))
    assert table.loc["edges", ["datasets", "algorithms", "status"]].tolist() == [2, 3, "ok"]


def test_scaling_spans_the_sparsities_and_the_ranked_algorithms_only():
    more = pd.concat([TABLE, TABLE.assign(sparsity="0.9", one=TABLE["one"] + 5)])
    scores, _ = _tables(more, 1.0, 0.0, "ab")
    scores = scores[scores["strategy"] == "mixture"].set_index(["sparsity", "algorithm"])["score"]
    # Means of one: 1 and 3 at 0.5, 6 and 8 at 0.9.
    assert scores.to_dict() == pytest.approx(
        {("0.5", "a"): 0, ("0.5", "b"): 2 / 7, ("0.9", "a"): 5 / 7, ("0.9", "b"): 1}
    )


def test_ties_go_by_name_and_are_counted():
    tied = TABLE.assign(accuracy=0.5, one=1.0, two=1.0, edges=7)
    rankings, table = _tables(tied, 1.0, 1.0)
    for strategy in ("truth", "mixture", "edges"):
        assert _order(rankings, strategy) == ["a", "b", "c"]
    assert rankings["tied"].all()
    assert table["status"].str.contains("3 algorithms tied in accuracy, ordered by name").all()
    own = table.set_index("strategy")["status"].str.contains("3 algorithms tied in their score")
    assert own.to_dict() == {"mixture": True, "edges": True, "chance": False}


def test_ties_of_a_strategy_alone_are_counted():
    tied = TABLE.assign(one=[3.0, 3.0, 3.0, 5.0], edges=[15, 15, 50, 15])
    _, table = _tables(tied, 1.0, 0.0)
    status = table.set_index("strategy")["status"].str.removeprefix("one dataset, no spread")
    assert status.to_dict() == {
        "mixture": "; 2 algorithms tied in their score, ordered by name",
        "edges": "; 2 algorithms tied in their score, ordered by name",
        "chance": "",
    }


def test_means_that_differ_in_the_last_bit_tie():
    one = [("a", "d", "0.5", seed, value, 0, 0, 1) for seed, value in enumerate([0.1, 0.2, 0.3])]
    other = [("b", "d", "0.5", seed, value, 0, 0, 1) for seed, value in enumerate([0.3, 0.2, 0.1])]
    rankings, _ = _tables(_table(one + other), 1.0, 0.0)
    assert rankings["tied"].all()
    assert _order(rankings, "truth") == ["a", "b"]


def test_missing_values(tmp_path):
    gaps = TABLE.copy()
    gaps.loc[2, ["one", "edges"]] = np.nan  # algorithm b has one seed
    gaps.loc[0, "two"] = np.nan  # algorithm a has another
    rankings, table = _tables(gaps, 1.0, 0.0)
    scores = rankings[rankings["strategy"] == "mixture"].set_index("algorithm")
    assert scores["score"].to_dict() == pytest.approx({"a": 0, "b": 0.5, "c": 1})
    assert scores["missing"].to_dict() == {"a": 0, "b": 1, "c": 0}
    assert _order(rankings, "edges") == ["b", "a", "c"]
    table = table.set_index("strategy")
    assert "1 algorithm(s) with missing metrics" in table.loc["mixture", "status"]
    write_table(tmp_path / "rankings.csv", rankings)
    assert not pd.read_csv(tmp_path / "rankings.csv").isna().any(axis=None)


def test_missing_cells_shorten_the_rankings():
    other = TABLE.assign(dataset="e")[:2]  # algorithm a alone
    _, table = _tables(pd.concat([TABLE[:3], other]), 1.0, 0.0)
    assert table["algorithms"].eq(2).all()
    assert table["datasets"].eq(1).all()
    assert table["status"].str.startswith("fewer than two algorithms in e").all()
    _, alone = _tables(TABLE[:2], 1.0, 0.0)
    assert alone["rbo"].isna().all()
    assert alone["status"].eq("fewer than two algorithms in d").all()


def test_an_algorithm_without_accuracy_is_ranked_by_no_strategy():
    other = TABLE.assign(dataset="e", accuracy=TABLE["accuracy"].where(TABLE["algorithm"] != "b"))
    both = pd.concat([TABLE, other])
    rankings, table = _tables(both, 1.0, 0.5)
    # As if the row were not there.
    dropped, _ = _tables(both.dropna(subset="accuracy"), 1.0, 0.5)
    pd.testing.assert_frame_equal(rankings, dropped)
    there = rankings[rankings["dataset"] == "e"]
    for strategy in ("truth", "mixture", "edges"):
        assert sorted(_order(there, strategy)) == ["a", "c"]
    assert table["status"].str.startswith("not ranked: b in e").all()
    assert table["algorithms"].eq(2).all()
    with pytest.raises(DataError, match="no network of the result table has an accuracy"):
        _tables(TABLE.assign(accuracy=np.nan), 1.0, 0.5)


def test_default_study(networks):
    settings = RankingSettings(checks=False, permutations=0, resamples=0)
    found = rank_networks(networks, settings=settings)
    rankings, table = found.rankings, found.ranking[[*COLUMNS]]
    assert len(rankings) == 3 * 2 * 5 * 7
    assert not rankings.isna().any(axis=None)
    assert table["sparsity"].unique().tolist() == ["0.6", "0.8", "0.9", "0.95", "0.98"]
    assert table["strategy"].tolist() == ["mixture", "edges", "chance"] * 10
    assert not table.isna().any(axis=None)
    # Accuracy falls with the algorithm's number by design, and the mixture sees why.
    by_strategy = table.groupby("strategy")["rbo"].mean()
    assert by_strategy["mixture"] > by_strategy["chance"] + 0.2
