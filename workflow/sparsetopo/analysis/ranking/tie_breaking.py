"""Where ties go: algorithms with equal scores are ordered by name, in the truth and in every strategy.

Ties are common: the published mean accuracies have three digits, and tie in 27 of the paper's 60
settings. Scores are rounded before they are compared, so that the order of summation breaks no tie.
The status of a ranking says how many algorithms are tied.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


def positions_with_ties_by_name(
    scores: Floats, present: Bools, *, largest_first: bool = False
) -> Ints:
    """Positions along the last axis (algorithms in the order of their names), from 0.

    A missing score goes first; algorithms that are not ranked (`present`) come last.

    Examples
    --------
    >>> scores = np.array([0.3, 0.1, 0.3])
    >>> positions_with_ties_by_name(scores, np.ones(3, bool), largest_first=True)
    array([0, 2, 1])
    """
    key = -scores if largest_first else scores
    key = np.where(present, np.where(np.isnan(key), -np.inf, key), np.inf)
    order = np.argsort(key, axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable")


def tied(scores: Floats, present: Bools) -> Bools:
    """Whether another algorithm on the last axis has the same score, or misses it as well.

    Examples
    --------
    >>> tied(np.array([0.3, 0.1, 0.3]), np.ones(3, bool))
    array([ True, False,  True])
    """
    first, second = scores[..., :, None], scores[..., None, :]
    equal = (first == second) | (np.isnan(first) & np.isnan(second))
    both = present[..., :, None] & present[..., None, :]
    return np.asarray((equal & both).sum(axis=-1) > 1)


def rounded(values: Floats) -> Floats:
    """Round to 12 significant digits.

    Examples
    --------
    >>> (0.1 + 0.2) / 2 == 0.15
    False
    >>> rounded(np.array([(0.1 + 0.2) / 2]))
    array([0.15])
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = 10.0 ** (11 - np.floor(np.log10(np.abs(values))))
        result = np.round(values * factor) / factor
    return np.where(np.isfinite(result), result, values)


def rounded_sum(terms: Floats, axis: int) -> Floats:
    """Sum to 12 decimals, not digits: terms of the order 1 may cancel.

    Adding 0 turns -0 into 0.
    """
    return np.asarray(terms.sum(axis=axis)).round(12) + 0.0
