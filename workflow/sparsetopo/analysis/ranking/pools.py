"""Rank the algorithms of pools by every strategy, on any number of draws of the networks.

Strategies order by

- a mixture of metrics (`mixture.mixture_scores`), least first;
- a single column, its mean over seeds, largest first.

The truth orders by mean accuracy, best first. An algorithm without an accuracy in some setting is
ranked there by no strategy, as if it had no networks. Ties: `tie_breaking`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sparsetopo.analysis.ranking.arrays import StudyArrays
from sparsetopo.analysis.ranking.mixture import mixture_scores, mixture_weights
from sparsetopo.analysis.ranking.rbo import position_overlaps
from sparsetopo.analysis.ranking.tie_breaking import (
    Bools,
    Floats,
    Ints,
    positions_with_ties_by_name,
)
from sparsetopo.analysis.regression.cross_validation import defined_mean


@dataclass(frozen=True)
class Ranking:
    """The order of one strategy, or the true one: shape (draws, pairs, sparsities, algorithms).

    Positions are from 0; those of algorithms that are not ranked mean nothing. The order follows from the scores; NaN:
    a single column is missing. `missing` is the number of metrics (or 1: the single column) that are missing in every
    seed.
    """

    positions: Ints
    scores: Floats
    missing: Ints


@dataclass(frozen=True)
class PoolRankings:
    """All rankings of a pool.

    `algorithms` are the names along the last axis, sorted; `present` says which of them have an accuracy, and so are
    ranked. The strategies are in the order of `StudyArrays.strategies`.
    """

    algorithms: tuple[str, ...]
    present: Bools
    truth: Ranking
    strategies: dict[str, Ranking]


def rank_pools(
    arrays: StudyArrays,
    drawn: Ints,
    pools: Sequence[Sequence[str]],
    weights: Mapping[str, Floats] | None = None,
) -> list[PoolRankings]:
    """Rank each pool by every strategy.

    The networks `drawn` are as in `StudyArrays.means`. The algorithms of a pool alone span the range of a metric. The
    weights of each mixture (`mixture.mixture_weights`) are fitted on each draw, on all algorithms, unless they are
    given.
    """
    chosen = [arrays.numbers(pool) for pool in pools]
    accuracy = arrays.means(arrays.accuracy[None], drawn)[0]
    ranked = []
    for own in chosen:
        present = ~np.isnan(accuracy[..., own])
        names = tuple(arrays.algorithms[number] for number in own)
        truth = _largest_first(accuracy[..., own], present)
        ranked.append(PoolRankings(names, present, truth, {}))
    for name, (metrics, without) in arrays.mixtures.items():
        means = arrays.means(metrics, drawn)
        fitted = weights[name] if weights else mixture_weights(arrays, metrics, drawn, without)
        for pool, own in zip(ranked, chosen, strict=True):
            of_pool = fitted if fitted.shape[-1] == 1 else fitted[..., own]
            scores = mixture_scores(means[..., own], pool.present, of_pool)
            positions = positions_with_ties_by_name(scores, pool.present)
            missing = np.isnan(means[..., own]).sum(axis=0)
            pool.strategies[name] = Ranking(positions, scores, missing)
    for name, values in arrays.single.items():
        averages = arrays.means(values[None], drawn)[0]
        for pool, own in zip(ranked, chosen, strict=True):
            pool.strategies[name] = _largest_first(averages[..., own], pool.present)
    return ranked


def pool_overlaps(arrays: StudyArrays, ranked: PoolRankings) -> Floats:
    """Rank-biased overlap of every strategy with the truth, mean over the datasets.

    Shape (draws, strategies, architectures, sparsities); NaN where no dataset has two algorithms.
    """
    by_architecture = [arrays.pairs_of(number) for number in range(len(arrays.architectures))]
    result = []
    for own in ranked.strategies.values():
        values = position_overlaps(ranked.truth.positions, own.positions, ranked.present)
        means = [defined_mean(values[:, pairs], axis=1) for pairs in by_architecture]
        result.append(np.stack(means, axis=1))
    return np.stack(result, axis=1)


def _largest_first(scores: Floats, present: Bools) -> Ranking:
    positions = positions_with_ties_by_name(scores, present, largest_first=True)
    return Ranking(positions, scores, np.isnan(scores).astype(np.intp))
