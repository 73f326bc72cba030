"""Bootstrap interval of a cross-validated R2: how far it depends on which networks there are.

Clusters (the seeds of one cell) are drawn with replacement, and the out-of-fold predictions are
scored again with each row counted as often as its cluster was drawn. Nothing is fitted again: the
interval is that of the score of these fitted models on other networks, and does not include how
much the models themselves would change.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.regression.cross_validation import defined_mean
from sparsetopo.analysis.regression.splits import Split
from sparsetopo.seeding import generator

_Array = NDArray[np.float64]


def cluster_draws(
    clusters: NDArray[np.int64], groups: NDArray[np.int64], count: int, *labels: str | int
) -> _Array:
    """Draw as many clusters of each group as there are, with replacement, `count` times.

    Parameters
    ----------
    clusters
        Cluster of each row; any size. The number of rows drawn varies if sizes do.
    groups
        Group of each row; a cluster is in one group. All rows are one group where folds are
        shuffled. Where groups are left out they are given, and each has its own draws: else a group
        of few clusters would often be drawn with one cluster or none.
    *labels
        Name the random stream.

    Returns
    -------
    ndarray
        Shape (count, rows): how often each row was drawn.
    """
    random = generator("bootstrap", len(clusters), count, *labels)
    result = np.zeros((count, len(clusters)))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        _, number = np.unique(clusters[rows], return_inverse=True)
        size = int(number.max()) + 1
        draws = random.multinomial(size, np.full(size, 1.0 / size), size=count)
        result[:, rows] = draws[:, number]
    return result


def resampled_r2(
    drop: _Array,
    predictions: _Array,
    splits: Sequence[Split],
    clusters: NDArray[np.int64],
    draws: _Array,
) -> _Array:
    """R2 of resampled rows, averaged over the test folds.

    Parameters
    ----------
    drop
        Shape (rows,).
    predictions
        Shape (predictors, rows).
    clusters
        Cluster of each row.
    draws
        Shape (resamples, rows), from `cluster_draws`.

    Returns
    -------
    ndarray
        Shape (resamples, predictors). A fold of which fewer than two clusters were drawn, or whose
        drawn rows have one drop only, is left out of the average; NaN where all are. (The spread
        inside one cluster is that of seeds: next to it any error is large.)
    """
    folds = []
    for _, test in splits:
        weights = draws[:, test]
        # About the fold's own mean, so that the difference of squares below loses no digits.
        truth = drop[test] - drop[test].mean()
        total = weights.sum(axis=1)
        squares = weights @ truth**2
        deviation = squares - (weights @ truth) ** 2 / np.maximum(total, 1.0)
        _, first = np.unique(clusters[test], return_index=True)
        undefined = (deviation <= 1e-12 * squares) | ((weights[:, first] > 0).sum(axis=1) < 2)
        error = weights @ ((predictions[:, test] - drop[test]) ** 2).T
        r2 = 1.0 - error / np.where(undefined, 1.0, deviation)[:, None]
        folds.append(np.where(undefined[:, None], np.nan, r2))
    return defined_mean(np.array(folds), axis=0)


def interval(values: _Array, share: float = 0.95) -> tuple[float, float]:
    """Percentiles that hold the middle `share` of what is defined; NaN if nothing is."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
