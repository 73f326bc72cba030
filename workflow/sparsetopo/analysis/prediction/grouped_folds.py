"""Shuffled folds that keep clusters whole: the seeds of a network are never on both sides of a split.

Networks that differ in their seed alone have nearly the same drop and metrics. A fold that has one of them to fit on
and another to test on measures how well it can remember, not how well it can predict.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.regression.splits import Split, shuffled_folds


def grouped_folds(clusters: NDArray[np.int64], folds: int, *labels: str | int) -> list[Split]:
    """Split rows into folds of whole clusters.

    Parameters
    ----------
    clusters
        Number of the cluster of each row, shape (rows,).
    folds
        Of numbers of clusters that differ by at most one; no more than there are clusters.
    labels
        Name the random stream.

    Examples
    --------
    >>> [test.tolist() for train, test in grouped_folds(np.array([7, 7, 3, 3]), 2, "example")]
    [[0, 1], [2, 3]]
    """
    _, number = np.unique(clusters, return_inverse=True)
    count = int(number.max()) + 1
    return [
        (np.flatnonzero(np.isin(number, train)), np.flatnonzero(np.isin(number, test)))
        for train, test in shuffled_folds(count, min(folds, count), "grouped", *labels)
    ]
