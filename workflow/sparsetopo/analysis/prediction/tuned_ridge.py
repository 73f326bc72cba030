"""Ridge regression whose penalty is tuned inside the rows that it is fitted on.

Features are standardised over the same rows. The penalty is the one with the least squared error in a second, inner
cross-validation over the same kind of folds, so nothing about the rows to predict is used.

A prediction beyond the drops that the model was fitted on is cut to their range. A line through networks that lose
nothing and one that loses half may foretell a loss of three times the accuracy, or a gain; one such network would
decide the score of a small study.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.prediction.grouped_folds import grouped_folds
from sparsetopo.analysis.regression.splits import Split

PENALTIES = np.logspace(-2, 4, 13)
"""On the squared coefficients of standardised features, not on the intercept."""

_Array = NDArray[np.float64]


def tuned_ridge_predictions(
    values: _Array,
    drop: _Array,
    clusters: NDArray[np.int64],
    splits: Sequence[Split],
    *labels: str | int,
) -> _Array:
    """Predict every row while it is left out.

    Parameters
    ----------
    values, drop
        Features, shape (rows, features), and what is predicted, shape (rows,).
    clusters
        Number of the cluster of each row; those of one cluster are never on both sides of an inner split either.
    splits
        Each row must be tested once.
    labels
        Name the random stream of the inner folds, as many as there are splits.

    Examples
    --------
    >>> values, numbers = np.arange(12.0)[:, None], np.arange(12)
    >>> splits = grouped_folds(numbers, 4, "example")
    >>> predicted = tuned_ridge_predictions(values, 3 * values[:, 0], numbers, splits, "example")
    >>> bool(np.median(np.abs(predicted - 3 * values[:, 0])) < 0.1)
    True
    """
    predictions = np.full(len(drop), np.nan)
    for number, (train, test) in enumerate(splits):
        inner = grouped_folds(clusters[train], len(splits), "penalty", number, *labels)
        errors = np.zeros(len(PENALTIES))
        for fitted, tried in inner:
            predicted = _predictions(values[train], drop[train], fitted, tried, PENALTIES)
            errors += ((predicted - drop[train][tried][:, None]) ** 2).sum(axis=0)
        # The larger penalty where two are equally good.
        best = len(errors) - 1 - int(np.argmin(errors[::-1]))
        chosen = PENALTIES[best : best + 1]
        predictions[test] = _predictions(values, drop, train, test, chosen)[:, 0]
    return predictions


def _predictions(
    values: _Array,
    drop: _Array,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    penalties: _Array,
) -> _Array:
    """Predictions of the test rows under each penalty, shape (test rows, penalties)."""
    design = values[train]
    centre, spread = design.mean(axis=0), design.std(axis=0)
    # A feature that is constant among the rows that are fitted on says nothing; what rounding leaves of one neither.
    constant = spread <= 1e-12 * np.abs(design).max(axis=0)
    spread = np.where(constant, np.inf, spread)
    design, level = (design - centre) / spread, drop[train].mean()
    eigenvalues, vectors = np.linalg.eigh(design.T @ design)
    target = vectors.T @ (design.T @ (drop[train] - level))
    # Rounding may leave an eigenvalue of a singular matrix below 0.
    shrunk = target[:, None] / (np.maximum(eigenvalues, 0.0)[:, None] + penalties)
    predictions = (values[test] - centre) / spread @ vectors @ shrunk + level
    return np.clip(predictions, drop[train].min(), drop[train].max())
