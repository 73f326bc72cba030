"""How far a rank-biased overlap depends on the seeds: bootstrap of the networks within each group.

A draw takes as many seeds of each (algorithm, dataset, architecture, sparsity) as there are, with
replacement, and does everything again: the true order, the means of the metrics, the weights of
the mixtures, all rankings. With three seeds an interval is a rough one: it says what the seeds can
explain, not what other datasets would give.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sparsetopo.analysis.ranking.arrays import (
    Arrays,
    Bools,
    Floats,
    Ints,
    mixture_scores,
    mixture_weights,
    over_datasets,
    overlaps,
    positions,
)
from sparsetopo.seeding import generator

BLOCK = 25
"""Draws done at once, each block with a random stream of its own: few enough for the cache."""
INTERVAL = (2.5, 97.5)
"""Percentiles."""


def resampled_overlaps(
    arrays: Arrays,
    pools: Sequence[Ints],
    resamples: int,
    seed: int,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Floats]:
    """Overlaps of every draw.

    Parameters
    ----------
    pools
        Of each, the algorithms ranked (places on the axis of algorithms).
    progress
        Called with (blocks done, blocks in all).

    Returns
    -------
    list of ndarray
        One a pool: shape (resamples, strategies, architectures, sparsities).
    """
    from joblib import Parallel, delayed

    starts = range(0, resamples, BLOCK)
    tasks = (
        delayed(_block)(arrays, pools, min(BLOCK, resamples - start), seed, start)
        for start in starts
    )
    done = []
    for result in Parallel(n_jobs=workers, return_as="generator")(tasks):
        done.append(result)
        if progress is not None:
            progress(len(done), len(starts))
    return [np.concatenate(parts) for parts in zip(*done, strict=True)]


def draw_seeds(arrays: Arrays, draws: int, random: np.random.Generator) -> Ints:
    """Draw networks with replacement within each group; shape (draws, networks), groups in order."""
    starts = arrays.starts
    sizes = np.diff(np.r_[starts, len(arrays.group)])
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    return first + (random.random((draws, len(first))) * size).astype(np.intp)


def pool_overlaps(
    arrays: Arrays,
    drawn: Ints,
    pools: Sequence[Ints],
    weights: Mapping[str, Floats] | None = None,
) -> list[Floats]:
    """Overlaps of all strategies with the truth, mean over the datasets.

    Parameters
    ----------
    drawn
        Networks of each draw, shape (draws, networks): `draw_seeds`, or all of them once.
    weights
        Of each mixture (`mixture_weights`); default: fitted on each draw.

    Returns
    -------
    list of ndarray
        One a pool: shape (draws, strategies, architectures, sparsities); NaN where no dataset has
        two algorithms.
    """
    found = []
    for truth, others, present in pool_positions(arrays, drawn, pools, weights):
        by_strategy = [over_datasets(arrays, overlaps(truth, own, present)) for own in others]
        found.append(np.stack(by_strategy, axis=1))
    return found


def pool_positions(
    arrays: Arrays,
    drawn: Ints,
    pools: Sequence[Ints],
    weights: Mapping[str, Floats] | None = None,
) -> list[tuple[Ints, list[Ints], Bools]]:
    """Place of each algorithm, from 0: of each pool the truth's, each strategy's, who is ranked.

    All of shape (draws, places, sparsities, algorithms of the pool); see `pool_overlaps`.
    """
    accuracy = arrays.means(arrays.accuracy[None], drawn)[0]
    singles = [arrays.means(values[None], drawn)[0] for values in arrays.single.values()]
    present = [~np.isnan(accuracy[..., pool]) for pool in pools]
    others: list[list[Ints]] = [[] for _ in pools]
    for name, (metrics, without) in arrays.mixtures.items():
        own = mixture_weights(arrays, metrics, drawn, without) if weights is None else weights[name]
        means = arrays.means(metrics, drawn)
        for number, pool in enumerate(pools):
            of_pool = own if own.shape[-1] == 1 else own[..., pool]
            scores = mixture_scores(means[..., pool], present[number], of_pool)
            others[number].append(positions(scores, present[number]))
    for number, pool in enumerate(pools):
        others[number] += [positions(-values[..., pool], present[number]) for values in singles]
    return [
        (positions(-accuracy[..., pool], there), own, there)
        for pool, there, own in zip(pools, present, others, strict=True)
    ]


def interval(draws: Floats) -> tuple[float, float, int]:
    """Percentiles of `INTERVAL` of the draws that are not NaN, and the number of these."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return np.nan, np.nan, 0
    low, high = np.percentile(known, INTERVAL)
    return float(low), float(high), len(known)


def _block(
    arrays: Arrays, pools: Sequence[Ints], draws: int, seed: int, start: int
) -> list[Floats]:
    random = generator("ranking bootstrap", seed, start)
    return pool_overlaps(arrays, draw_seeds(arrays, draws, random), pools)
