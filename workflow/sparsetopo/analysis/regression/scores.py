"""Regression of the accuracy drop on features: how well do they predict it.

Source: Cunegatti et al. 2024, section 4.2 and table 3.

The adjusted R2 of a test fold is computed with n = the rows of the whole subset (not of the fold), and averaged over
folds and repeats. That is what reproduces the paper's numbers. Where groups are left out instead (`splits`), R2
compares the error with the spread *inside* the group that was left out, so it is far below 0 if the level of that group
is missed, even if the order inside it is right. How far below says nothing: a metric that hardly varies among the other
groups but does in this one lies far outside the fitted range, and a linear model extrapolates without limit.
"""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.cases import Case
from sparsetopo.analysis.regression.cross_validation import cross_validate, quick_fits
from sparsetopo.analysis.regression.regressors import Regressors
from sparsetopo.analysis.regression.settings import DEFAULT_SETTINGS, CrossValidation
from sparsetopo.analysis.regression.splits import LEFT_OUT, Split
from sparsetopo.analysis.regression.subsets import Sample
from sparsetopo.analysis.regression.summary import Scores, summary_rows, undefined_rows

logger = logging.getLogger(__name__)

_CHUNK = 5  # repeats per task: handing a task over costs about 1 ms, a repeat 50 ms

_Array = NDArray[np.float64]


def regression_table(
    cases: Sequence[Case], settings: CrossValidation = DEFAULT_SETTINGS
) -> pd.DataFrame:
    """Cross-validate every subset of the study in every case.

    Parameters
    ----------
    cases
        `cases.study_cases`, or any others. Their tables need the subset kinds, accuracy_drop and
        the scaled features (`features.scale`).

    Returns
    -------
    DataFrame
        For each case and subset a row per regressor, and one each for their mean and median:
        encoding, validation, scaling, subset_kind, subset, rows, rows_left_out (without a feature
        or a drop), features, regressor, adjusted_r2, adjusted_r2_std, adjusted_r2_median_fold
        (median over the test folds or groups, where one may spoil the average), r2, mae, mae_std,
        unconverged (number of fits), status (`subsets.subset_status`). Standard deviations (ddof=1)
        are over repeats or groups for a regressor, over the regressors for mean and median.
        Undefined numbers are NaN; a subset that cannot be scored has one row. Subsets of equal name
        and size have the same shuffled folds in all cases.

    Raises
    ------
    DataError
        A table lacks a column.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sparsetopo.analysis.tables.feature_sets import FeatureSet
    >>> table = pd.DataFrame({"sparsity": "0.9", "sink": np.arange(20.0)})
    >>> features = FeatureSet("MGE", ("sink",), table.assign(accuracy_drop=table["sink"] / 100))
    >>> settings = CrossValidation(subset_kinds=["sparsity"], regressors={"Linear": LinearRegression})
    >>> scores = regression_table([Case(features, repeats=2)], settings)
    >>> scores[["subset", "rows", "regressor", "r2"]].round(3).values.tolist()[0]
    ['0.9', 20, 'Linear', 1.0]
    """
    parts = [(case, *part) for case in cases for part in case.samples(settings)]
    tasks = [
        _tasks(case, sample, settings) if status.scored else [] for case, sample, status in parts
    ]
    tables = []
    for (case, sample, status), scores in zip(parts, settings.run(tasks), strict=True):
        if status.scored:
            groups = case.validation in LEFT_OUT
            names = list(settings.regressors)
            table = summary_rows(scores, names, sample, status, over_folds=groups)
        else:
            table = undefined_rows(status)
        tables.append(_labelled(table, case, sample))
        logger.debug("%s, subset %s: %s", case.features.name, sample.name, status.text)
    return pd.concat(tables, ignore_index=True)


def _labelled(table: pd.DataFrame, case: Case, sample: Sample) -> pd.DataFrame:
    rows, features = sample.values.shape
    counts = {"rows": rows, "rows_left_out": sample.left_out, "features": features}
    for position, (name, value) in enumerate({**case.labels(sample), **counts}.items()):
        table.insert(position, name, value)
    return table


def _tasks(case: Case, sample: Sample, settings: CrossValidation) -> list[object]:
    """Return one delayed call for every `_CHUNK` repeats."""
    from joblib import delayed

    repeats = case.splits(sample, settings)
    return [
        delayed(_score_chunk)(
            sample, repeats[start : start + _CHUNK], case.scaling, settings.regressors
        )
        for start in range(0, len(repeats), _CHUNK)
    ]


def _score_chunk(
    sample: Sample, repeats: Sequence[list[Split]], scaling: str, regressors: Regressors
) -> Scores:
    with quick_fits():
        scores = [
            cross_validate(sample.values, sample.drop, splits, regressors, scaling)
            for splits in repeats
        ]
    return (
        np.array([score.r2 for score in scores]),
        np.array([score.mae for score in scores]),
        np.array([score.warnings for score in scores]),
    )
