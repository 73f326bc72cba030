"""Cross-validated scores of a set of regressors on one sample, for any splits of its rows."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sparsetopo.analysis.regression.splits import Split
from sparsetopo.analysis.tables.features import min_max

SCALING_ROWS = ("subset", "fold")
"""Over which rows the range of a feature is taken: "subset" is all rows, including test rows, as in
the paper; "fold" is the rows that are fitted on."""

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class FoldScores:
    """Scores of several regressors on the test folds of one cross-validation.

    R2 and MAE have the shape (regressors, folds); R2 is NaN in a fold whose target is constant. Predictions, of shape
    (regressors, rows), are of each row while it was left out (NaN if it never was). Warnings are the number of fits of
    each regressor that did not converge.
    """

    r2: _Array
    mae: _Array
    predictions: _Array
    warnings: NDArray[np.int64]


def cross_validate(
    features: _Array,
    target: _Array,
    splits: Iterable[Split],
    regressors: Mapping[str, Callable[[], Any]],
    scaling: str = "subset",
) -> FoldScores:
    """Fit every regressor on each split's first rows and score it on the second; for `scaling` see `SCALING_ROWS`.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> x = np.arange(6.0)
    >>> splits = [(np.array([0, 1, 2, 3]), np.array([4, 5]))]
    >>> cross_validate(x[:, None], 2 * x, splits, {"Linear": LinearRegression}).r2.round(6)
    array([[1.]])
    """
    splits = list(splits)
    shape = (len(regressors), len(splits))
    r2, mae = np.full(shape, np.nan), np.full(shape, np.nan)
    predictions = np.full((len(regressors), len(target)), np.nan)
    unconverged = np.zeros(len(regressors), dtype=np.int64)
    for fold, (train, test) in enumerate(splits):
        scaled = scaled_for(features, train, scaling)
        for row, make in enumerate(regressors.values()):
            predicted, count = _fit_predict(make(), scaled[train], target[train], scaled[test])
            unconverged[row] += count
            predictions[row, test] = predicted
            r2[row, fold] = r_squared(target[test], predicted)
            mae[row, fold] = np.abs(target[test] - predicted).mean()
    return FoldScores(r2, mae, predictions, unconverged)


def scaled_for(features: _Array, train: NDArray[np.int64], scaling: str) -> _Array:
    """Scale all rows to 0..1 over those that `scaling` names (`SCALING_ROWS`)."""
    return min_max(features, features[train] if scaling == "fold" else None)


@contextmanager
def quick_fits() -> Iterator[None]:
    """Use one BLAS thread, and skip scikit-learn's checks of inputs.

    The matrices are tiny, and the last bits must not depend on the number of threads.
    """
    import sklearn
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(1),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        yield


def r_squared(truth: _Array, predicted: _Array) -> float:
    """Coefficient of determination, 1 - squared error / squared deviation; NaN if the truth is constant.

    Examples
    --------
    >>> r_squared(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    return float(r_squared_each(truth[:, None], predicted[:, None])[0])


def r_squared_each(truth: _Array, predicted: _Array) -> _Array:
    """R2 of each column of two arrays of shape (rows, targets); NaN where the truth is constant."""
    deviation = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    # A spread of rounding errors counts as none.
    largest = np.maximum(1.0, np.abs(truth).max(axis=0))
    constant = deviation <= len(truth) * (1e-12 * largest) ** 2
    error = ((truth - predicted) ** 2).sum(axis=0)
    return np.where(constant, np.nan, 1.0 - error / np.where(constant, 1.0, deviation))


def defined_mean(values: _Array, axis: int) -> _Array:
    """Mean over an axis of the values that are not NaN; NaN, without a warning, if there are none."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=axis)
    total = np.where(defined, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def fold_average_r2(drops: _Array, predictions: _Array, splits: Sequence[Split]) -> _Array:
    """R2 of each target (column), averaged over the test folds where it is defined."""
    folds = [r_squared_each(drops[test], predictions[test]) for _, test in splits]
    return defined_mean(np.array(folds), axis=0)


def adjusted_r_squared(r2: Any, rows: int, features: int) -> Any:
    """Adjust R2 for n rows and p features: 1 - (1 - R2) (n - 1) / (n - p - 1), n > p + 1.

    Examples
    --------
    >>> adjusted_r_squared(0.5, rows=11, features=5)
    0.0
    """
    return 1.0 - (1.0 - r2) * (rows - 1) / (rows - features - 1)


def _fit_predict(estimator: Any, train: _Array, target: _Array, test: _Array) -> tuple[_Array, int]:
    """Return predictions for `test`, and 1 if the fit did not converge; other warnings are shown."""
    from sklearn.exceptions import ConvergenceWarning

    # Where no feature varies, PCA divides 0 by 0 for a ratio that is not used here.
    division: Literal["warn", "ignore"] = "warn" if np.ptp(train, axis=0).any() else "ignore"
    with warnings.catch_warnings(record=True) as caught, np.errstate(invalid=division):
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
