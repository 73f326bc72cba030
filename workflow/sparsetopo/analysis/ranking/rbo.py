"""Rank-biased overlap (RBO) of two rankings: 1 = identical, 0 = nothing in common.

The first ranks count most (Webber, Moffat and Zobel 2010, "A similarity measure for indefinite
rankings"). The form used is the *extrapolated* one, for two rankings of the same length: the
agreement at the last depth is assumed to continue for ever. (The truncated sum printed in
Cunegatti et al. 2024 cannot reach 1 and does not give the numbers of its tables.)
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import DataError

PERSISTENCES = (0.25, 0.5, 0.75)
"""The values of the persistence over which the paper averages."""


def extrapolated_rbo(
    first: Sequence[Hashable], second: Sequence[Hashable], persistence: float
) -> float:
    """RBO of two rankings, A_n p^n + (1 - p)/p * sum over d = 1..n of A_d p^d.

    A_d, the agreement at depth d, is the share of the first d items that both have in common. The smaller the
    persistence p, the more the first ranks count. The items of the two may differ.

    Raises
    ------
    DataError
        Empty rankings, different lengths, an item twice, or a persistence outside (0, 1).

    Examples
    --------
    >>> extrapolated_rbo("abc", "bac", 0.5)  # agreements 0, 1, 1
    0.5
    """
    if not first or len(first) != len(second):
        raise DataError(
            "rank-biased overlap needs two rankings of the same length, "
            f"not {len(first)} and {len(second)} item(s)."
        )
    for ranking in (first, second):
        if len(set(ranking)) != len(ranking):
            raise DataError(f"a ranking names an item twice: {', '.join(map(str, ranking))}.")
    agreements = []
    seen_first: set[Hashable] = set()
    seen_second: set[Hashable] = set()
    for depth, (left, right) in enumerate(zip(first, second, strict=True), start=1):
        seen_first.add(left)
        seen_second.add(right)
        agreements.append(len(seen_first & seen_second) / depth)
    return _extrapolated(np.array(agreements), persistence)


def mean_rbo(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    persistences: Sequence[float] = PERSISTENCES,
) -> float:
    """Mean of `extrapolated_rbo` over several persistences, as in the paper's tables.

    Examples
    --------
    >>> mean_rbo("abc", "abc"), mean_rbo("abc", "bac"), mean_rbo("abc", "xyz")
    (1.0, 0.5, 0.0)
    """
    return float(np.mean([extrapolated_rbo(first, second, p) for p in persistences]))


def chance_rbo(items: int, persistences: Sequence[float] = PERSISTENCES) -> float:
    """Expected `mean_rbo` of a ranking with a random permutation of itself.

    The agreement at depth d is d/n on average, and the overlap is linear in the agreements.

    Examples
    --------
    >>> chance_rbo(2)  # half of the permutations agree fully (1), half at the second rank only (1/2)
    0.75
    """
    agreements = np.arange(1, items + 1) / items
    return float(np.mean([_extrapolated(agreements, p) for p in persistences]))


def position_weights(
    items: int, persistences: Sequence[float] = PERSISTENCES
) -> NDArray[np.float64]:
    """Weights that make `mean_rbo` of two orders of the same items a sum over the items.

    An item at positions i and j (from 0) is among the first d of both orders from d = max(i, j) + 1
    on. So the overlap is the sum over the items of w[max(i, j)], where w[k] is the sum over
    d = k + 1..n of (weight of A_d)/d.
    """
    unit = np.eye(items)
    of_agreement = np.mean([[_extrapolated(row, p) for row in unit] for p in persistences], axis=0)
    return np.cumsum((of_agreement / np.arange(1, items + 1))[::-1])[::-1]


def position_overlaps(
    truth: NDArray[np.intp], other: NDArray[np.intp], present: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """`mean_rbo` of many pairs of orders, up to rounding, from the positions of their items (last axis, from 0).

    It is NaN where fewer than two items are ranked (`present`).

    Examples
    --------
    >>> position_overlaps(np.array([0, 1, 2]), np.array([[0, 1, 2], [1, 0, 2]]), np.ones(3, bool))
    array([1. , 0.5])
    """
    most = present.shape[-1]
    table = np.zeros((most + 1, most))
    for items in range(1, most + 1):
        table[items, :items] = position_weights(items)
    count = present.sum(axis=-1)
    shared = table[count[..., None], np.maximum(truth, other)]
    return np.where(count < 2, np.nan, np.where(present, shared, 0.0).sum(axis=-1))


def _extrapolated(agreements: np.ndarray, persistence: float) -> float:
    if not 0 < persistence < 1:
        raise DataError(
            f"the persistence of rank-biased overlap must be between 0 and 1, not {persistence}."
        )
    powers = persistence ** np.arange(1, len(agreements) + 1)
    weighted = (1 - persistence) / persistence * float(agreements @ powers)
    return float(agreements[-1] * powers[-1]) + weighted
