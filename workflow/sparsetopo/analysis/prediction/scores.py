"""How well sets of features, and single metrics, predict the accuracy drop; and what they add to the network's size.

The score is R2 of all out-of-fold predictions together: the squared error of networks that were left out, against that
of their mean. It cannot be spoilt by one fold or one regressor, as an average of R2 over folds and regressors can. The
seeds of a network are left out together, and the model is a ridge regression whose penalty is tuned without the rows
that it predicts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.prediction.grouped_folds import grouped_folds
from sparsetopo.analysis.prediction.tuned_ridge import tuned_ridge_predictions
from sparsetopo.analysis.regression.bootstrap import cluster_draws, interval
from sparsetopo.analysis.regression.cross_validation import quick_fits
from sparsetopo.analysis.regression.permutation import cluster_numbers
from sparsetopo.analysis.regression.settings import DEFAULT_SETTINGS, CrossValidation
from sparsetopo.analysis.regression.subsets import Sample, study_samples, too_few
from sparsetopo.analysis.tables.feature_sets import PAPER_ENCODINGS, SIZE, FeatureSet

DEFAULT_REPEATS = 5
DEFAULT_RESAMPLES = 1000

METRIC = "metric"
SET = "set"

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Predictor:
    """Columns of a sample to predict from: those of a set of features, or one of them."""

    kind: str
    name: str
    columns: tuple[int, ...]


def prediction_table(
    sets: Mapping[str, FeatureSet],
    settings: CrossValidation = DEFAULT_SETTINGS,
    *,
    repeats: int = DEFAULT_REPEATS,
    resamples: int = DEFAULT_RESAMPLES,
) -> pd.DataFrame:
    """Score every set of features and every single metric of the first one, alone and beside the size.

    Parameters
    ----------
    sets
        From `feature_sets.feature_sets`; the first is that of the graph, and there must be "size".
    settings
        Its folds, seed, subset kinds and workers are used.
    repeats
        How often the folds are drawn.
    resamples
        How often networks are drawn for the intervals (`bootstrap`: no model is fitted again).

    Returns
    -------
    DataFrame
        subset_kind, subset, kind ("set" or "metric"), predictor (its name), networks (rows), cells (networks without
        counting seeds), left_out (networks that lack a feature of any set, or a drop), features, r2 (mean over the
        repeats), r2_std (over the repeats), low, high (the middle 95 % of the resamples), beyond_size (r2 of the
        predictor and the size together, minus that of the size), beyond_low, beyond_high (of the same resamples),
        status: "ok", or why the numbers are NaN. All rows of a subset rest on the same networks and folds.

    Raises
    ------
    DataError
        A table lacks a column.

    Examples
    --------
    >>> cells = pd.DataFrame({"algorithm": [f"a{n}" for n in range(30)], "dataset": "digits", "architecture": "mlp"})
    >>> cells = cells.assign(sparsity="0.9", seed=0, accuracy_drop=np.linspace(0, 0.5, 30))
    >>> graph = FeatureSet("MGE", ("sink",), cells.assign(sink=cells["accuracy_drop"] ** 2))
    >>> size = FeatureSet("size", ("edges",), cells.assign(edges=[0.0, 1.0, 2.0] * 10))
    >>> table = prediction_table({"MGE": graph, "size": size}, CrossValidation(subset_kinds=["all"]), repeats=2)
    >>> (table.set_index("predictor")["r2"] > 0.5).to_dict()
    {'MGE': True, 'size': False, 'sink': True}
    """
    from joblib import delayed

    table, features, predictors = _joined(sets)
    samples = list(study_samples(table, features, settings.subset_kinds))
    tasks = [
        [delayed(_outcome)(sample, predictors, settings.folds, settings.seed, repeat) for repeat in range(repeats)]
        if _problem(sample, 1) is None else []
        for sample in samples
    ]  # fmt: skip
    records = []
    for sample, outcomes in zip(samples, settings.run(tasks), strict=True):
        draws = _draws(sample, resamples, settings.seed) if outcomes else None
        records += _records(sample, predictors, outcomes, draws)
    return pd.DataFrame(records)


def _joined(
    sets: Mapping[str, FeatureSet],
) -> tuple[pd.DataFrame, list[str], list[_Predictor]]:
    """All features side by side under names of their own, and which of them each predictor reads."""
    base = next(iter(sets.values()))
    wanted = {name: own for name, own in sets.items() if _is_wanted(name)}
    parts: list[pd.DataFrame] = []
    names: list[str] = []
    predictors: list[_Predictor] = []
    for name, own in wanted.items():
        start = len(names)
        names += [f"{name}: {column}" for column in own.columns]
        parts.append(own.table[list(own.columns)].set_axis(names[start:], axis=1))
        predictors.append(_Predictor(SET, name, tuple(range(start, len(names)))))
    predictors += [
        _Predictor(METRIC, column, (number,)) for number, column in enumerate(base.columns)
    ]
    cells = base.table.drop(columns=list(base.columns))
    return pd.concat([cells, *parts], axis=1), names, predictors


def _is_wanted(name: str) -> bool:
    return name in (*PAPER_ENCODINGS, SIZE) or name.startswith("MGE")


def _problem(sample: Sample, features: int) -> str | None:
    """Why a sample cannot be predicted from so many features; None if it can."""
    rows, cells = len(sample.drop), _num_cells(sample)
    problem = too_few(rows, features)
    # Of one coefficient and a constant, but of networks that are not each other's repetition.
    if problem is None and too_few(cells, 1):
        return f"too few networks ({cells} without counting seeds, for {features + 1} coefficients)"
    if problem is None and float(np.ptp(sample.drop)) < 1e-12:
        return "the accuracy drop is constant"
    return problem


def _num_cells(sample: Sample) -> int:
    return len(np.unique(cluster_numbers(sample.cells))) if len(sample.drop) else 0


def _outcome(
    sample: Sample, predictors: Sequence[_Predictor], folds: int, seed: int, repeat: int
) -> _Array:
    """Out-of-fold predictions of every predictor alone, and beside the size; shape (2, predictors, rows)."""
    clusters = cluster_numbers(sample.cells)
    labels = sample.kind, sample.name, seed, repeat
    splits = grouped_folds(clusters, folds, *labels)
    size = _size(predictors)
    found = np.full((2, len(predictors), len(sample.drop)), np.nan)
    with quick_fits():
        for number, predictor in enumerate(predictors):
            for beside, columns in enumerate((predictor.columns, (*predictor.columns, *size))):
                if too_few(len(sample.drop), len(columns)) or (
                    beside and predictor.columns == size
                ):
                    continue
                values = sample.values[:, list(columns)]
                found[beside, number] = tuned_ridge_predictions(
                    values, sample.drop, clusters, splits, *labels
                )
    return found


def _size(predictors: Sequence[_Predictor]) -> tuple[int, ...]:
    return next(p.columns for p in predictors if p.kind == SET and p.name == SIZE)


def _draws(sample: Sample, resamples: int, seed: int) -> _Array:
    clusters = cluster_numbers(sample.cells)
    groups = np.zeros(len(clusters), dtype=np.int64)
    return cluster_draws(clusters, groups, resamples, sample.kind, sample.name, seed)


def _records(
    sample: Sample,
    predictors: Sequence[_Predictor],
    outcomes: Sequence[_Array],
    draws: _Array | None,
) -> list[dict[str, object]]:
    common = {"subset_kind": sample.kind, "subset": sample.name}
    counts = {
        "networks": len(sample.drop),
        "cells": _num_cells(sample),
        "left_out": sample.left_out,
    }
    numbers = {} if draws is None else _numbers(sample.drop, predictors, np.array(outcomes), draws)
    records: list[dict[str, object]] = []
    for predictor in predictors:
        problem = _problem(sample, len(predictor.columns))
        found = numbers[predictor] if problem is None else [np.nan] * len(_NUMBERS)
        records.append(
            {
                **common,
                "kind": predictor.kind,
                "predictor": predictor.name,
                **counts,
                "features": len(predictor.columns),
                **dict(zip(_NUMBERS, found, strict=True)),
                "status": problem or "ok",
            }
        )
    return records


def _numbers(
    drop: _Array, predictors: Sequence[_Predictor], predictions: _Array, draws: _Array
) -> dict[_Predictor, list[float]]:
    """Values of `_NUMBERS`; the predictions have the shape (repeats, 2, predictors, rows)."""
    observed = _r2(drop, predictions, np.ones((1, len(drop))))[..., 0]
    resampled = _r2(drop, predictions, draws).mean(axis=0)
    size = [p.kind == SET and p.name == SIZE for p in predictors].index(True)
    found = {}
    for number, predictor in enumerate(predictors):
        alone = observed[:, 0, number]
        beyond = observed[:, 1, number] - observed[:, 0, size]
        spread = alone.std(ddof=1) if len(alone) > 1 else np.nan
        values = [alone.mean(), spread, *interval(resampled[0, number])]
        values += [beyond.mean(), *interval(resampled[1, number] - resampled[0, size])]
        found[predictor] = [float(value) for value in values]
    return found


_NUMBERS = ("r2", "r2_std", "low", "high", "beyond_size", "beyond_low", "beyond_high")


def _r2(drop: _Array, predictions: _Array, draws: _Array) -> _Array:
    """R2 of rows counted as often as they were drawn; draws in the last axis, in place of the rows."""
    total = draws.sum(axis=1)
    centred = drop - drop.mean()
    deviation = draws @ centred**2 - (draws @ centred) ** 2 / total
    error = (predictions - drop) ** 2 @ draws.T
    # All networks that were drawn may have the same drop.
    undefined = deviation <= 1e-12 * np.maximum(draws @ centred**2, 1e-300)
    return np.where(undefined, np.nan, 1.0 - error / np.where(undefined, 1.0, deviation))
