"""Permutations for the null of a cross-validated R2: the score if the metrics said nothing.

Networks that differ only in their seed have nearly the same drop and metrics. If single rows were permuted, any
relation between *cells* would look significant. So whole clusters of seeds are exchanged (Good 2005, "Permutation,
parametric and bootstrap tests of hypotheses", on exchangeable units).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.tables.table import CELL, require_columns
from sparsetopo.seeding import generator

CLUSTER = tuple(column for column in CELL if column != "seed")

_ROUNDING = 1e-9  # scores closer than this count as equal


def cluster_numbers(cells: pd.DataFrame) -> NDArray[np.int64]:
    """Number the clusters of a sample: rows that differ only in their seed have the same number."""
    require_columns(cells, CLUSTER)
    numbers = cells.groupby(list(CLUSTER), sort=True, dropna=False).ngroup()
    return np.asarray(numbers, dtype=np.int64)


def permutable_clusters(clusters: NDArray[np.int64]) -> int:
    """Count the clusters that can be exchanged: those of the same size as another one.

    Examples
    --------
    >>> permutable_clusters(np.array([0, 0, 1, 1, 2]))
    2
    """
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
    """Draw permutations of the rows that move whole clusters: row i gets the drop of row p[i], shape (count, rows).

    Clusters are exchanged with clusters of the same size and group, and keep the order of their rows. A cluster of
    unique size stays where it is, which can only make p-values too large. Permutations are drawn independently (the
    labels name the random stream), so with few clusters some are equal.

    Groups that are left out differ in the level of their drops: permuting across them would remove these differences
    from the null but not from the observed score.

    Examples
    --------
    >>> cluster_permutations(np.array([0, 0, 1]), 2)  # clusters of different size stay
    array([[0, 1, 2],
           [0, 1, 2]])
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


def p_value(observed: float, null: NDArray[np.float64]) -> float:
    """(1 + null scores that reach the observed one) / (1 + null scores).

    Examples
    --------
    >>> p_value(0.3, np.array([0.1, 0.2, 0.4]))
    0.5
    """
    return float((1 + np.count_nonzero(null >= observed - _ROUNDING)) / (1 + len(null)))
