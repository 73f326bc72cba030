"""Regression of the accuracy drop on the metrics: how well do they predict it.

Cunegatti et al. 2024, section 4.2 and table 3. Each column of the study (`columns`) is
cross-validated over shuffled folds, repeatedly, with eight regressors.

The adjusted R2 of a test fold is computed with n = the rows of the whole column (not of the
fold), and averaged over folds and repeats. That is what reproduces the paper's numbers. Where
groups are left out instead (`splits`), the same is done over groups: R2 compares the error with the
spread *inside* the group that was left out, so it is far below 0 where the level of that group is
missed, even if the order inside it is right. How far below is no measure of anything: a metric that
hardly varies among the other groups but does in this one is far outside the range that was fitted
on, and a linear model then predicts without limit.
"""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.case import (
    DEFAULT_REPEATS,
    Case,
    Progress,
    Regressors,
    check_cases,
    labels,
)
from sparsetopo.analysis.regression.cross_validation import cross_validate, quick_fits
from sparsetopo.analysis.regression.splits import LEFT_OUT, SHUFFLED, Split
from sparsetopo.analysis.regression.subsets import COLUMN_KINDS as COLUMN_KINDS
from sparsetopo.analysis.regression.subsets import (
    ColumnStatus,
    Sample,
    column_status,
    study_samples,
)
from sparsetopo.analysis.regression.subsets import study_columns as study_columns
from sparsetopo.analysis.regression.summary import Scores, summary_rows, undefined_rows
from sparsetopo.analysis.tables.metrics import PAPER_METRICS

logger = logging.getLogger(__name__)

_CHUNK = 5  # repeats a task: handing a task over costs about a millisecond, a repeat fifty

_Array = NDArray[np.float64]


def regression_table(
    table: pd.DataFrame,
    features: Sequence[str] = tuple(PAPER_METRICS),
    *,
    encoding: str = "MGE",
    target: str = "accuracy_drop",
    column_kinds: Sequence[str] = COLUMN_KINDS,
    folds: int = 5,
    repeats: int = DEFAULT_REPEATS,
    seed: int = 0,
    workers: int = 1,
    validation: str = SHUFFLED,
    scaling: str = "column",
    regressors: Regressors | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cross-validate every column of the study in one way.

    Parameters
    ----------
    table
        One row a network: the column kinds, `target`, and the scaled features (`features.scale`).
    encoding
        Copied into the result, to tell tables of different graph encodings apart.
    folds, repeats, seed
        Repeat r of a column shuffles with a random stream of its own, so results depend on
        nothing else.
    workers
        Processes; the result is the same for any number.
    validation, scaling
        See `Case`.
    regressors
        Default: `regressors.REGRESSORS`, the paper's eight.
    progress
        Called with (columns done, columns in all) after each column.

    Returns
    -------
    DataFrame
        A row for each column and regressor, and one each for their mean and median: encoding,
        validation, scaling, column_kind, column, rows, rows_left_out (without a feature or a drop),
        features, regressor, adjusted_r2, adjusted_r2_std, adjusted_r2_median_fold (median over
        the test folds, or groups left out, where one may spoil the average), r2, mae, mae_std,
        unconverged (fits of all folds and repeats that did not converge), status. The standard
        deviation (ddof=1) is
        over repeats for a regressor (over groups where they are left out) and over the regressors
        for mean and median. status is "ok"; or "few rows: ..." where fits rest on less than two
        rows a coefficient; or says why numbers are undefined (NaN; written as "undefined" by
        `tables.write_table`). Below features + 2 rows adjusted_r2 is undefined; below two rows a
        fold, if the target is constant, or if there is one group only to leave out, all numbers
        are, and the column has one row.
    """
    case = Case(encoding, tuple(features), table, validation, scaling, repeats)
    return run_cases(
        [case],
        target=target,
        column_kinds=column_kinds,
        folds=folds,
        seed=seed,
        workers=workers,
        regressors=regressors,
        progress=progress,
    )


def run_cases(
    cases: Sequence[Case],
    *,
    target: str = "accuracy_drop",
    column_kinds: Sequence[str] = COLUMN_KINDS,
    folds: int = 5,
    seed: int = 0,
    workers: int = 1,
    regressors: Regressors | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Cross-validate every column of every case; arguments and result as `regression_table`'s."""
    if regressors is None:
        from sparsetopo.analysis.regression.regressors import REGRESSORS

        regressors = REGRESSORS
    check_cases(cases, target, column_kinds, folds)
    columns = [
        (case, sample, column_status(sample, case.validation, folds))
        for case in cases
        for sample in study_samples(case.table, case.features, target, column_kinds)
    ]
    chunks = [
        _chunks(case.splits(sample, folds, seed)) if status.scored else []
        for case, sample, status in columns
    ]
    results = _in_order(columns, chunks, regressors, workers)
    parts = []
    for number, ((case, sample, status), own) in enumerate(
        zip(columns, chunks, strict=True), start=1
    ):
        if own:
            scores = [next(results) for _ in own]
            groups = case.validation in LEFT_OUT
            part = summary_rows(scores, list(regressors), sample, status, over_folds=groups)
        else:
            part = undefined_rows(status)
        parts.append(_labelled(part, case, sample))
        logger.debug("regression, %s, column %s: %s", case.encoding, sample.name, status.text)
        if progress is not None:
            progress(number, len(columns))
    return pd.concat(parts, ignore_index=True)


def _labelled(part: pd.DataFrame, case: Case, sample: Sample) -> pd.DataFrame:
    rows, features = sample.values.shape
    counts = {"rows": rows, "rows_left_out": sample.left_out, "features": features}
    for position, (name, value) in enumerate({**labels(case, sample), **counts}.items()):
        part.insert(position, name, value)
    return part


def _chunks(repeats: list[list[Split]]) -> list[list[list[Split]]]:
    return [repeats[start : start + _CHUNK] for start in range(0, len(repeats), _CHUNK)]


def _in_order(
    columns: Sequence[tuple[Case, Sample, ColumnStatus]],
    chunks: Sequence[list[list[list[Split]]]],
    regressors: Regressors,
    workers: int,
) -> Iterator[Scores]:
    """Scores of every chunk of repeats, in order, from all workers."""
    from joblib import Parallel, delayed

    tasks = [
        delayed(_score_chunk)(sample.values, sample.drop, chunk, case.scaling, regressors)
        for (case, sample, _), own in zip(columns, chunks, strict=True)
        for chunk in own
    ]
    results: Iterator[Scores] = iter(Parallel(n_jobs=workers, return_as="generator")(tasks))
    return results


def _score_chunk(
    values: _Array, drop: _Array, repeats: list[list[Split]], scaling: str, regressors: Regressors
) -> Scores:
    """R2 and MAE, shape (repeats, regressors, folds), and unconverged fits (repeats, regressors)."""
    with quick_fits():
        scores = [cross_validate(values, drop, splits, regressors, scaling) for splits in repeats]
    return (
        np.array([score.r2 for score in scores]),
        np.array([score.mae for score in scores]),
        np.array([score.warnings for score in scores]),
    )
