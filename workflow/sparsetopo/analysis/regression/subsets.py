"""Columns of the study: the sub-samples that are analysed one by one.

A column is the networks of one sparsity (all architectures) or of one architecture (all
sparsities), as in table 3 of Cunegatti et al. 2024.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.splits import LEFT_OUT, splits_of
from sparsetopo.analysis.tables.table import CELL, sparsity_strings

COLUMN_KINDS = ("sparsity", "architecture")
CONSTANT_TARGET = "the accuracy drop is constant"

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Rows of a column that have all features and a drop.

    Attributes
    ----------
    kind, name
        Which column: ("sparsity", "0.9") or ("architecture", "Resnet-20").
    cells
        The columns of the table that name a cell; numbered from 0.
    values, drop
        Shapes (rows, features) and (rows,).
    left_out
        Rows of the column that lack a feature or the drop.
    """

    kind: str
    name: str
    cells: pd.DataFrame
    values: _Array
    drop: _Array
    left_out: int


@dataclass(frozen=True)
class ColumnStatus:
    """What can be said about a column.

    Attributes
    ----------
    text
        "ok"; "few rows: ..." (a caution); or what is undefined and why.
    scored
        Whether it can be cross-validated.
    adjusted
        Whether R2 can be adjusted.
    """

    text: str
    scored: bool = True
    adjusted: bool = True


def study_columns(
    table: pd.DataFrame, column_kinds: Sequence[str] = COLUMN_KINDS
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (kind, column, its rows): sparsities in increasing order, architectures by name."""
    for kind in column_kinds:
        values = sparsity_strings(table[kind]) if kind == "sparsity" else table[kind].astype("str")
        for value in sorted(values.unique(), key=float if kind == "sparsity" else str):
            yield kind, value, table[values == value]


def study_samples(
    table: pd.DataFrame, features: Sequence[str], target: str, column_kinds: Sequence[str]
) -> Iterator[Sample]:
    """Yield the sample of each column of the study, in the order of `study_columns`."""
    cell = [column for column in CELL if column in table.columns]
    for kind, name, rows in study_columns(table, column_kinds):
        complete = rows[[*features, target]].notna().all(axis=1)
        used = rows[complete]
        yield Sample(
            kind,
            name,
            used[cell].reset_index(drop=True),
            used[list(features)].to_numpy(np.float64),
            used[target].to_numpy(np.float64),
            int((~complete).sum()),
        )


def column_status(sample: Sample, validation: str, folds: int) -> ColumnStatus:
    """Say whether a column can be scored.

    Shuffled folds need two rows a fold. Leaving groups out needs two groups, and two rows to fit
    on whichever group is left out. A constant drop cannot be explained. Adjusting needs
    features + 2 rows; a fit on less than two rows a coefficient is cautioned against.
    """
    rows, features = sample.values.shape
    if validation in LEFT_OUT:
        problem, fitted = _groups_problem(sample, validation)
        if problem:
            return ColumnStatus(problem, False, False)
    else:
        fitted = rows - -(-rows // folds)
        if rows < 2 * folds:
            text = f"too few rows: {rows} < {2 * folds} (two a fold)"
            return ColumnStatus(text, False, False)
    if float(np.ptp(sample.drop)) < 1e-12:
        return ColumnStatus(CONSTANT_TARGET, False, False)
    if rows < features + 2:
        text = f"too few rows: {rows} < {features + 2} (features + 2), adjusted R2 undefined"
        return ColumnStatus(text, True, False)
    if fitted < 2 * (features + 1):
        return ColumnStatus(f"few rows: {fitted} to fit {features + 1} coefficients")
    return ColumnStatus("ok")


def _groups_problem(sample: Sample, validation: str) -> tuple[str, int]:
    """Why no group can be left out ("" if they can), and the rows of the smallest fit."""
    splits = splits_of(validation, sample.cells, 0)
    if not splits:
        return "too few rows: 0", 0
    if len(splits) < 2:
        return f"one {LEFT_OUT[validation]} only: none can be left out", 0
    fitted = min(len(train) for train, _ in splits)
    if fitted < 2:
        return (
            f"too few rows: {fitted} to fit on where a {LEFT_OUT[validation]} is left out",
            fitted,
        )
    # R2 of a group is relative to the spread inside it.
    if all(float(np.ptp(sample.drop[test])) < 1e-12 for _, test in splits):
        return f"the accuracy drop is constant in every {LEFT_OUT[validation]}", fitted
    return "", fitted
