"""Ridge regression in closed form, for many targets at once.

The permutation null of a score needs a thousand fits to the same features. Ridge regression is
linear in its target, so all targets of a fold share one system of equations.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.regression.cross_validation import scaled_for
from sparsetopo.analysis.regression.splits import Split

RIDGE_PENALTY = 0.1
"""On the squared coefficients, not on the intercept, wherever a ridge regression is fitted."""

_Array = NDArray[np.float64]


def ridge_predictions(
    values: _Array, drops: _Array, splits: Sequence[Split], scaling: str
) -> _Array:
    """Predict every row while it is left out, for many targets: `drops` and the result have the shape (rows, targets).

    The values are the features, shape (rows, features), scaled as in `cross_validation.cross_validate`.

    Examples
    --------
    >>> values, drops = np.array([[0.0], [0.5], [1.0]]), np.array([[0.0], [1.0], [2.0]])
    >>> splits = [(np.array([0, 2]), np.array([1]))]
    >>> ridge_predictions(values, drops, splits, "fold")[1]
    array([1.])
    """
    predictions = np.full(drops.shape, np.nan)
    for train, test in splits:
        scaled = scaled_for(values, train, scaling)
        centre = scaled[train].mean(axis=0)
        design = scaled[train] - centre
        level = drops[train].mean(axis=0)
        gram = design.T @ design + RIDGE_PENALTY * np.eye(design.shape[1])
        # The columns of the design add up to 0, so the targets need not be centred.
        coefficients = np.linalg.solve(gram, design.T @ drops[train])
        predictions[test] = (scaled[test] - centre) @ coefficients + level
    return predictions
