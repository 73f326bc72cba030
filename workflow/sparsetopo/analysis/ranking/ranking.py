"""Ranking pruning algorithms without training: the topometric mixture, and how well it orders them.

Cunegatti et al. 2024, section 4.3, tables 4, 11 and 12. For each (architecture, dataset,
sparsity) the algorithms are ordered by a strategy, and compared with their true order by
rank-biased overlap. Strategies:

- ``truth``: mean accuracy over seeds, best first.
- ``mixture`` and its variants (`mixture.Mixture`): a weighted sum of scaled metrics, least first.
- single columns (``SINGLE_COLUMNS``): the mean over seeds, largest first; a missing value goes
  first.
- ``chance``: not a ranking, but the expected overlap of a random one.

Ties go by the algorithm's name, in every strategy; the status counts those of the truth and those
of the strategy. (The published means have three digits: they tie in 27 of the paper's 60 places.)
Means count as equal if 12 digits are. An algorithm without an accuracy at some place is left out
there by every strategy, as if it had no row; the status names it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.mixture import Mixture, mixture_scores, mixture_weights, rounded
from sparsetopo.analysis.ranking.rbo import PERSISTENCES, chance_rbo, mean_rbo
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL, require_columns, sparsity_strings
from sparsetopo.errors import DataError

__all__ = [
    "CHANCE",
    "MIXTURE",
    "SINGLE_COLUMNS",
    "TRUTH",
    "mixture_weights",
    "ranking_table",
    "rankings_table",
]

TRUTH, MIXTURE, CHANCE = "truth", "mixture", "chance"
SINGLE_COLUMNS: Mapping[str, str] = {"edges": "edges"}
"""Strategy name: the column it orders by. Edges order as density does: the nodes are given."""

_PLACE = ["architecture", "dataset", "sparsity"]


def rankings_table(
    table: pd.DataFrame,
    weights: pd.DataFrame,
    metrics: Sequence[str] = tuple(PAPER_METRICS),
    *,
    algorithms: Sequence[str] | None = None,
    single_columns: Mapping[str, str] = SINGLE_COLUMNS,
    mixtures: Sequence[Mixture] = (),
) -> pd.DataFrame:
    """Order the algorithms by every strategy, for every (architecture, dataset, sparsity).

    Parameters
    ----------
    table
        One row a network: the cell's columns, accuracy, the scaled metrics, and the single columns.
    weights
        From `mixture_weights`, usually fitted on all algorithms even if only some are ranked.
    algorithms
        Those to rank (default: all in the table). One without a row or without an accuracy at
        some place is left out of all rankings there, and does not widen the range of a metric.
    mixtures
        Further ones, each with a table of its own that has the same networks.

    Returns
    -------
    DataFrame
        architecture, dataset, sparsity, strategy, position (from 1), algorithm, score, missing
        (metrics missing in every seed, which count as the middle of their range; or 1 if the
        single column is), tied (whether another algorithm there has the same score). A missing
        score of a single column is NaN.

    Raises
    ------
    DataError
        Missing columns, algorithms that have no row, or no accuracy at all.
    """
    require_columns(table, [*CELL, "accuracy", *metrics, *single_columns.values()])
    unknown = sorted(set(algorithms or ()) - set(table["algorithm"]))
    if unknown:
        raise DataError(
            f"the result table has no row of the algorithm(s) {', '.join(unknown)} to rank."
        )
    means = _seed_means(table, ["accuracy", *metrics, *single_columns.values()], algorithms)
    means = means[means["accuracy"].notna()]
    if means.empty:
        raise DataError("no network of the result table has an accuracy, so none can be ranked.")
    parts = [_ordered(means["accuracy"], TRUTH, ascending=False)]
    parts.append(_by_mixture(means[list(metrics)], weights, MIXTURE))
    for mixture in mixtures:
        own = _seed_means(mixture.table, mixture.metrics, algorithms).loc[means.index]
        parts.append(_by_mixture(own, mixture.weights, mixture.name))
    parts += [
        _ordered(means[column], name, ascending=False) for name, column in single_columns.items()
    ]
    columns = [*_PLACE, "strategy", "position", "algorithm", "score", "missing", "tied"]
    result = pd.concat(parts, ignore_index=True)[columns]
    return result.sort_values(_PLACE, kind="stable", ignore_index=True)


def ranking_table(
    rankings: pd.DataFrame, persistences: Sequence[float] = PERSISTENCES
) -> pd.DataFrame:
    """Compare every strategy of `rankings_table` with the truth: mean overlap over the datasets.

    Returns
    -------
    DataFrame
        architecture, sparsity, strategy, rbo, rbo_std (over datasets, ddof=1; 0 for a single
        one), datasets (compared), algorithms (ranked; the least over datasets), status: "ok", or
        remarks joined by "; " (one dataset, ties of the truth or of the scores, missing metrics, algorithms not
        ranked in a dataset, datasets left out because fewer than two algorithms are there).
    """
    orders = {
        key: list(group.sort_values("position")["algorithm"])
        for key, group in rankings.groupby([*_PLACE, "strategy"])
    }
    strategies = [name for name in rankings["strategy"].unique() if name != TRUTH]
    everyone = set(rankings["algorithm"])
    records = []
    for (architecture, sparsity), place in rankings.groupby(["architecture", "sparsity"]):
        for strategy in [*strategies, CHANCE]:
            values, sizes, alone, absent = [], [], [], []
            for dataset in sorted(place["dataset"].unique()):
                truth = orders[architecture, dataset, sparsity, TRUTH]
                if len(truth) < 2:
                    alone.append(dataset)
                    continue
                sizes.append(len(truth))
                absent += [f"{name} in {dataset}" for name in sorted(everyone.difference(truth))]
                if strategy == CHANCE:
                    values.append(chance_rbo(len(truth), persistences))
                else:
                    order = orders[architecture, dataset, sparsity, strategy]
                    values.append(mean_rbo(truth, order, persistences))
            records.append(
                {
                    "architecture": architecture,
                    "sparsity": sparsity,
                    "strategy": strategy,
                    "rbo": float(np.mean(values)) if values else np.nan,
                    "rbo_std": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
                    "datasets": len(values),
                    "algorithms": min(sizes, default=1),
                    "status": _status(place, strategy, values, alone, absent),
                }
            )
    result = pd.DataFrame(records)
    order = pd.Index(result["strategy"].unique())
    return result.sort_values(
        ["architecture", "sparsity", "strategy"],
        key=lambda column: column.map(
            float if column.name == "sparsity" else _position(column, order)
        ),
        kind="stable",
        ignore_index=True,
    )


def _position(column: pd.Series, order: pd.Index) -> dict[str, int]:
    """Sort key: strategies in their own order, anything else by name."""
    names = order if column.name == "strategy" else pd.Index(sorted(column.unique()))
    return {name: place for place, name in enumerate(names)}


def _seed_means(
    table: pd.DataFrame, columns: Sequence[str], algorithms: Sequence[str] | None
) -> pd.DataFrame:
    """Means over seeds; index (architecture, dataset, sparsity, algorithm)."""
    chosen = table.assign(sparsity=sparsity_strings(table["sparsity"]))
    if algorithms is not None:
        chosen = chosen[chosen["algorithm"].isin(list(algorithms))]
    means = chosen.groupby([*_PLACE, "algorithm"])[list(dict.fromkeys(columns))].mean()
    return pd.DataFrame(
        rounded(means.to_numpy(np.float64)), index=means.index, columns=means.columns
    )


def _by_mixture(means: pd.DataFrame, weights: pd.DataFrame, strategy: str) -> pd.DataFrame:
    table = _ordered(mixture_scores(means, weights), strategy, ascending=True)
    table["missing"] = means.isna().sum(axis=1).reindex(_index(table)).to_numpy()
    return table


def _ordered(scores: pd.Series, strategy: str, *, ascending: bool) -> pd.DataFrame:
    """Positions by score within each place: missing first, ties by name."""
    table = scores.rename("score").reset_index()
    table["strategy"] = strategy
    table["missing"] = table["score"].isna().astype(np.int64)
    table["tied"] = table.duplicated([*_PLACE, "score"], keep=False)
    key = table["score"] if ascending else -table["score"]
    table = table.assign(key=key.fillna(-np.inf)).sort_values(
        [*_PLACE, "key", "algorithm"], kind="stable"
    )
    table["position"] = table.groupby(_PLACE).cumcount() + 1
    return table.drop(columns="key")


def _index(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[[*_PLACE, "algorithm"]])


def _status(
    place: pd.DataFrame,
    strategy: str,
    values: Sequence[float],
    alone: Sequence[str],
    absent: Sequence[str],
) -> str:
    remarks = []
    if alone:
        remarks.append(f"fewer than two algorithms in {', '.join(alone)}")
    if absent:
        remarks.append(f"not ranked: {', '.join(absent)}")
    if len(values) == 1:
        remarks.append("one dataset, no spread")
    tied = place[(place["strategy"] == TRUTH) & place["tied"]]
    if len(tied):
        remarks.append(f"{len(tied)} algorithms tied in accuracy, ordered by name")
    own = place[place["strategy"] == strategy]
    if own["tied"].any():
        remarks.append(f"{int(own['tied'].sum())} algorithms tied in their score, ordered by name")
    missing = int((own["missing"] > 0).sum())
    if missing:
        remarks.append(f"{missing} algorithm(s) with missing metrics")
    return "; ".join(remarks) or "ok"
