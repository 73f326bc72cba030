"""Bootstrap interval of a cross-validated R2: how much it depends on the choice of networks.

Clusters (the seeds of one cell) are drawn with replacement, and the out-of-fold predictions are
scored again, with each row counted as often as its cluster was drawn. No model is fitted again, so
the interval does not include how much the models themselves would change.
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
    """Draw clusters with replacement, as many of each group as it has; returns how often each row was drawn.

    The shape is (count, rows). If clusters differ in size, so does the number of rows drawn. All rows are of one group
    where folds are shuffled, else of the group that is left out. (Drawn from all groups together, a group of few
    clusters would often have one or none.) The labels name the random stream.

    Examples
    --------
    >>> draws = cluster_draws(np.array([0, 0, 1]), np.zeros(3, int), 100)
    >>> draws.shape, bool((draws[:, 0] == draws[:, 1]).all())
    ((100, 3), True)
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
    """R2 of resampled rows, averaged over the test folds; shape (resamples, predictors).

    The predictions have the shape (predictors, rows), the draws (`cluster_draws`) (resamples, rows). A fold is left out
    of the average if fewer than two of its clusters were drawn (compared with the spread of seeds in one cluster any
    error is large), or if all drawn rows have the same drop. NaN if no fold remains.
    """
    folds = []
    for _, test in splits:
        weights = draws[:, test]
        # Centred, so that the difference of squares below loses no digits.
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
    """Percentiles around the middle `share` of the defined values; NaN if there are none.

    Examples
    --------
    >>> interval(np.arange(5.0), share=0.5)
    (1.0, 3.0)
    """
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
