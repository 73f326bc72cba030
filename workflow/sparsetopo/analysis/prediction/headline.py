"""What a study says, in a few plain sentences made from its tables; honest where it says nothing."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.prediction.scores import METRIC, SET
from sparsetopo.analysis.regression.subsets import ALL
from sparsetopo.analysis.tables.feature_sets import MGE_TRAINED, SIZE
from sparsetopo.analysis.tables.metrics import main_weights, study_metrics
from sparsetopo.analysis.words import percent, short_number, with_interval

_GRAPH = "MGE"
_WHEN = {
    "initial": "measured before training",
    "trained": "measured after training, on the trained weights",
}
_STRATEGIES = {
    "mixture": "fitted on these networks",
    "mixture_other_algorithms": "fitted on the other algorithms only",
}
_Row = Mapping[Hashable, Any]
_Rows = dict[tuple[str, str], _Row]

# A p-value above this is called chance.
_LEVEL = 0.05


def headline(
    networks: pd.DataFrame, dense: pd.DataFrame, prediction: pd.DataFrame, means: pd.DataFrame
) -> list[str]:
    """Say what the topometrics tell of the accuracy drop, and how sure that is.

    Parameters
    ----------
    networks, dense
        The collected tables.
    prediction
        From `scores.prediction_table`.
    means
        Overlaps of the rankings, averaged over the sparsities (`ranking.uncertainty.with_uncertainty`).

    Returns
    -------
    list
        Of lines: what the study is, what topology explains, what it adds to the size, the best single metric, and how
        well the algorithms are ranked.
    """
    own = prediction[prediction["subset_kind"] == ALL].to_dict("records")
    rows: _Rows = {(row["kind"], row["predictor"]): row for row in own}
    graph = rows[SET, _GRAPH]
    lines = [_study(networks, dense)]
    if graph["status"] != "ok":
        lines.append(f"Whether topology predicts the loss cannot be said: {graph['status']}.")
    else:
        lines += _explained(rows, graph, _WHEN[main_weights(networks)])
        lines.append(_best(rows, networks))
    return lines + _rankings(means)


def _study(networks: pd.DataFrame, dense: pd.DataFrame) -> str:
    counts = [
        f"{networks[column].nunique()} {name}{'' if networks[column].nunique() == 1 else ending}"
        for column, name, ending in (
            ("algorithm", "algorithm", "s"), ("sparsity", "sparsit", "ies"),
            ("architecture", "architecture", "s"), ("dataset", "data set", "s"), ("seed", "seed", "s"),
        )
    ]  # fmt: skip
    counts = [count + "y" if count.endswith("sparsit") else count for count in counts]
    drops = networks["accuracy_drop"].dropna()
    lost = (
        f"sparse networks lose {percent(drops.median())} of it at the median, {percent(drops.max())} at most"
        if len(drops)
        else "no sparse network has an accuracy to compare with it"
    )
    return (
        f"{len(networks)} sparse networks ({', '.join(counts)}). Dense networks reach an accuracy of "
        f"{percent(dense['accuracy'].mean())}; {lost}."
    )


def _explained(rows: _Rows, graph: _Row, when: str) -> list[str]:
    size = rows[SET, SIZE]
    lines = [
        f"Topology, {when}, explains {_score(graph)} of the differences in lost accuracy, of networks that were left "
        f"out with all their seeds{_doubt(graph)}.",
        f"The size alone (nodes, edges, density) explains {_score(size)}; topology adds "
        f"{with_interval(graph['beyond_size'], graph['beyond_low'], graph['beyond_high'])} to it"
        f"{'' if graph['beyond_low'] > 0 else ', which may be chance'}.",
    ]
    trained = rows.get((SET, MGE_TRAINED))
    if trained is not None and trained["status"] == "ok":
        lines.append(
            f"Measured on the trained weights it explains {_score(trained)}{_doubt(trained)}."
        )
    return lines


def _doubt(row: _Row) -> str:
    """What the interval of a score takes back of it."""
    if row["low"] > 0:
        return ""
    return (
        ", but it may be nothing: a few networks decide" if row["r2"] > 0 else ", which is nothing"
    )


def _best(rows: _Rows, networks: pd.DataFrame) -> str:
    metrics = [row for (kind, _), row in rows.items() if kind == METRIC]
    best = max(metrics, key=lambda row: row["r2"])
    name = best["predictor"]
    label = study_metrics(networks.columns)[name].label
    return (
        f"The best single metric of {len(metrics)} is '{label}' ({name}): it explains {_score(best)}"
        f"{'' if best['low'] > 0 else ', which may be chance'}."
    )


def _rankings(means: pd.DataFrame) -> list[str]:
    own = means[means["pool"] == ALL] if "pool" in means else means
    lines = []
    for architecture, rows in own.groupby("architecture", sort=True):
        by_strategy = {row["strategy"]: row for row in rows.to_dict("records")}
        chance = by_strategy["chance"]
        if np.isnan(chance["rbo"]):
            lines.append(f"Ranking the algorithms on {architecture}: {chance['status']}.")
            continue
        told = [
            f"{short_number(by_strategy[name]['rbo'])} {how}{_chance(by_strategy[name])}"
            for name, how in _STRATEGIES.items()
            if name in by_strategy
        ]
        lines.append(
            f"Ranking the algorithms on {architecture}, a mixture of the metrics agrees with the true order by "
            f"{', '.join(told)}; a random order by {short_number(chance['rbo'])}."
        )
    return lines


def _chance(row: _Row) -> str:
    if np.isnan(row["p_value"]):
        return ""
    if row["p_value"] > _LEVEL:
        return f" (no better than chance, p = {short_number(row['p_value'])})"
    return " (p < .01)" if row["p_value"] < 0.01 else f" (p = {short_number(row['p_value'])})"


def _score(row: _Row) -> str:
    """An R2 and its interval, such as ".63 (.51 to .72)"."""
    return with_interval(row["r2"], row["low"], row["high"])
