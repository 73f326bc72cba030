"""Regression of the accuracy drop on the metrics: how well do they predict it.

Cunegatti et al. 2024, section 4.2 and table 3. A column of that table is a sub-sample: the
networks of one sparsity (all architectures), or of one architecture (all sparsities). Each column
is cross-validated over shuffled folds, repeatedly, with eight regressors.

The adjusted R2 of a test fold is computed with n = the rows of the whole column (not of the
fold), and averaged over folds and repeats. That is what reproduces the paper's numbers.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.metrics import PAPER_METRICS
from sparsetopo.analysis.tables import require_columns, sparsity_strings
from sparsetopo.errors import DataError

logger = logging.getLogger(__name__)

COLUMN_KINDS = ("sparsity", "architecture")
DEFAULT_REPEATS = 100
"""As in the paper."""
MEAN = "mean"
"""In the column "regressor": the mean over the regressors, which is what the paper prints."""
MEDIAN = "median"
"""Likewise; tells more with few rows, where a regressor without penalty can fail without limit."""
CONSTANT_TARGET = "the accuracy drop is constant"

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
    scaling: str = "column",
    regressors: Mapping[str, Callable[[], Any]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Cross-validate every column of the study.

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
    scaling
        "column": features are scaled over the whole column, as in the paper; "fold": over the
        training rows.
    regressors
        Default: `regressors.REGRESSORS`, the paper's eight.
    progress
        Called with (columns done, columns in all) after each column.

    Returns
    -------
    DataFrame
        A row for each column and regressor, and one each for their mean and median: encoding,
        column_kind, column, rows, rows_left_out (without a feature or a drop), features, regressor,
        adjusted_r2, adjusted_r2_std, r2, mae, mae_std, unconverged (fits of all folds and repeats
        that did not converge), status. The standard deviation (ddof=1) is over repeats for a
        regressor and over the regressors for mean and median. status is "ok"; or "few rows: ..."
        where fits rest on less than two rows a coefficient; or says why numbers are undefined
        (NaN; written as "undefined" by `tables.write_table`). Below features + 2 rows adjusted_r2
        is undefined; below two rows a fold, or if the target is constant, all numbers are, and
        the column has one row.
    """
    if folds < 2 or repeats < 1:
        raise DataError(
            f"cross-validation needs 2 folds and 1 repeat at least, not {folds} and {repeats}."
        )
    require_columns(table, [*column_kinds, target, *features])
    if regressors is None:
        from sparsetopo.analysis.regressors import REGRESSORS

        regressors = REGRESSORS
    parts = []
    columns = list(study_columns(table, column_kinds))
    for number, (kind, column, rows) in enumerate(columns, start=1):
        logger.info(
            "regression, column %s (%d of %d): %d rows", column, number, len(columns), len(rows)
        )
        parts.append(
            _column_table(
                rows, features, target, column, folds, repeats, seed, workers, scaling, regressors
            )
        )
        parts[-1].insert(0, "column", column)
        parts[-1].insert(0, "column_kind", kind)
        if progress is not None:
            progress(number, len(columns))
    result = pd.concat(parts, ignore_index=True)
    result.insert(0, "encoding", encoding)
    return result


def study_columns(
    table: pd.DataFrame, column_kinds: Sequence[str] = COLUMN_KINDS
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (kind, column, its rows): sparsities in increasing order, architectures by name."""
    for kind in column_kinds:
        values = sparsity_strings(table[kind]) if kind == "sparsity" else table[kind].astype("str")
        for value in sorted(values.unique(), key=float if kind == "sparsity" else str):
            yield kind, value, table[values == value]


def column_status(rows: int, features: int, folds: int, target: _Array) -> str:
    """Say whether a column can be scored: "ok", "few rows: ..." (a caution), or what is wrong."""
    if rows < 2 * folds:
        return f"too few rows: {rows} < {2 * folds} (two a fold)"
    if float(np.ptp(target)) < 1e-12:
        return CONSTANT_TARGET
    if rows < features + 2:
        return f"too few rows: {rows} < {features + 2} (features + 2), adjusted R2 undefined"
    fitted = rows - -(-rows // folds)
    if fitted < 2 * (features + 1):
        return f"few rows: {fitted} to fit {features + 1} coefficients"
    return "ok"


def _column_table(
    table: pd.DataFrame,
    features: Sequence[str],
    target: str,
    column: str,
    folds: int,
    repeats: int,
    seed: int,
    workers: int,
    scaling: str,
    regressors: Mapping[str, Callable[[], Any]],
) -> pd.DataFrame:
    complete = table[[*features, target]].notna().all(axis=1)
    used = table[complete]
    values = used[list(features)].to_numpy(np.float64)
    drop = used[target].to_numpy(np.float64)
    shared = {"rows": len(used), "rows_left_out": int((~complete).sum()), "features": len(features)}
    status = column_status(len(used), len(features), folds, drop)
    if len(used) < 2 * folds or status == CONSTANT_TARGET:
        empty = dict.fromkeys(["adjusted_r2", "adjusted_r2_std", "r2", "mae", "mae_std"], np.nan)
        return pd.DataFrame(
            [{**shared, "regressor": MEAN, **empty, "unconverged": 0, "status": status}]
        )
    labels = [(column, seed, repeat) for repeat in range(repeats)]
    scores = _repeat(values, drop, folds, labels, scaling, regressors, workers)
    result = _summary(scores, list(regressors), len(used), len(features), status)
    for position, (name, value) in enumerate(shared.items()):
        result.insert(position, name, value)
    return result


def _repeat(
    values: _Array,
    drop: _Array,
    folds: int,
    labels: Sequence[tuple[str | int, ...]],
    scaling: str,
    regressors: Mapping[str, Callable[[], Any]],
    workers: int,
) -> tuple[_Array, _Array, _Array]:
    """Fold averages of R2 and MAE, and unconverged fits, each of shape (repeats, regressors)."""
    from joblib import Parallel, delayed

    # Repeats in chunks: a task costs about a millisecond to hand over.
    size = max(1, -(-len(labels) // (4 * max(workers, 1))))
    chunks = [labels[start : start + size] for start in range(0, len(labels), size)]
    tasks = (
        delayed(_score_chunk)(values, drop, folds, chunk, scaling, regressors) for chunk in chunks
    )
    done = Parallel(n_jobs=workers)(tasks)
    r2, mae, unconverged = (np.concatenate(arrays) for arrays in zip(*done, strict=True))
    return r2, mae, unconverged


def _score_chunk(
    values: _Array,
    drop: _Array,
    folds: int,
    labels: Sequence[tuple[str | int, ...]],
    scaling: str,
    regressors: Mapping[str, Callable[[], Any]],
) -> tuple[_Array, _Array, _Array]:
    import sklearn
    from threadpoolctl import threadpool_limits

    from sparsetopo.analysis.cross_validation import cross_validate, shuffled_folds

    r2, mae, unconverged = [], [], []
    # One BLAS thread: the matrices are tiny, and the last bits must not depend on the number of
    # threads.
    with (
        threadpool_limits(1),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        for label in labels:
            splits = shuffled_folds(len(drop), folds, *label)
            scores = cross_validate(values, drop, splits, regressors, scaling)
            # A test fold whose drops are all equal has no R2 and is left out of the average.
            defined = ~np.isnan(scores.r2).all(axis=1)
            average = np.full(len(scores.r2), np.nan)
            average[defined] = np.nanmean(scores.r2[defined], axis=1)
            r2.append(average)
            mae.append(scores.mae.mean(axis=1))
            unconverged.append(scores.warnings)
    return np.array(r2), np.array(mae), np.array(unconverged)


def _summary(
    scores: tuple[_Array, _Array, _Array], names: list[str], rows: int, features: int, status: str
) -> pd.DataFrame:
    from sparsetopo.analysis.cross_validation import adjusted_r_squared

    r2, mae, unconverged = scores
    defined = rows > features + 1
    # Adjusting is linear in R2, so adjusting the average is averaging the adjusted.
    adjusted = adjusted_r_squared(r2, rows, features) if defined else np.full_like(r2, np.nan)
    result = pd.DataFrame(
        {
            "regressor": names,
            "adjusted_r2": np.nanmean(adjusted, axis=0) if defined else np.nan,
            "adjusted_r2_std": _spread(adjusted),
            "r2": np.nanmean(r2, axis=0),
            "mae": np.mean(mae, axis=0),
            "mae_std": _spread(mae),
            "unconverged": unconverged.sum(axis=0),
            "status": status,
        }
    )
    numbers = result[["adjusted_r2", "r2", "mae"]]
    summary = pd.DataFrame(
        [numbers.mean(skipna=False), numbers.median(skipna=False)], index=[MEAN, MEDIAN]
    )
    for score in ("adjusted_r2", "mae"):
        summary[f"{score}_std"] = _spread(result[score].to_numpy())
    summary["unconverged"] = result["unconverged"].sum()
    summary["status"] = status
    summary = summary.rename_axis("regressor").reset_index()[result.columns]
    return pd.concat([result, summary], ignore_index=True)


def _spread(values: _Array) -> Any:
    """Take the standard deviation over the first axis (ddof=1); 0 if there is one value only."""
    return np.std(values, axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])
