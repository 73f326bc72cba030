"""How certain a regression's score is: a permutation null and a bootstrap interval for each.

There are two statistics. "Ridge" (the paper's ridge regression) is computed for every case, since
it is linear in the target and a thousand permutations cost little. "mean" (over the regressors, as
the paper prints) is computed for the main cases only. Score and null rest on the same folds: the first repeats of the
regression table. So the score differs from that table's by the spread over repeats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.bootstrap import interval
from sparsetopo.analysis.regression.cases import Case
from sparsetopo.analysis.regression.permutation import cluster_numbers, p_value, permutable_clusters
from sparsetopo.analysis.regression.regressors import Regressors
from sparsetopo.analysis.regression.score_uncertainty import (
    Result,
    Score,
    mean_null,
    mean_observed,
    ridge_uncertainty,
)
from sparsetopo.analysis.regression.settings import DEFAULT_SETTINGS, CrossValidation
from sparsetopo.analysis.regression.splits import LEFT_OUT, Split
from sparsetopo.analysis.regression.subsets import Sample, SubsetStatus
from sparsetopo.analysis.regression.summary import MEAN
from sparsetopo.errors import DataError

RIDGE = "Ridge"

_CHUNK = 10  # permutations per task, for the mean over regressors


@dataclass(frozen=True)
class Draws:
    """How many permutations, resamples and repeats an uncertainty rests on.

    Attributes
    ----------
    permutations, mean_permutations
        Of the drops, for the statistics "Ridge" and "mean". 0: without a null.
    resamples
        Of the bootstrap.
    ridge_repeats, mean_repeats
        Repeats of the shuffled folds that a score, its null and its interval are averaged over.

    Raises
    ------
    DataError
        No resample or repeat, or a negative number of permutations.

    Examples
    --------
    >>> Draws(permutations=200).of("Ridge")
    (200, 5)
    """

    permutations: int = 1000
    mean_permutations: int = 100
    resamples: int = 1000
    ridge_repeats: int = 5
    mean_repeats: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = 0 if name.endswith("permutations") else 1
            if value < least:
                raise DataError(f"{name} must be at least {least}, not {value}.")

    def of(self, statistic: str) -> tuple[int, int]:
        """Return the numbers of permutations and repeats of a statistic."""
        if statistic == RIDGE:
            return self.permutations, self.ridge_repeats
        return self.mean_permutations, self.mean_repeats


DEFAULT_DRAWS = Draws()


@dataclass(frozen=True)
class _Row:
    """One row of the table: a case, a subset, a statistic; and its score, if it has one."""

    case: Case
    regressor: str
    sample: Sample
    status: SubsetStatus
    score: Score | None


def regression_uncertainty(
    cases: Sequence[Case],
    settings: CrossValidation = DEFAULT_SETTINGS,
    draws: Draws = DEFAULT_DRAWS,
) -> pd.DataFrame:
    """Test every score against permuted drops, and resample the networks it rests on.

    Parameters
    ----------
    cases
        `cases.study_cases`, or any others.

    Returns
    -------
    DataFrame
        encoding, validation, scaling, subset_kind, subset, regressor ("Ridge" or "mean"), rows,
        adjusted_r2 (observed), null_mean, null_95 (the 95 % quantile of the null), p_value,
        permutations, low, high (the middle 95 % of the resamples), resamples, clusters, status.

        Permutations move whole clusters, and resamples draw them; where groups are left out, both
        stay inside each group (`permutation.cluster_permutations`, `bootstrap.cluster_draws`). The
        interval is of percentiles, so the observed score need not be in its middle.

        Numbers are NaN where status says why: as in `regression_table`; the null if no permutation
        is asked for or no clusters can be exchanged; the interval below two clusters.

    Raises
    ------
    DataError
        What `regression_table` refuses.
    """
    rows = [
        _row(case, *part, regressor, settings, draws)
        for case in cases
        for part in case.samples(settings)
        for regressor in ([RIDGE, MEAN] if case.main else [RIDGE])
    ]
    results = settings.run([_tasks(row, settings.regressors) for row in rows])
    return pd.DataFrame([_record(row, own) for row, own in zip(rows, results, strict=True)])


def _row(
    case: Case,
    sample: Sample,
    status: SubsetStatus,
    regressor: str,
    settings: CrossValidation,
    draws: Draws,
) -> _Row:
    if not status.scored:
        return _Row(case, regressor, sample, status, None)
    permutations, repeats = draws.of(regressor)
    splits = case.splits(sample, settings, repeats)
    score = Score(
        sample,
        cluster_numbers(sample.cells),
        _groups(case, sample, splits[0]),
        splits,
        case.scaling,
        settings.seed,
        permutations,
        draws.resamples,
    )
    return _Row(case, regressor, sample, status, score)


def _groups(case: Case, sample: Sample, splits: Sequence[Split]) -> NDArray[np.int64]:
    """Number the group of each row that is left out; 0 for all where folds are shuffled."""
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


def _record(row: _Row, results: Sequence[Result]) -> dict[str, Any]:
    record: dict[str, Any] = {
        **row.case.labels(row.sample),
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
    # A permutation can leave every fold with a constant drop; it then has no score.
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
