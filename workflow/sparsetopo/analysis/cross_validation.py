"""Cross-validated scores of a set of regressors on one sample.

The splits are an argument, so that shuffled folds (the paper's) and others (leave one dataset
out, say) are scored by the same code.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sparsetopo.analysis.features import min_max
from sparsetopo.seeding import generator

_Array = NDArray[np.float64]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Row numbers to fit on, row numbers to test on."""


@dataclass(frozen=True)
class FoldScores:
    """Scores of several regressors on the test folds of one cross-validation.

    Attributes
    ----------
    r2, mae
        Shape (regressors, folds). R2 is NaN in a fold whose target is constant.
    predictions
        Shape (regressors, rows): each row predicted while it was left out (NaN if it never was).
    warnings
        Shape (regressors,): fits that did not converge.
    """

    r2: _Array
    mae: _Array
    predictions: _Array
    warnings: NDArray[np.int64]


def shuffled_folds(rows: int, folds: int, *labels: str | int) -> list[Split]:
    """Split `rows` rows into `folds` random parts, each the test part of one split.

    Parameters
    ----------
    rows, folds
        Part sizes differ by one at most, the larger ones first.
    *labels
        Name the random stream: equal labels give equal folds, whatever else has been drawn.
    """
    order = generator("folds", rows, folds, *labels).permutation(rows)
    parts = np.array_split(order, folds)
    return [
        (np.sort(np.concatenate(parts[:k] + parts[k + 1 :])), np.sort(parts[k]))
        for k in range(folds)
    ]


def cross_validate(
    features: _Array,
    target: _Array,
    splits: Iterable[Split],
    regressors: Mapping[str, Callable[[], Any]],
    scaling: str = "column",
) -> FoldScores:
    """Fit every regressor on each split's first rows and score it on the second.

    Parameters
    ----------
    features, target
        Shapes (rows, features) and (rows,).
    scaling
        Where the min-max range of a feature is taken: "column" = all rows, test rows included, as
        in the paper; "fold" = the rows that are fitted on.
    """
    splits = list(splits)
    shape = (len(regressors), len(splits))
    r2, mae = np.full(shape, np.nan), np.full(shape, np.nan)
    predictions = np.full((len(regressors), len(target)), np.nan)
    unconverged = np.zeros(len(regressors), dtype=np.int64)
    for fold, (train, test) in enumerate(splits):
        scaled = min_max(features, features[train] if scaling == "fold" else None)
        for row, make in enumerate(regressors.values()):
            predicted, count = _fit_predict(make(), scaled[train], target[train], scaled[test])
            unconverged[row] += count
            predictions[row, test] = predicted
            r2[row, fold] = r_squared(target[test], predicted)
            mae[row, fold] = np.abs(target[test] - predicted).mean()
    return FoldScores(r2, mae, predictions, unconverged)


def r_squared(truth: _Array, predicted: _Array) -> float:
    """Coefficient of determination, 1 - squared error / squared deviation; NaN: constant truth."""
    deviation = float(((truth - truth.mean()) ** 2).sum())
    # A spread that is rounding only is no spread.
    if deviation <= len(truth) * (1e-12 * max(1.0, float(np.abs(truth).max()))) ** 2:
        return float("nan")
    return 1.0 - float(((truth - predicted) ** 2).sum()) / deviation


def adjusted_r_squared(r2: Any, rows: int, features: int) -> Any:
    """Adjust R2 for n rows and p features: 1 - (1 - R2) (n - 1) / (n - p - 1), n > p + 1."""
    return 1.0 - (1.0 - r2) * (rows - 1) / (rows - features - 1)


def _fit_predict(estimator: Any, train: _Array, target: _Array, test: _Array) -> tuple[_Array, int]:
    """Predictions for `test`, and 1 if the fit did not converge; other warnings pass on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        predicted = estimator.fit(train, target).predict(test)
    count = 0
    for warning in caught:
        if issubclass(warning.category, ConvergenceWarning):
            count += 1
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return np.asarray(predicted, dtype=np.float64), min(count, 1)
