"""Permutation null of a cross-validated R2: what would be reached if the metrics told nothing.

The seeds of one (data set, architecture, algorithm, sparsity) have nearly the same drop and nearly
the same metrics. Were rows permuted one by one, this alone would be broken up, and any relation
between *cells* would look certain. So the drops of a cluster stay together and clusters change
places (Good 2005, "Permutation, parametric and bootstrap tests of hypotheses", on exchangeable
units).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.cross_validation import defined_mean, r_squared_each, scaled_for
from sparsetopo.analysis.regression.splits import Split
from sparsetopo.analysis.tables.table import CELL, require_columns
from sparsetopo.seeding import generator

CLUSTER = tuple(column for column in CELL if column != "seed")

_ROUNDING = 1e-9  # statistics closer than this are equal

_Array = NDArray[np.float64]


def cluster_numbers(cells: pd.DataFrame) -> NDArray[np.int64]:
    """Number the clusters of a sample: rows that differ in their seed only have one number."""
    require_columns(cells, CLUSTER)
    numbers = cells.groupby(list(CLUSTER), sort=True, dropna=False).ngroup()
    return np.asarray(numbers, dtype=np.int64)


def permutable_clusters(clusters: NDArray[np.int64]) -> int:
    """Count the clusters that can change places: those of a size that another one has, too."""
    sizes = (
        np.bincount(np.bincount(clusters)[np.unique(clusters)]) if len(clusters) else np.zeros(0)
    )
    return int(sizes[sizes > 1].sum())


def cluster_permutations(
    clusters: NDArray[np.int64],
    count: int,
    *labels: str | int,
    groups: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Draw permutations of the rows that move whole clusters.

    Parameters
    ----------
    clusters
        Cluster of each row.
    count
        How many.
    groups
        Group of each row (a cluster is in one): clusters change places inside it only. Groups that
        are left out whole differ in the level of their drops; were it mixed, the null would be
        spared what the observed has to bear.
    *labels
        Name the random stream.

    Returns
    -------
    ndarray
        Shape (count, rows): row i gets the drop of row p[i]. Clusters change places with clusters
        of their own size; inside a cluster the order of rows stays. A cluster whose size no other
        has stays where it is, which makes the null a little too close to the observed (too large
        p-values), never the other way round. Permutations are drawn independently: with few
        clusters some are equal.
    """
    random = generator("permutations", len(clusters), count, *labels)
    result = np.tile(np.arange(len(clusters)), (count, 1))
    sizes = np.bincount(clusters)
    of_cluster = np.zeros(len(sizes), dtype=np.int64)
    if groups is not None:
        of_cluster[clusters] = groups
    for group in np.unique(of_cluster):
        for size in np.unique(sizes[(sizes > 0) & (of_cluster == group)]):
            own = np.flatnonzero((sizes == size) & (of_cluster == group))
            members = np.stack([np.flatnonzero(clusters == cluster) for cluster in own])
            orders = random.permuted(np.tile(np.arange(len(members)), (count, 1)), axis=1)
            result[:, members.ravel()] = members[orders].reshape(count, -1)
    return result


def ridge_predictions(
    values: _Array, drops: _Array, splits: Sequence[Split], penalty: float, scaling: str
) -> _Array:
    """Out-of-fold predictions of a ridge regression for many targets at once.

    Ridge regression is linear in its target: all targets of a fold share one system of equations.

    Parameters
    ----------
    values
        Shape (rows, features).
    drops
        Shape (rows, targets).
    penalty
        On the squared coefficients, not on the intercept.
    scaling
        As in `cross_validation.cross_validate`.

    Returns
    -------
    ndarray
        Shape (rows, targets): each row predicted while it was left out.
    """
    predictions = np.full(drops.shape, np.nan)
    for train, test in splits:
        scaled = scaled_for(values, train, scaling)
        centre = scaled[train].mean(axis=0)
        design = scaled[train] - centre
        level = drops[train].mean(axis=0)
        gram = design.T @ design + penalty * np.eye(design.shape[1])
        # The columns of the design add up to 0, so the level need not be taken off the targets.
        coefficients = np.linalg.solve(gram, design.T @ drops[train])
        predictions[test] = (scaled[test] - centre) @ coefficients + level
    return predictions


def fold_average_r2(drops: _Array, predictions: _Array, splits: Sequence[Split]) -> _Array:
    """R2 of each target (column), averaged over the test folds where it is defined."""
    folds = [r_squared_each(drops[test], predictions[test]) for _, test in splits]
    return defined_mean(np.array(folds), axis=0)


def p_value(observed: float, null: _Array) -> float:
    """(1 + how many of the null reach the observed) / (1 + how many there are)."""
    return float((1 + np.count_nonzero(null >= observed - _ROUNDING)) / (1 + len(null)))
