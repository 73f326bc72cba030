"""How sure a regression's score is: a permutation null and a bootstrap interval for each.

Two statistics. "Ridge" (the paper's ridge regression), because it is linear in the target and a
thousand permutations cost little: for every case. "mean" (the mean over the regressors, which is
what the paper prints): for the paper's case of the paper's encodings and of size, with fewer
permutations.

The observed score is computed on the very folds that its null is computed on: the first repeats of
the regression table's, fewer than there. It differs from that table's by the spread over repeats.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.bootstrap import interval
from sparsetopo.analysis.regression.case import Case, Progress, Regressors, check_cases, labels
from sparsetopo.analysis.regression.cases import FIRST_ENCODINGS, study_cases
from sparsetopo.analysis.regression.permutation import cluster_numbers, p_value, permutable_clusters
from sparsetopo.analysis.regression.score_uncertainty import (
    Result,
    Score,
    mean_null,
    mean_observed,
    ridge_uncertainty,
)
from sparsetopo.analysis.regression.splits import LEFT_OUT, SHUFFLED, Split
from sparsetopo.analysis.regression.subsets import (
    COLUMN_KINDS,
    ColumnStatus,
    Sample,
    column_status,
    study_samples,
)
from sparsetopo.analysis.regression.summary import MEAN
from sparsetopo.analysis.tables.feature_sets import FeatureSet
from sparsetopo.errors import DataError

RIDGE = "Ridge"
DEFAULT_PERMUTATIONS = 1000
DEFAULT_MEAN_PERMUTATIONS = 100
DEFAULT_RESAMPLES = 1000

_CHUNK = 10  # permutations of the mean over regressors a task


@dataclass(frozen=True)
class _Row:
    """One row of the table: a case, a column, a statistic; its score, if it has one."""

    case: Case
    regressor: str
    sample: Sample
    status: ColumnStatus
    score: Score | None


def regression_uncertainty(
    sets: Mapping[str, FeatureSet],
    *,
    target: str = "accuracy_drop",
    column_kinds: Sequence[str] = COLUMN_KINDS,
    folds: int = 5,
    seed: int = 0,
    scaling: str = "column",
    checks: bool = True,
    permutations: int = DEFAULT_PERMUTATIONS,
    mean_permutations: int = DEFAULT_MEAN_PERMUTATIONS,
    resamples: int = DEFAULT_RESAMPLES,
    ridge_repeats: int = 5,
    mean_repeats: int = 1,
    workers: int = 1,
    regressors: Regressors | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Test every score against permuted drops, and resample the networks it rests on.

    Parameters
    ----------
    sets, scaling, checks
        The cases, as in `regression_cases.study_cases`.
    permutations, mean_permutations
        Of the drops, for the statistics "Ridge" and "mean". 0: without a null.
    resamples
        Of the bootstrap.
    ridge_repeats, mean_repeats
        Repeats of the shuffled folds that a score, its null and its interval are averaged over.
    target, column_kinds, folds, seed, workers, regressors
        As in `regression.regression_table`.
    progress
        Called with (rows done, rows in all).

    Returns
    -------
    DataFrame
        encoding, validation, scaling, column_kind, column, regressor ("Ridge" or "mean"), rows,
        adjusted_r2 (observed), null_mean, null_95 (the 95 % quantile of the null), p_value
        ((1 + null scores that reach the observed) / (1 + permutations)), permutations, low, high
        (the middle 95 % of the resamples), resamples, clusters, status. Permutations move whole
        clusters, across groups that are left out, too (`permutation.cluster_permutations`, which
        also says how clusters of unequal size are treated). The interval is of percentiles: it need
        not have the observed in its middle. Where groups are left out, clusters are resampled
        inside each. Numbers are NaN where status says why: as in the regression table; the null if
        no permutation is asked for or no cluster can change places; the interval below two clusters.

    Raises
    ------
    DataError
        No resample or repeat, and what `regression.regression_table` refuses.
    """
    if min(ridge_repeats, mean_repeats, resamples) < 1 or min(permutations, mean_permutations) < 0:
        raise DataError(
            "the uncertainty of a regression needs 1 resample, 1 repeat and 0 permutations at least, not "
            f"{resamples} resamples, {ridge_repeats} and {mean_repeats} repeats, {permutations} and "
            f"{mean_permutations} permutations."
        )
    if regressors is None:
        from sparsetopo.analysis.regression.regressors import REGRESSORS

        regressors = REGRESSORS
    cases = study_cases(sets, scaling=scaling, checks=checks)
    check_cases(cases, target, column_kinds, folds)
    statistics = {RIDGE: (permutations, ridge_repeats), MEAN: (mean_permutations, mean_repeats)}
    rows = [
        _row(case, sample, regressor, folds, seed, *statistics[regressor], resamples)
        for case in cases
        for sample in study_samples(case.table, case.features, target, column_kinds)
        for regressor in _statistics(case, scaling)
    ]
    tasks = [_tasks(row, regressors) for row in rows]
    results = _in_order(tasks, workers)
    records = []
    for number, (row, own) in enumerate(zip(rows, tasks, strict=True), start=1):
        records.append(_record(row, [next(results) for _ in own]))
        if progress is not None:
            progress(number, len(rows))
    return pd.DataFrame(records)


def _statistics(case: Case, scaling: str) -> list[str]:
    papers = (case.validation, case.scaling) == (SHUFFLED, scaling)
    return [RIDGE, MEAN] if papers and case.encoding in FIRST_ENCODINGS else [RIDGE]


def _row(
    case: Case,
    sample: Sample,
    regressor: str,
    folds: int,
    seed: int,
    permutations: int,
    repeats: int,
    resamples: int,
) -> _Row:
    status = column_status(sample, case.validation, folds)
    if not status.adjusted:
        return _Row(case, regressor, sample, status, None)
    splits = case.splits(sample, folds, seed, repeats)
    clusters, groups = cluster_numbers(sample.cells), _groups(case, sample, splits[0])
    score = Score(sample, clusters, groups, splits, case.scaling, seed, permutations, resamples)
    return _Row(case, regressor, sample, status, score)


def _groups(case: Case, sample: Sample, splits: Sequence[Split]) -> NDArray[np.int64]:
    """Number of the group of each row that is left out; 0 for all where folds are shuffled."""
    groups = np.zeros(len(sample.drop), dtype=np.int64)
    if case.validation in LEFT_OUT:
        for number, (_, test) in enumerate(splits):
            groups[test] = number
    return groups


def _tasks(row: _Row, regressors: Regressors) -> list[Any]:
    from joblib import delayed

    score = row.score
    if score is None:
        return []
    if row.regressor == RIDGE:
        return [delayed(ridge_uncertainty)(score)]
    tasks = [delayed(mean_observed)(score, regressors)]
    for start in range(0, score.permutations, _CHUNK):
        stop = min(start + _CHUNK, score.permutations)
        tasks.append(delayed(mean_null)(score, regressors, start, stop))
    return tasks


def _in_order(tasks: Sequence[list[Any]], workers: int) -> Iterator[Result]:
    from joblib import Parallel

    flat = [task for own in tasks for task in own]
    results: Iterator[Result] = iter(Parallel(n_jobs=workers, return_as="generator")(flat))
    return results


def _record(row: _Row, results: Sequence[Result]) -> dict[str, Any]:
    record: dict[str, Any] = {
        **labels(row.case, row.sample),
        "regressor": row.regressor,
        "rows": len(row.sample.drop),
        **dict.fromkeys(["adjusted_r2", "null_mean", "null_95", "p_value"], np.nan),
        "permutations": 0,
        "low": np.nan,
        "high": np.nan,
        "resamples": 0,
        "clusters": 0,
        "status": row.status.text,
    }
    if row.score is None:
        return record
    observed, null, resampled = (np.concatenate(arrays) for arrays in zip(*results, strict=True))
    clusters = row.score.clusters
    record |= {"adjusted_r2": float(observed[0]), "clusters": len(np.unique(clusters))}
    # A permutation can leave no fold with two different drops; such a score does not exist.
    null, resampled = null[~np.isnan(null)], resampled[~np.isnan(resampled)]
    if permutable_clusters(clusters) and len(null):
        record |= {
            "null_mean": float(null.mean()),
            "null_95": float(np.quantile(null, 0.95)),
            "p_value": p_value(float(observed[0]), null),
            "permutations": len(null),
        }
    else:
        record["status"] = _without_null(row.score)
    if record["clusters"] > 1:
        low, high = interval(resampled)
        record |= {"low": low, "high": high, "resamples": len(resampled)}
    return record


def _without_null(score: Score) -> str:
    if not score.permutations:
        return "no null: no permutation was asked for"
    if not permutable_clusters(score.clusters):
        return "no null: no two clusters have equally many rows"
    return "no null: no permutation leaves a fold with different drops"
