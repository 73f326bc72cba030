"""Which metrics go with the accuracy drop: figures 3 and 4 of the paper, and its ranking's weights.

The measure is the Pearson correlation of each metric with the drop over the networks of a subset
(one sparsity or one architecture). Correlating with the regressors' predictions instead gives the
same rankings. A second number, the coefficient in a ridge regression on all metrics scaled to
0..1, says what a metric adds to the others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.ridge import RIDGE_PENALTY
from sparsetopo.analysis.regression.subsets import (
    ROWS_A_COEFFICIENT,
    SUBSET_KINDS,
    TARGET,
    study_subsets,
    subset_columns,
    too_few,
)
from sparsetopo.analysis.tables.features import min_max, scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS, main_weights, on_trained_weights
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.metrics.registry import Feature, Metric

LEAST_ROWS = 3
"""With fewer rows a correlation says nothing: two points always lie on a line."""

_Array = NDArray[np.float64]


def importance_table(
    table: pd.DataFrame,
    metrics: Mapping[str, Feature] = PAPER_METRICS,
    subset_kinds: Sequence[str] = SUBSET_KINDS,
) -> pd.DataFrame:
    """Correlate every metric with the drop, for every subset of the study.

    Parameters
    ----------
    table
        One row per network: the subset kinds, accuracy_drop, and the scaled metrics
        (`features.scale`).

    Returns
    -------
    DataFrame
        subset_kind, subset, metric, category, rows, rows_left_out, pearson_r, ridge_coefficient,
        status.
        pearson_r > 0: the drop grows with the metric. It is NaN where it does not exist, and status
        says why ("constant metric", "constant drop", "too few rows: ..."). rows: those that have
        the metric and a drop; rows_left_out: the others. ridge_coefficient: see
        `ridge_coefficients`.

    Examples
    --------
    >>> table = pd.DataFrame({"sparsity": "0.9", "sink": np.arange(6) / 10})
    >>> table["accuracy_drop"] = 1 - table["sink"]
    >>> metrics = {"sink": PAPER_METRICS["sink"]}
    >>> importance_table(table, metrics, ["sparsity"])["pearson_r"].round(6).tolist()
    [-1.0]
    """
    require_columns(table, [*subset_columns(subset_kinds), TARGET, *metrics])
    records = []
    for kind, name, rows in study_subsets(table, subset_kinds):
        coefficients = ridge_coefficients(rows, list(metrics))
        for (key, metric), coefficient in zip(metrics.items(), coefficients, strict=True):
            correlation, used, status = pearson(rows[key], rows[TARGET])
            records.append(
                {
                    "subset_kind": kind,
                    "subset": name,
                    "metric": key,
                    "category": metric.category,
                    "rows": used,
                    "rows_left_out": len(rows) - used,
                    "pearson_r": correlation,
                    "ridge_coefficient": coefficient,
                    "status": status,
                }
            )
    return pd.DataFrame(records)


def importance_of_weights(networks: pd.DataFrame, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """The importance of all metrics of a collected table, and of those of the trained weights, if it has both.

    The column "weights" says which weights a row's metric was measured on.
    """
    main = importance_table(scale(networks, metrics), metrics)
    place = list(main.columns).index("category")
    main.insert(place, "weights", main_weights(networks))
    trained = on_trained_weights(networks)
    if len(trained.columns) == len(networks.columns):
        return main
    weighted = {name: metric for name, metric in metrics.items() if metric.reads_weights}
    beside = importance_table(scale(trained, metrics), metrics)
    beside = beside[beside["metric"].isin(weighted)]
    beside.insert(place, "weights", "trained")
    return pd.concat([main, beside], ignore_index=True)


def pearson(
    metric: pd.Series, target: pd.Series, names: tuple[str, str] = ("metric", "drop")
) -> tuple[float, int, str]:
    """Return (r, rows, status) of the rows that have both values; r is NaN where undefined.

    The status is "ok", "too few rows: ...", or that the one of these names is constant.

    Examples
    --------
    >>> pearson(pd.Series(np.arange(6.0)), pd.Series([0.1] * 6))
    (nan, 6, 'constant drop')
    """
    complete = metric.notna() & target.notna()
    x = metric[complete].to_numpy(np.float64)
    y = target[complete].to_numpy(np.float64)
    least = ROWS_A_COEFFICIENT * 2  # of a line
    if len(x) < least:
        return np.nan, len(x), f"too few rows: {len(x)} < {least}"
    correlation = float(correlations(x, y))
    if np.isnan(correlation):
        constant = names[0] if np.isnan(_deviations(x)).any() else names[1]
        return correlation, len(x), f"constant {constant}"
    return correlation, len(x), "ok"


def correlations(metrics: _Array, target: _Array) -> _Array:
    """Pearson's r along the last axis, over the entries that have both values.

    The shapes (..., rows) of the two are broadcast. NaN below `LEAST_ROWS` rows, or where one of the two is constant.

    Examples
    --------
    >>> correlations(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]), np.array([0.0, 1.0, 2.0]))
    array([ 1., -1.])
    """
    known = ~(np.isnan(metrics) | np.isnan(target))
    with np.errstate(divide="ignore", invalid="ignore"):
        if known.all():
            x, y = _deviations(metrics), _deviations(target)
        else:
            x = _deviations(np.where(known, metrics, np.nan))
            y = _deviations(np.where(known, target, np.nan))
        squares = (x * x).sum(axis=-1) * (y * y).sum(axis=-1)
        result = np.clip((x * y).sum(axis=-1) / np.sqrt(squares), -1.0, 1.0)
    return np.where(known.sum(axis=-1) < LEAST_ROWS, np.nan, result)


def ridge_coefficients(table: pd.DataFrame, metrics: Sequence[str]) -> _Array:
    """Return the coefficients b of min |y - X b - c|^2 + `RIDGE_PENALTY` |b|^2, X in 0..1.

    A coefficient is the change of the predicted drop y as the metric goes from its least to its
    greatest value while the others stay. Rows that lack any value are left out; all coefficients
    are NaN if too few rows remain (`too_few`).
    """
    complete = table[[*metrics, TARGET]].dropna()
    if too_few(len(complete), len(metrics)):
        return np.full(len(metrics), np.nan)
    features = min_max(complete[list(metrics)].to_numpy(np.float64))
    features -= features.mean(axis=0)
    drop = complete[TARGET].to_numpy(np.float64)
    penalty = RIDGE_PENALTY * np.eye(len(metrics))
    return np.linalg.solve(features.T @ features + penalty, features.T @ (drop - drop.mean()))


def _deviations(values: _Array) -> _Array:
    """Deviations from the mean along the last axis, the largest 1 in size; all NaN if constant.

    Metrics range from 1e-7 to 1e9; scaled like this, their squares lose no precision. A missing
    value has deviation 0.
    """
    missing = np.isnan(values)
    some = bool(missing.any())
    least = (np.where(missing, np.inf, values) if some else values).min(axis=-1, keepdims=True)
    most = (np.where(missing, -np.inf, values) if some else values).max(axis=-1, keepdims=True)
    if some:
        mean = np.where(missing, 0.0, values).sum(axis=-1, keepdims=True)
        mean = mean / (~missing).sum(axis=-1, keepdims=True)
    else:
        mean = values.mean(axis=-1, keepdims=True)
    constant = most - least <= 1e-12 * np.maximum(np.abs(most), np.abs(least))
    size = np.where(constant, np.nan, np.maximum(most - mean, mean - least))
    deviations = (values - mean) / size
    return np.where(missing & ~constant, 0.0, deviations) if some else deviations
