"""How far a rank-biased overlap depends on the seeds: bootstrap of the networks within each group.

A draw takes as many seeds of each (algorithm, dataset, architecture, sparsity) as there are, with
replacement. Everything is then done again: the true order, the means of the metrics, the weights of
the mixtures, all rankings. With three seeds an interval is rough, and it covers the variation
between seeds only, not that between datasets.
"""

from collections.abc import Callable, Sequence

import numpy as np

from sparsetopo.analysis.ranking.arrays import StudyArrays
from sparsetopo.analysis.ranking.pools import pool_overlaps, rank_pools
from sparsetopo.analysis.ranking.tie_breaking import Floats, Ints
from sparsetopo.seeding import generator

BATCH = 25
"""Draws done at once, each batch with a random stream of its own: few enough for the cache."""
INTERVAL = (2.5, 97.5)
"""Percentiles."""


def resampled_overlaps(
    arrays: StudyArrays,
    pools: Sequence[Sequence[str]],
    resamples: int,
    seed: int,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Floats]:
    """Overlaps of every draw, for each pool: shape (resamples, strategies, architectures, sparsities).

    `progress` is called with (batches done, batches in all).
    """
    from joblib import Parallel, delayed

    starts = range(0, resamples, BATCH)
    tasks = (
        delayed(_batch)(arrays, pools, min(BATCH, resamples - start), seed, start)
        for start in starts
    )
    done = []
    for result in Parallel(n_jobs=workers, return_as="generator")(tasks):
        done.append(result)
        if progress is not None:
            progress(len(done), len(starts))
    return [np.concatenate(parts) for parts in zip(*done, strict=True)]


def draw_seeds(arrays: StudyArrays, draws: int, random: np.random.Generator) -> Ints:
    """Draw networks with replacement within each group; shape (draws, networks), groups in order."""
    first = np.repeat(arrays.starts, arrays.sizes)
    size = np.repeat(arrays.sizes, arrays.sizes)
    return first + (random.random((draws, len(first))) * size).astype(np.intp)


def interval(draws: Floats) -> tuple[float, float, int]:
    """Percentiles `INTERVAL` of the draws that are not NaN, and the number of these.

    Examples
    --------
    >>> low, high, known = interval(np.array([0.5] * 39 + [1.0, np.nan]))
    >>> low, round(high, 2), known
    (0.5, 0.51, 40)
    """
    known = draws[~np.isnan(draws)]
    if not len(known):
        return np.nan, np.nan, 0
    low, high = np.percentile(known, INTERVAL)
    return float(low), float(high), len(known)


def _batch(
    arrays: StudyArrays, pools: Sequence[Sequence[str]], draws: int, seed: int, start: int
) -> list[Floats]:
    drawn = draw_seeds(arrays, draws, generator("ranking bootstrap", seed, start))
    return [pool_overlaps(arrays, ranked) for ranked in rank_pools(arrays, drawn, pools)]
