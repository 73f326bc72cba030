"""Tables of the rankings as observed: who comes where, and how far each strategy agrees with the truth.

Cunegatti et al. 2024, section 4.3, tables 4, 11 and 12. Beside the strategies, ``chance`` is the
expected overlap of a random order. `ranked` is from `pools.rank_pools`, of `StudyArrays.as_observed`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.arrays import StudyArrays
from sparsetopo.analysis.ranking.pools import PoolRankings, Ranking
from sparsetopo.analysis.ranking.rbo import chance_rbo, mean_rbo
from sparsetopo.analysis.ranking.tie_breaking import Bools, Ints, tied
from sparsetopo.errors import DataError

TRUTH, CHANCE = "truth", "chance"


def rankings_table(arrays: StudyArrays, ranked: PoolRankings) -> pd.DataFrame:
    """List the algorithms in the order of every strategy, in every setting.

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
        If no algorithm of the pool has an accuracy.
    """
    if not ranked.present.any():
        raise DataError("no network of the result table has an accuracy, so none can be ranked.")
    rankings = {TRUTH: ranked.truth, **ranked.strategies}
    here = np.nonzero(ranked.present[0])
    pair, sparsity, algorithm = here
    architecture, dataset = arrays.pairs[pair].T
    parts = [
        {
            "architecture": np.array(arrays.architectures)[architecture],
            "dataset": np.array(arrays.datasets)[dataset],
            "sparsity": np.array(arrays.sparsities)[sparsity],
            "strategy": np.full(len(pair), strategy),
            "position": own.positions[0][here] + 1,
            "algorithm": np.array(ranked.algorithms)[algorithm],
            "score": own.scores[0][here],
            "missing": own.missing[0][here],
            "tied": tied(own.scores, ranked.present)[0][here],
        }
        for strategy, own in rankings.items()
    ]
    table = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    setting = np.tile(pair * len(arrays.sparsities) + sparsity, len(parts))
    strategy = np.repeat(np.arange(len(parts)), len(pair))
    order = np.lexsort((table["position"], strategy, setting))
    return pd.DataFrame({key: values[order] for key, values in table.items()})


def ranking_table(arrays: StudyArrays, ranked: PoolRankings) -> pd.DataFrame:
    """Compare every strategy with the truth: mean overlap over the datasets.

    Returns
    -------
    DataFrame
        architecture, sparsity, strategy, rbo, rbo_std (over datasets, ddof=1; 0 for a single
        one), datasets (compared), algorithms (ranked; the least over datasets), status: "ok", or
        remarks joined by "; " (one dataset, ties of the truth or of the scores, missing metrics,
        algorithms not ranked in a dataset, datasets with fewer than two algorithms).
    """
    return pd.DataFrame(
        [
            {"architecture": architecture, "sparsity": sparsity, **comparison}
            for a, architecture in enumerate(arrays.architectures)
            for s, sparsity in enumerate(arrays.sparsities)
            for comparison in _comparisons(arrays, ranked, arrays.pairs_of(a), s)
        ]
    )


def _comparisons(
    arrays: StudyArrays, ranked: PoolRankings, pairs: Ints, sparsity: int
) -> list[dict[str, Any]]:
    """Compare the strategies in one architecture and sparsity; none if no algorithm is ranked."""
    present = ranked.present[0, pairs, sparsity]
    sizes = present.sum(axis=1)
    if not sizes.any():
        return []
    compared = [(pair, int(size)) for pair, size in zip(pairs, sizes, strict=True) if size > 1]
    shared = [*_absences(arrays, ranked, pairs, present)]
    if len(compared) == 1:
        shared.append("one dataset, no spread")
    ties = _tied_count(ranked.truth, present, pairs, sparsity)
    if ties:
        shared.append(f"{ties} algorithms tied in accuracy, ordered by name")
    values = {CHANCE: [chance_rbo(size) for _, size in compared]}
    remarks: dict[str, list[str]] = {CHANCE: []}
    for name, own in ranked.strategies.items():
        values[name] = [
            mean_rbo(_order(ranked.truth, pair, sparsity, size), _order(own, pair, sparsity, size))
            for pair, size in compared
        ]
        remarks[name] = _remarks(own, present, pairs, sparsity)
    return [
        {
            "strategy": name,
            "rbo": float(np.mean(values[name])) if compared else np.nan,
            "rbo_std": float(np.std(values[name], ddof=1)) if len(compared) > 1 else 0.0,
            "datasets": len(compared),
            "algorithms": min((size for _, size in compared), default=1),
            "status": "; ".join([*shared, *remarks[name]]) or "ok",
        }
        for name in [*ranked.strategies, CHANCE]
    ]


def _order(ranking: Ranking, pair: int, sparsity: int, size: int) -> list[int]:
    order: list[int] = np.argsort(ranking.positions[0, pair, sparsity])[:size].tolist()
    return order


def _absences(
    arrays: StudyArrays, ranked: PoolRankings, pairs: Ints, present: Bools
) -> Iterator[str]:
    """Remarks on the datasets and algorithms that are left out."""
    datasets = [arrays.datasets[number] for number in arrays.pairs[pairs, 1]]
    sizes = present.sum(axis=1)
    alone = [name for name, size in zip(datasets, sizes, strict=True) if size == 1]
    if alone:
        yield f"fewer than two algorithms in {', '.join(alone)}"
    anywhere = ranked.present[0].any(axis=(0, 1))
    absent = [
        f"{ranked.algorithms[algorithm]} in {datasets[number]}"
        for number, algorithm in np.argwhere(anywhere & ~present & (sizes > 1)[:, None])
    ]
    if absent:
        yield f"not ranked: {', '.join(absent)}"


def _remarks(own: Ranking, present: Bools, pairs: Ints, sparsity: int) -> list[str]:
    remarks = []
    ties = _tied_count(own, present, pairs, sparsity)
    if ties:
        remarks.append(f"{ties} algorithms tied in their score, ordered by name")
    missing = int((present & (own.missing[0, pairs, sparsity] > 0)).sum())
    if missing:
        remarks.append(f"{missing} algorithm(s) with missing metrics")
    return remarks


def _tied_count(ranking: Ranking, present: Bools, pairs: Ints, sparsity: int) -> int:
    return int(tied(ranking.scores[0, pairs, sparsity], present).sum())
