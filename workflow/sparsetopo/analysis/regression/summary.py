"""From the scores of folds and repeats to rows of the regression table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.cross_validation import adjusted_r_squared, defined_mean
from sparsetopo.analysis.regression.subsets import Sample, SubsetStatus

MEAN = "mean"
"""The "regressor" of rows that average over the regressors, as the paper prints."""
MEDIAN = "median"
"""The "regressor" of rows with their median. It says more where rows are few, since a regressor
without a penalty can fail without limit there."""

_NUMBERS = ("adjusted_r2", "adjusted_r2_std", "adjusted_r2_median_fold", "r2", "mae", "mae_std")

_Array = NDArray[np.float64]
Scores = tuple[_Array, _Array, NDArray[np.int64]]
"""R2 and MAE, shape (repeats, regressors, folds); unconverged fits, shape (repeats, regressors)."""


def undefined_rows(status: SubsetStatus) -> pd.DataFrame:
    """Make the one row of a subset that cannot be scored."""
    empty = dict.fromkeys(_NUMBERS, np.nan)
    return pd.DataFrame([{"regressor": MEAN, **empty, "unconverged": 0, "status": status.text}])


def summary_rows(
    chunks: Sequence[Scores],
    names: Sequence[str],
    sample: Sample,
    status: SubsetStatus,
    *,
    over_folds: bool,
) -> pd.DataFrame:
    """Make the rows of a subset from its consecutive repeats: one per regressor, their mean, their median.

    A regressor's standard deviation is over the folds of the only repeat (`over_folds`), or over repeats.
    """
    r2, mae, unconverged = (np.concatenate(arrays) for arrays in zip(*chunks, strict=True))
    # A test fold with a constant drop has no R2 and is left out of the average.
    over_repeats, errors = defined_mean(r2, axis=2), mae.mean(axis=2)
    spread_r2, spread_mae = (r2[0].T, mae[0].T) if over_folds else (over_repeats, errors)
    rows, features = sample.values.shape

    def adjust(values: _Array) -> _Array:
        return np.asarray(adjusted_r_squared(values, rows, features))

    # Adjusting is linear in R2, so it commutes with averaging.
    result = pd.DataFrame(
        {
            "regressor": list(names),
            "adjusted_r2": adjust(defined_mean(over_repeats, axis=0)),
            "adjusted_r2_std": _spread(adjust(spread_r2)),
            "adjusted_r2_median_fold": adjust(defined_mean(_median(r2), axis=0)),
            "r2": defined_mean(over_repeats, axis=0),
            "mae": errors.mean(axis=0),
            "mae_std": _spread(spread_mae),
            "unconverged": unconverged.sum(axis=0),
            "status": status.text,
        }
    )
    return pd.concat([result, _over_regressors(result)], ignore_index=True)


def _over_regressors(result: pd.DataFrame) -> pd.DataFrame:
    numbers = result[["adjusted_r2", "adjusted_r2_median_fold", "r2", "mae"]]
    summary = pd.DataFrame(
        [numbers.mean(skipna=False), numbers.median(skipna=False)], index=[MEAN, MEDIAN]
    )
    for score in ("adjusted_r2", "mae"):
        summary[f"{score}_std"] = float(_spread(result[score].to_numpy()[:, None])[0])
    summary["unconverged"] = result["unconverged"].sum()
    summary["status"] = result["status"].iloc[0]
    return summary.rename_axis("regressor").reset_index()[result.columns]


def _median(r2: _Array) -> _Array:
    """Median over the test folds (last axis) where R2 is defined; NaN if it is nowhere."""
    values = np.ma.median(np.ma.masked_invalid(r2), axis=-1)
    return np.asarray(np.ma.filled(values, np.nan), dtype=np.float64)


def _spread(values: _Array) -> Any:
    """Standard deviation (ddof=1) along the first axis, ignoring NaN; NaN below two values."""
    centred = values - defined_mean(values, axis=0)
    defined = ~np.isnan(centred)
    count = defined.sum(axis=0)
    squares = np.where(defined, centred**2, 0.0).sum(axis=0)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
