"""Which metrics go with the accuracy drop: figures 3 and 4 of the paper, and its ranking's weights.

The measure is the Pearson correlation of each metric with the drop over the networks of a column
(one sparsity or one architecture). Correlating with the regressors' predictions instead gives the
same rankings. A second number, the coefficient of a ridge regression on all metrics scaled to
0..1, says what a metric adds beside the others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.features import min_max
from sparsetopo.analysis.metrics import PAPER_METRICS, Metric
from sparsetopo.analysis.regression import COLUMN_KINDS, study_columns
from sparsetopo.analysis.tables import require_columns

RIDGE_PENALTY = 0.1
"""As the Ridge of the regressions."""

_Array = NDArray[np.float64]


def importance_table(
    table: pd.DataFrame,
    metrics: Mapping[str, Metric] = PAPER_METRICS,
    *,
    target: str = "accuracy_drop",
    column_kinds: Sequence[str] = COLUMN_KINDS,
) -> pd.DataFrame:
    """Correlate every metric with the drop, for every column of the study.

    Parameters
    ----------
    table
        One row a network: the column kinds, `target`, and the scaled metrics (`features.scale`).

    Returns
    -------
    DataFrame
        column_kind, column, metric, category, rows, rows_left_out, pearson_r, ridge_coefficient,
        status.
        pearson_r > 0: the drop grows with the metric. It is 0 where it does not exist, and status
        says why ("constant metric", "constant drop", "too few rows: ..."). rows: those that have
        the metric and a drop; rows_left_out: the others. ridge_coefficient: change of the predicted
        drop as the metric goes from its least to its greatest value in the column while the others
        stay (rows that lack any metric are left out; 0 below two rows).
    """
    require_columns(table, [*column_kinds, target, *metrics])
    records = []
    for kind, column, rows in study_columns(table, column_kinds):
        coefficients = ridge_coefficients(rows, list(metrics), target)
        for (key, metric), coefficient in zip(metrics.items(), coefficients, strict=True):
            correlation, used, status = pearson(rows[key], rows[target])
            records.append(
                {
                    "column_kind": kind,
                    "column": column,
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


def pearson(metric: pd.Series, target: pd.Series) -> tuple[float, int, str]:
    """Correlation over the rows that have both: (r, rows, status); r is 0 where undefined."""
    complete = metric.notna() & target.notna()
    x = metric[complete].to_numpy(np.float64)
    y = target[complete].to_numpy(np.float64)
    if len(x) < 3:
        return 0.0, len(x), f"too few rows: {len(x)} < 3"
    if _constant(x):
        return 0.0, len(x), "constant metric"
    if _constant(y):
        return 0.0, len(x), "constant drop"
    # Scaled first: some metrics are of the order 1e-7, whose squares lose nothing only if centred
    # and scaled.
    x = (x - x.mean()) / np.abs(x - x.mean()).max()
    y = (y - y.mean()) / np.abs(y - y.mean()).max()
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0)), len(x), "ok"


def ridge_coefficients(table: pd.DataFrame, metrics: Sequence[str], target: str) -> _Array:
    """Coefficients b (one a metric) of min |y - X b - c|^2 + `RIDGE_PENALTY` |b|^2, X in 0..1."""
    complete = table[[*metrics, target]].dropna()
    if len(complete) < 2:
        return np.zeros(len(metrics))
    features = min_max(complete[list(metrics)].to_numpy(np.float64))
    features -= features.mean(axis=0)
    drop = complete[target].to_numpy(np.float64)
    penalty = RIDGE_PENALTY * np.eye(len(metrics))
    return np.linalg.solve(features.T @ features + penalty, features.T @ (drop - drop.mean()))


def _constant(values: _Array) -> bool:
    return float(np.ptp(values)) <= 1e-12 * float(np.abs(values).max())
