"""Rankings by hand on small tables: truth, mixture, single columns, ties and gaps."""

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.importance import importance_table
from sparsetopo.analysis.ranking.ranking import mixture_weights, ranking_table, rankings_table
from sparsetopo.analysis.ranking.rbo import chance_rbo, mean_rbo
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.table import write_table
from sparsetopo.errors import DataError


def _table(rows):
    columns = ["algorithm", "dataset", "sparsity", "seed", "accuracy", "one", "two", "edges"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(architecture="net")


def _weights(one, two, sparsities=("0.5",)):
    index = pd.MultiIndex.from_product([["net"], sparsities], names=["architecture", "sparsity"])
    return pd.DataFrame({"one": one, "two": two}, index=index)


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
    rankings = rankings_table(TABLE, _weights(0.5, -0.25), ["one", "two"])
    assert _order(rankings, "truth") == ["b", "a", "c"]
    assert _order(rankings, "edges") == ["b", "a", "c"]
    # Seed means of one: 1, 3, 5 -> 0, .5, 1; of two: 4, 0, 2 -> 1, 0, .5.
    mixture = rankings[rankings["strategy"] == "mixture"].set_index("algorithm")["score"]
    assert mixture.to_dict() == pytest.approx({"a": -0.25, "b": 0.25, "c": 0.375})
    assert _order(rankings, "mixture") == ["a", "b", "c"]
    table = ranking_table(rankings).set_index("strategy")
    assert table.loc["mixture", "rbo"] == pytest.approx(mean_rbo("bac", "abc"))
    assert table.loc["edges", "rbo"] == pytest.approx(1)
    assert table.loc["chance", "rbo"] == pytest.approx(chance_rbo(3))
    assert table["rbo_std"].eq(0).all()
    assert table["status"].eq("one dataset, no spread").all()


def test_mean_and_deviation_over_datasets():
    other = TABLE.assign(dataset="e", edges=-TABLE["edges"])
    table = ranking_table(
        rankings_table(pd.concat([TABLE, other]), _weights(1.0, 0.0), ["one", "two"])
    ).set_index("strategy")
    values = [1.0, mean_rbo("bac", "cab")]
    assert table.loc["edges", "rbo"] == pytest.approx(np.mean(values))
    assert table.loc["edges", "rbo_std"] == pytest.approx(np.std(values, ddof=1))
    assert table.loc["edges", ["datasets", "algorithms", "status"]].tolist() == [2, 3, "ok"]


def test_scaling_spans_the_sparsities_and_the_ranked_algorithms_only():
    more = pd.concat([TABLE, TABLE.assign(sparsity="0.9", one=TABLE["one"] + 5)])
    weights = _weights(1.0, 0.0, ["0.5", "0.9"])
    scores = rankings_table(more, weights, ["one", "two"], algorithms=["a", "b"])
    scores = scores[scores["strategy"] == "mixture"].set_index(["sparsity", "algorithm"])["score"]
    # Means of one: 1 and 3 at 0.5, 6 and 8 at 0.9.
    assert scores.to_dict() == pytest.approx(
        {("0.5", "a"): 0, ("0.5", "b"): 2 / 7, ("0.9", "a"): 5 / 7, ("0.9", "b"): 1}
    )


def test_ties_go_by_name_and_are_counted():
    tied = TABLE.assign(accuracy=0.5, one=1.0, two=1.0, edges=7)
    rankings = rankings_table(tied, _weights(1.0, 1.0), ["one", "two"])
    for strategy in ("truth", "mixture", "edges"):
        assert _order(rankings, strategy) == ["a", "b", "c"]
    assert rankings["tied"].all()
    table = ranking_table(rankings)
    assert table["status"].str.contains("3 algorithms tied in accuracy, ordered by name").all()
    own = table.set_index("strategy")["status"].str.contains("3 algorithms tied in their score")
    assert own.to_dict() == {"mixture": True, "edges": True, "chance": False}


def test_ties_of_a_strategy_alone_are_counted():
    tied = TABLE.assign(one=[3.0, 3.0, 3.0, 5.0], edges=[15, 15, 50, 15])
    table = ranking_table(rankings_table(tied, _weights(1.0, 0.0), ["one", "two"]))
    status = table.set_index("strategy")["status"].str.removeprefix("one dataset, no spread")
    assert status.to_dict() == {
        "mixture": "; 2 algorithms tied in their score, ordered by name",
        "edges": "; 2 algorithms tied in their score, ordered by name",
        "chance": "",
    }


def test_means_that_differ_in_the_last_bit_tie():
    one = [("a", "d", "0.5", seed, value, 0, 0, 1) for seed, value in enumerate([0.1, 0.2, 0.3])]
    other = [("b", "d", "0.5", seed, value, 0, 0, 1) for seed, value in enumerate([0.3, 0.2, 0.1])]
    rankings = rankings_table(_table(one + other), _weights(1.0, 0.0), ["one", "two"])
    assert rankings["tied"].all()
    assert _order(rankings, "truth") == ["a", "b"]


def test_missing_values(tmp_path):
    gaps = TABLE.copy()
    gaps.loc[2, ["one", "edges"]] = np.nan  # algorithm b has one seed
    gaps.loc[0, "two"] = np.nan  # algorithm a has another
    rankings = rankings_table(gaps, _weights(1.0, 0.0), ["one", "two"])
    scores = rankings[rankings["strategy"] == "mixture"].set_index("algorithm")
    assert scores["score"].to_dict() == pytest.approx({"a": 0, "b": 0.5, "c": 1})
    assert scores["missing"].to_dict() == {"a": 0, "b": 1, "c": 0}
    assert _order(rankings, "edges") == ["b", "a", "c"]
    table = ranking_table(rankings).set_index("strategy")
    assert "1 algorithm(s) with missing metrics" in table.loc["mixture", "status"]
    write_table(tmp_path / "rankings.csv", rankings)
    assert not pd.read_csv(tmp_path / "rankings.csv").isna().any(axis=None)


def test_missing_cells_shorten_the_rankings():
    other = TABLE.assign(dataset="e")[:2]  # algorithm a alone
    rankings = rankings_table(pd.concat([TABLE[:3], other]), _weights(1.0, 0.0), ["one", "two"])
    table = ranking_table(rankings)
    assert table["algorithms"].eq(2).all()
    assert table["datasets"].eq(1).all()
    assert table["status"].str.startswith("fewer than two algorithms in e").all()
    alone = ranking_table(rankings_table(TABLE[:2], _weights(1.0, 0.0), ["one", "two"]))
    assert alone["rbo"].isna().all()
    assert alone["status"].eq("fewer than two algorithms in d").all()


def test_an_algorithm_without_accuracy_is_ranked_by_no_strategy():
    other = TABLE.assign(dataset="e", accuracy=TABLE["accuracy"].where(TABLE["algorithm"] != "b"))
    both = pd.concat([TABLE, other])
    rankings = rankings_table(both, _weights(1.0, 0.5), ["one", "two"])
    # As if the row were not there.
    dropped = rankings_table(both.dropna(subset="accuracy"), _weights(1.0, 0.5), ["one", "two"])
    pd.testing.assert_frame_equal(rankings, dropped)
    there = rankings[rankings["dataset"] == "e"]
    for strategy in ("truth", "mixture", "edges"):
        assert sorted(_order(there, strategy)) == ["a", "c"]
    table = ranking_table(rankings)
    assert table["status"].str.startswith("not ranked: b in e").all()
    assert table["algorithms"].eq(2).all()
    with pytest.raises(DataError, match="no network of the result table has an accuracy"):
        rankings_table(TABLE.assign(accuracy=np.nan), _weights(1.0, 0.5), ["one", "two"])


def test_weights_are_means_of_correlations(networks):
    importance = importance_table(scale(networks))
    weights = mixture_weights(importance)
    assert weights.shape == (2 * 5, 16)
    r = importance.set_index(["subset", "metric"])["pearson_r"]
    expected = (r["Resnet-20", "cut_edges"] + r["0.95", "cut_edges"]) / 2
    assert weights.loc[("Resnet-20", "0.95"), "cut_edges"] == pytest.approx(expected)


def test_default_study(networks):
    scaled = scale(networks)
    rankings = rankings_table(scaled, mixture_weights(importance_table(scaled)))
    assert len(rankings) == 3 * 2 * 5 * 7
    assert not rankings.isna().any(axis=None)
    table = ranking_table(rankings)
    assert table["sparsity"].unique().tolist() == ["0.6", "0.8", "0.9", "0.95", "0.98"]
    assert table["strategy"].tolist() == ["mixture", "edges", "chance"] * 10
    assert not table.isna().any(axis=None)
    # Accuracy falls with the algorithm's number by design, and the mixture sees why.
    by_strategy = table.groupby("strategy")["rbo"].mean()
    assert by_strategy["mixture"] > by_strategy["chance"] + 0.2


def test_unknown_algorithm():
    with pytest.raises(DataError, match=r"no row of the algorithm.s. z to rank"):
        rankings_table(TABLE, _weights(1.0, 0.0), ["one", "two"], algorithms=["a", "z"])
