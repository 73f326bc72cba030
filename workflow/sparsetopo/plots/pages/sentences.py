"""One sentence for each section of the page: what its charts and figures show of this very study, from the tables.

Honest where they show nothing: a sentence then says why there is no number.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.graph_summary import GraphSummary
from sparsetopo.analysis.prediction.scores import SET
from sparsetopo.analysis.regression.splits import LEFT_OUT
from sparsetopo.analysis.regression.subsets import ALL
from sparsetopo.analysis.tables.feature_sets import SIZE
from sparsetopo.analysis.tables.metrics import study_metrics
from sparsetopo.analysis.tables.table import sparsity_strings
from sparsetopo.analysis.words import (
    counted,
    listed,
    percent,
    short_number,
    span,
    with_article,
    with_interval,
)
from sparsetopo.plots.checks import RIDGE
from sparsetopo.plots.regression import papers_case
from sparsetopo.plots.style import display

Tables = Mapping[str, pd.DataFrame]

_GRAPH = "MGE"
_MEAN = "mean"  # of the regressors
_WEAK = 0.3  # correlations below explain less than a tenth


def section_sentences(tables: Tables) -> dict[str, str]:
    """The sentence of every section whose tables there are, by the section's name."""
    return {
        name: sentence(tables)
        for name, (needed, sentence) in _SENTENCES.items()
        if needed <= set(tables)
    }


def graph_sentence(graph: GraphSummary) -> str:
    """What the drawing of one graph shows: its size, its shortcuts, and how many nodes pass no signal."""
    nodes = sum(layer.size for layer in graph.layers)
    isolated = sum(layer.isolated for layer in graph.layers)
    dead = sum(layer.dead_ends for layer in graph.layers)
    shortcuts = sum(link.is_shortcut for link in graph.links)
    return (
        f"{nodes:,} nodes in {len(graph.layers)} layers, {graph.edges:,} edges; {counted(shortcuts, 'shortcut')}. "
        f"{percent(isolated / nodes)} of the nodes have no edge, {percent(dead / nodes)} more are not reached or lead "
        "nowhere."
    )


def _drop(tables: Tables) -> str:
    own = _importance(tables, ALL)
    labels = _labels(tables)
    if own.empty:
        return f"How any metric goes with the lost accuracy cannot be told: {_why(tables['importance'])}."
    best = _strongest(own)[0]
    return (
        f"Among all networks together '{labels[best.metric]}' goes most closely with the lost accuracy: the "
        f"correlation is {short_number(best.pearson_r)}, so networks with more of it lose "
        f"{'more' if best.pearson_r > 0 else 'less'}{'' if abs(best.pearson_r) >= _WEAK else ', if only slightly'}."
    )


def _accuracy(tables: Tables) -> str:
    networks = tables["networks"]
    networks = networks.assign(sparsity=sparsity_strings(networks["sparsity"]))
    networks = networks[networks["accuracy"].notna()]
    if networks.empty:
        return "No sparse network has an accuracy."
    sparsities = sorted(networks["sparsity"].unique(), key=float)
    last = networks[networks["sparsity"] == sparsities[-1]]
    by_algorithm = last.groupby("algorithm")["accuracy"].mean().sort_values()
    text = f"The mean accuracy of the sparse networks is {_mean_accuracy(networks, sparsities[0])}"
    if len(sparsities) > 1:
        text += f" and {_mean_accuracy(networks, sparsities[-1])}"
    if len(by_algorithm) > 1:
        best, worst = by_algorithm.index[-1], by_algorithm.index[0]
        text += (
            f"; there {display(best)} keeps the most ({percent(by_algorithm[best])}) and {display(worst)} the least "
            f"({percent(by_algorithm[worst])})"
        )
    return text + "."


def _mean_accuracy(networks: pd.DataFrame, sparsity: str) -> str:
    own = networks[networks["sparsity"] == sparsity]
    return f"{percent(own['accuracy'].mean())} at sparsity {sparsity}"


def _prediction(tables: Tables) -> str:
    table = tables["prediction"]
    sets = table[table["kind"] == SET]
    graph = sets[sets["predictor"] == _GRAPH]
    if not (graph["status"] == "ok").any():
        return f"How well topology predicts the lost accuracy cannot be told: {_why(graph)}."
    parts = [
        f"{_explained(own)} {where}{_not_told(own)}"
        for kind, where in (
            (ALL, "among all networks"),
            ("sparsity", "among networks of one sparsity"),
            ("architecture", "among networks of one architecture"),
        )
        if len(own := graph[graph["subset_kind"] == kind]) and own["r2"].notna().any()
        # A study of one architecture has the same networks twice.
        if kind == ALL or len(own) > 1
    ]
    size = sets[(sets["predictor"] == SIZE) & (sets["subset_kind"] == ALL)]["r2"]
    beside = (
        f"; the size alone {short_number(size.iloc[0])} among all" if size.notna().any() else ""
    )
    return f"Of networks that were left out, topology explains {', '.join(parts)}{beside}."


def _explained(rows: pd.DataFrame) -> str:
    """A score with its interval, or the smallest and the largest of several."""
    if len(rows) > 1:
        return span(rows["r2"])
    row = rows.iloc[0]
    doubt = "" if row["low"] > 0 else ", which may be chance,"
    return with_interval(row["r2"], row["low"], row["high"]) + doubt


def _regression(tables: Tables) -> str:
    case = papers_case(tables["regression"])
    means = case[case["regressor"] == _MEAN]
    scores = means["adjusted_r2"].dropna()
    if scores.empty:
        return f"There is no score: {_why(means)}."
    useless = int((scores < 0).sum())
    useful = scores[scores >= 0]
    parts = []
    if len(useful):
        parts.append(
            f"adjusted R2 is {span(useful)} in {len(useful)} of {len(means)} subsets of the networks"
        )
    if useless:
        parts.append(f"in {useless} the metrics are no better than the mean")
    if len(means) > len(scores):
        parts.append(f"{len(means) - len(scores)} have too few networks for a score")
    return f"Averaged over folds and regressors, as in the paper, {'; '.join(parts)}."


def _checks(tables: Tables) -> str:
    table = tables["regression"]
    own = table[(table["encoding"] == _GRAPH) & (table["regressor"] == RIDGE)]
    told, untold = [], []
    for validation, group in LEFT_OUT.items():
        scores = own[own["validation"] == validation]["adjusted_r2"].dropna()
        name = "data set" if group == "dataset" else group
        if scores.empty:
            untold.append(name)
        else:
            held = int((scores > 0).sum())
            told.append(f"{held} of {len(scores)} subsets with {with_article(name)} left out")
    if not told:
        text = f"Whether it holds for a group that was left out cannot be told ({_why(table)})"
    else:
        text = (
            "Tested on a group that the regression never saw, topology does better than the group's mean in "
            f"{', '.join(told)}"
        )
        text += f" (of {listed(untold)} there is no score)" if untold else ""
    chance = tables["regression_uncertainty"]
    chance = chance[(chance["encoding"] == _GRAPH) & (chance["validation"] == "shuffled")]
    p_values = chance.drop_duplicates(["subset_kind", "subset"])["p_value"].dropna()
    if len(p_values):
        beats = int((p_values < 0.05).sum())
        text += f"; on shuffled folds it beats permuted drops (p < .05) in {beats} of {len(p_values)} subsets"
    return text + "."


def _families(tables: Tables) -> str:
    table = tables["families"]
    table = table[table["subset_kind"] == ALL] if (table["subset_kind"] == ALL).any() else table
    alone = table[table["use"] == "keep"].groupby("family")["adjusted_r2"].mean().dropna()
    without = table[table["use"] == "drop"].groupby("family")["difference"].mean().dropna()
    if alone.empty or without.empty:
        return f"What a family contributes cannot be told: {_why(table)}."
    best, missed = str(alone.idxmax()), str(without.idxmin())
    return (
        f"Alone, the family '{best}' explains most (adjusted R2 {short_number(alone[best])}); "
        + (
            f"'{missed}' is missed most when it is left out ({short_number(without[missed])})."
            if without[missed] < 0
            else "none is missed when it is left out."
        )
    )


def _importance_sentence(tables: Tables) -> str:
    every = _importance(tables)
    if every.empty:
        return f"There is no correlation to show: {_why(tables['importance'])}."
    labels = _labels(tables)
    own = _importance(tables, ALL)
    own = own if len(own) else every
    named = listed(
        f"'{labels[row.metric]}' ({short_number(row.pearson_r)})" for row in _strongest(own)[:3]
    )
    same = sum(
        bool((values > 0).all() or (values < 0).all())
        for _, values in every.groupby("metric")["pearson_r"]
    )
    return (
        f"Closest to the lost accuracy are {named}; {same} of {every['metric'].nunique()} metrics have the same sign "
        "in every subset of the networks."
    )


def _ramanujan(tables: Tables) -> str:
    table = tables["ramanujan"]
    pooled = table[(table["sparsity"] == ALL) & (table["algorithm"] == ALL)]
    own = pooled[(pooled["against"] == "density") & (pooled["status"] == "ok")]
    if own.empty:
        return f"Nothing can be told of layers: {_why(table)}."
    parts = [
        f"{display(str(metric))} {span(rows['spearman_r'])}"
        for metric, rows in own.groupby("metric", sort=False)
    ]
    return (
        f"How far these metrics repeat the density of a layer (rank correlation): {', '.join(parts)}; 1 would say "
        "nothing beyond density."
    )


def _ranking(tables: Tables) -> str:
    means = tables["ranking_means"]
    means = means[means["pool"] == ALL] if "pool" in means else means
    mixture = means[means["strategy"] == "mixture"]
    told = mixture[mixture["rbo"].notna()]
    if told.empty:
        return f"A ranking cannot be judged: {_why(mixture)}."
    better = int((told["p_value"] < 0.05).sum())
    others = means[~means["strategy"].isin(["chance", "truth"])]
    averages = others.groupby("strategy")["rbo"].mean()
    best = averages.index[np.isclose(averages, averages.max())]
    on_average = (
        f"'{display(str(best[0]))}' agrees" if len(best) == 1 else f"{len(best)} strategies agree"
    )
    return (
        f"The mixture of topometrics ranks the algorithms better than chance (p < .05) on {better} of {len(told)} "
        f"architectures (agreement {span(told['rbo'])}; random orders {span(told['null_mean'])}); on average "
        f"{on_average} best."
    )


def _table3(tables: Tables) -> str:
    means = papers_case(tables["regression"])
    means = means[(means["regressor"] == _MEAN) & (means["subset_kind"] != ALL)]
    return (
        f"Computed here, the multipartite graph explains {span(means['adjusted_r2'])} of the differences in lost "
        "accuracy (adjusted R2); the hollow marks are what the paper printed."
    )


_SENTENCES: Mapping[str, tuple[set[str], Callable[[Tables], str]]] = {
    "drop": ({"networks", "importance"}, _drop),
    "accuracy": ({"networks"}, _accuracy),
    "table3": ({"regression"}, _table3),
    "prediction": ({"prediction"}, _prediction),
    "regression": ({"regression"}, _regression),
    "checks": ({"regression", "regression_uncertainty"}, _checks),
    "families": ({"families"}, _families),
    "importance": ({"networks", "importance"}, _importance_sentence),
    "ramanujan": ({"ramanujan"}, _ramanujan),
    "ranking": ({"ranking_means"}, _ranking),
}


def _importance(tables: Tables, kind: str | None = None) -> pd.DataFrame:
    """Defined correlations, on the weights that the study is about."""
    table = tables["importance"]
    if "weights" in table:
        table = table[table["weights"] == table["weights"].iloc[0]]
    table = table[(table["status"] == "ok") & table["pearson_r"].notna()]
    return table if kind is None else table[table["subset_kind"] == kind]


def _strongest(own: pd.DataFrame) -> list[Any]:
    """Rows of the metrics, the closest correlation first, each metric once."""
    ordered = own.sort_values("pearson_r", key=np.abs, ascending=False, kind="stable")
    return list(ordered.drop_duplicates("metric").itertuples())


def _labels(tables: Tables) -> dict[str, str]:
    return {
        name: metric.label for name, metric in study_metrics(tables["networks"].columns).items()
    }


def _why(table: pd.DataFrame) -> str:
    """The first reason why a table has no number: that of the largest subset."""
    reasons = table.loc[table["status"] != "ok", "status"].dropna()
    return str(reasons.iloc[0]) if len(reasons) else "the study has none"


def _not_told(own: pd.DataFrame) -> str:
    lacking = int(own["r2"].isna().sum())
    return f" ({lacking} of {len(own)} have too few)" if lacking else ""
