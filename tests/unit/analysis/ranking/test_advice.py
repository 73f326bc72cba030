"""Predicted orders and what they are worth, against slow references and the strategies of the ranking."""

import itertools

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.paper import released_networks as released
from sparsetopo.analysis.ranking.advice import advise
from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.ranking.held_out import held_out_overlaps
from sparsetopo.analysis.ranking.rbo import chance_rbo, mean_rbo
from sparsetopo.analysis.ranking.strategies import Mixture
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.study_networks import study_networks
from sparsetopo.errors import DataError

ALGORITHMS = ("er", "erk", "snip", "uniform")
SOME = ("sink", "n2", "strength", "spectral_gap")


@pytest.fixture(scope="module")
def study():
    return study_networks(released.released_networks(), released.NAME, None, released.COMPARABLE)


def arrays_of(study):
    table = scale(study.table, study.metrics)
    arrays = study_arrays(table, [Mixture("m", table, tuple(study.metrics))], {})
    return arrays, arrays.mixtures["m"][0]


def candidates(study, architecture, dataset, sparsities=("0.9",), algorithms=None):
    """Networks of the study itself, one a cell, as if they were new."""
    table = study.table
    rows = table[
        (table["architecture"] == architecture)
        & (table["dataset"] == dataset)
        & table["sparsity"].isin(sparsities)
        & (table["seed"] == 0)
    ]
    if algorithms is not None:
        rows = rows[rows["algorithm"].isin(algorithms)]
    return rows.assign(name=rows["algorithm"]).reset_index(drop=True)


def slow_weights(scaled, metrics, architecture, sparsity):
    """The mean of two correlations by pandas, each over the rows that have both values."""
    of_architecture = (
        scaled if architecture is None else scaled[scaled["architecture"] == architecture]
    )
    sides = [
        [rows[metric].corr(rows["accuracy_drop"]) for metric in metrics]
        for rows in (of_architecture, scaled[scaled["sparsity"] == sparsity])
    ]
    return np.nan_to_num(np.mean(sides, axis=0))


def slow_scores(values, weights):
    """Each column to 0..1, weighted and summed; a missing value counts as one half."""
    least = np.nanmin(values, axis=0)
    width = np.nanmax(values, axis=0) - least
    unit = np.where(width > 0, (values - least) / np.where(width > 0, width, 1), 0)
    return np.where(np.isnan(values), 0.5, unit) @ weights


@pytest.mark.parametrize("architecture", ["Resnet-20", None])
def test_the_order_is_that_of_a_plain_computation(study, architecture):
    new = candidates(study, "Resnet-20", "CIFAR-100", ("0.8", "0.9"))
    advice = advise(study, new, architecture)
    metrics = list(PAPER_METRICS)
    scaled, mine = scale(study.table), scale(new)
    for sparsity in ("0.8", "0.9"):
        own = mine["sparsity"] == sparsity
        weights = slow_weights(scaled, metrics, architecture, sparsity)
        scores = slow_scores(mine[metrics].to_numpy(), weights)[own]
        expected = dict(zip(mine["name"][own], scores, strict=True))
        found = [record for record in advice.order if record["sparsity"] == sparsity]
        assert [record["name"] for record in found] == sorted(expected, key=expected.get)
        assert [record["position"] for record in found] == list(range(1, len(found) + 1))
        for record in found:
            assert record["score"] == pytest.approx(expected[record["name"]], abs=1e-9)
    certain = {record["sparsity"]: record for record in advice.certainty}
    assert advice.records()[0]["overlap"] == certain["0.8"]["overlap"]


def test_with_all_sparsities_it_is_the_strategy_that_leaves_data_sets_out(study):
    settings = RankingSettings(resamples=0, permutations=10_000)
    tables = rank_networks(study.table, study.metrics, settings=settings)
    expected = tables.ranking[tables.ranking["strategy"] == "mixture_other_datasets"]
    arrays, metrics = arrays_of(study)
    for number, architecture in enumerate(arrays.architectures):
        rows = expected[expected["architecture"] == architecture]
        found = held_out_overlaps(arrays, metrics, number, range(5), arrays.algorithms, ["dataset"])
        assert [held.overlap for held in found] == pytest.approx(rows["rbo"].tolist())
        assert [held.chance for held in found] == pytest.approx(rows["null_mean"].tolist())
        assert [held.p_value for held in found] == pytest.approx(rows["p_value"].tolist())
        assert {(held.settings, held.algorithms) for held in found} == {(3, 7)}


@pytest.mark.parametrize("leave_algorithm", [False, True])
def test_an_unseen_architecture_is_held_out_too(study, leave_algorithm):
    arrays, metrics = arrays_of(study)
    left_out = ["dataset", "architecture", *(["algorithm"] if leave_algorithm else [])]
    (found,) = held_out_overlaps(arrays, metrics, None, [3], ALGORITHMS, left_out)
    scaled, names = scale(study.table), list(PAPER_METRICS)
    overlaps = []
    for architecture, dataset in itertools.product(arrays.architectures, arrays.datasets):
        here = scaled[
            (scaled["architecture"] == architecture)
            & (scaled["dataset"] == dataset)
            & (scaled["sparsity"] == "0.95")
            & scaled["algorithm"].isin(ALGORITHMS)
        ]
        means = here.groupby("algorithm")[["accuracy", *names]].mean()
        scores = {}
        for algorithm in means.index:
            rest = scaled[(scaled["architecture"] != architecture) & (scaled["dataset"] != dataset)]
            if leave_algorithm:
                rest = rest[rest["algorithm"] != algorithm]
            weights = slow_weights(rest, names, None, "0.95")
            values = slow_scores(means[names].to_numpy(), weights)
            scores[algorithm] = round(values[list(means.index).index(algorithm)], 12)
        truth = sorted(means.index, key=lambda name: (-round(means["accuracy"][name], 12), name))
        overlaps.append(mean_rbo(truth, sorted(scores, key=lambda name: (scores[name], name))))
    assert found.overlap == pytest.approx(np.mean(overlaps))
    assert found.settings == 12
    assert found.chance == pytest.approx(chance_rbo(4))


def planted(networks, **changes):
    """A study on two data sets, of which accuracy falls with the share of sinks and with nothing else."""
    random = np.random.default_rng(1)
    table = pd.concat([networks, networks.assign(dataset="letters")], ignore_index=True)
    for metric in PAPER_METRICS:
        table[metric] = random.uniform(0, 1, len(table)) * table["nodes"]
    number = table["algorithm"].astype("category").cat.codes
    table["sink"] = table["nodes"] * (0.05 * number + random.uniform(0, 0.01, len(table)))
    table["accuracy"] = 0.9 - table["sink"] / table["nodes"]
    table["accuracy_drop"] = 1 - table["accuracy"] / table["dense_accuracy"]
    return study_networks(table.assign(**changes), "planted", ["sink", "cut_nodes"])


def test_a_planted_order_is_found_and_is_sure(networks):
    study = planted(networks)
    new = pd.DataFrame(
        {"name": list("cadb"), "algorithm": None, "sparsity": "0.9", "nodes": 100, "edges": 300}
    ).assign(sink=[21, 3, 27, 9], cut_nodes=50)
    advice = advise(study, new, "Resnet-20")
    assert [record["name"] for record in advice.order] == ["a", "b", "c", "d"]
    (sure,) = advice.certainty
    assert sure["left_out"] == "data set, algorithm"
    assert sure["overlap"] == pytest.approx(1, abs=1e-9)
    assert sure["p_value"] < 0.001 < sure["chance"] < 0.4
    assert advice.outside == []
    assert not any("do not rely" in note for note in advice.notes)


def test_noise_is_not_to_be_relied_on(networks):
    random = np.random.default_rng(4)
    study = planted(networks, sink=random.uniform(0, 1, 280), cut_nodes=random.uniform(0, 1, 280))
    new = candidates(study, "Resnet-20", "digits")
    assert any(
        "do not rely on this order" in note for note in advise(study, new, "Resnet-20").notes
    )


def test_what_lies_outside_the_study_is_named(study):
    new = candidates(study, "Resnet-20", "CIFAR-10")
    assert advise(study, new).outside == []
    strange = new.assign(sink=0.9 * new["nodes"])
    strange.loc[0, "n2"] = new["n2"].max() * 1e6
    advice = advise(study, strange)
    rows = {record["metric"]: record for record in advice.outside}
    assert rows.keys() == {"sink", "n2"}
    known = scale(study.table)["sink"]
    assert rows["sink"]["beyond"] == pytest.approx(
        (0.9 - known.max()) / (known.max() - known.min())
    )
    assert (rows["sink"]["networks"], rows["n2"]["networks"]) == (len(new), 1)
    assert rows["sink"]["study_most"] == known.max()
    counts = {record["name"]: record["outside"] for record in advice.order}
    assert counts == {name: 1 + (name == strange["name"][0]) for name in strange["name"]}


def test_missing_metrics_count_as_the_middle_and_are_counted(study):
    new = candidates(study, "Conv-6", "CIFAR-10")
    gone = new.assign(motif4=[np.nan, *new["motif4"][1:]])
    advice = advise(study, gone, "Conv-6")
    scores = slow_scores(
        scale(gone)[list(PAPER_METRICS)].to_numpy(),
        slow_weights(scale(study.table), list(PAPER_METRICS), "Conv-6", "0.9"),
    )
    for record in advice.order:
        row = list(gone["name"]).index(record["name"])
        assert record["missing"] == (row == 0)
        assert record["score"] == pytest.approx(scores[row], abs=1e-9)


def test_other_sparsities_go_by_the_nearest(study):
    new = candidates(study, "Conv-6", "CIFAR-10").assign(sparsity="0.93")
    advice = advise(study, new, "Conv-6")
    assert {record["study_sparsity"] for record in advice.certainty} == {"0.95"}
    assert any("the weights are those of 0.95" in note for note in advice.notes)


def test_a_study_of_one_data_set_says_nothing_of_others(networks):
    study = study_networks(networks, "one", SOME)
    new = candidates(study, "Resnet-20", "digits")
    advice = advise(study, new, "Resnet-20")
    assert advice.certainty[0]["overlap"] is None
    assert any("has one data set only" in note for note in advice.notes)
    assert any("nothing in the study says how sure" in note for note in advice.notes)
    elsewhere = advise(study, new)
    assert elsewhere.certainty[0]["left_out"] == "architecture"


def test_studies_that_say_nothing_are_refused(networks):
    with pytest.raises(DataError, match="it has no metric motif5 to rank by; it has sink"):
        study_networks(networks, "mine", ["motif5"])
    with pytest.raises(DataError, match="mine: the collected table has no metric"):
        study_networks(networks.drop(columns=list(PAPER_METRICS)), "mine")
    with pytest.raises(DataError, match=r"lacks the column\(s\) accuracy_drop"):
        study_networks(networks.drop(columns="accuracy_drop"), "mine")
    with pytest.raises(DataError, match="none of its 140 networks has an accuracy"):
        study_networks(networks.assign(accuracy=np.nan), "mine")
    one = study_networks(networks[networks["algorithm"] == "er"], "mine", SOME)
    new = candidates(study_networks(networks, "all", SOME), "Resnet-20", "digits")
    with pytest.raises(DataError, match=r"of one algorithm only \(er\)"):
        advise(one, new)
    few = networks[(networks["sparsity"] != "0.9") | (networks.index < 6)]
    with pytest.raises(DataError, match=r"has 2 network\(s\) with an accuracy at sparsity 0.9"):
        advise(study_networks(few, "mine", SOME), new)
    with pytest.raises(DataError, match="no architecture 'Conv-6'; it has Resnet-20, Resnet-32"):
        advise(study_networks(networks, "mine", SOME), new, "Conv-6")
    with pytest.raises(DataError, match=r"one network at sparsity 0.9; an order needs two"):
        advise(study_networks(networks, "mine", SOME), new[:1])
