"""Subsets of a study: the networks of one sparsity or of one architecture, analysed one by one.

They are the columns of table 3 of Cunegatti et al. 2024.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.splits import LEFT_OUT, splits_of
from sparsetopo.analysis.tables.table import CELL, sparsity_strings

SUBSET_KINDS = ("sparsity", "architecture")
TARGET = "accuracy_drop"
"""The column that is predicted."""

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Rows of a subset that have all features and a drop.

    Kind and name say which subset: ("sparsity", "0.9") or ("architecture", "Resnet-20"). The cells are the columns of
    the table that name a cell, the values the features, shape (rows, features). `left_out` is the number of the other
    rows.
    """

    kind: str
    name: str
    cells: pd.DataFrame
    values: _Array
    drop: _Array
    left_out: int


@dataclass(frozen=True)
class SubsetStatus:
    """Whether a subset can be cross-validated, and whether its R2 can be adjusted.

    The text is "ok"; "few rows: ..." (a caution); or what is undefined and why.
    """

    text: str
    scored: bool = True
    adjusted: bool = True


def study_subsets(
    table: pd.DataFrame, subset_kinds: Sequence[str] = SUBSET_KINDS
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (kind, name, rows) of each subset: sparsities in increasing order, then architectures by name.

    Examples
    --------
    >>> table = pd.DataFrame({"sparsity": [0.9, 0.8, 0.9], "architecture": "Conv-6"})
    >>> [(kind, name, len(rows)) for kind, name, rows in study_subsets(table)]
    [('sparsity', '0.8', 1), ('sparsity', '0.9', 2), ('architecture', 'Conv-6', 3)]
    """
    for kind in subset_kinds:
        values = sparsity_strings(table[kind]) if kind == "sparsity" else table[kind].astype("str")
        for value in sorted(values.unique(), key=float if kind == "sparsity" else str):
            yield kind, value, table[values == value]


def study_samples(
    table: pd.DataFrame, features: Sequence[str], subset_kinds: Sequence[str]
) -> Iterator[Sample]:
    """Yield the sample of each subset, in the order of `study_subsets`."""
    cell = [column for column in CELL if column in table.columns]
    for kind, name, rows in study_subsets(table, subset_kinds):
        complete = rows[[*features, TARGET]].notna().all(axis=1)
        used = rows[complete]
        yield Sample(
            kind,
            name,
            used[cell].reset_index(drop=True),
            used[list(features)].to_numpy(np.float64),
            used[TARGET].to_numpy(np.float64),
            int((~complete).sum()),
        )


def subset_status(sample: Sample, validation: str, folds: int) -> SubsetStatus:
    """Say whether a subset can be scored.

    Shuffled folds need two rows per fold. Leaving groups out needs two groups, and two rows to fit
    on whichever group is left out. A constant drop cannot be explained. Adjusting needs
    features + 2 rows. Fewer than two rows per coefficient give a caution.
    """
    rows, features = sample.values.shape
    if validation in LEFT_OUT:
        problem, fitted = _groups_problem(sample, validation)
        if problem:
            return SubsetStatus(problem, False, False)
    else:
        fitted = rows - -(-rows // folds)
        if rows < 2 * folds:
            text = f"too few rows: {rows} < {2 * folds} (two a fold)"
            return SubsetStatus(text, False, False)
    if float(np.ptp(sample.drop)) < 1e-12:
        return SubsetStatus("the accuracy drop is constant", False, False)
    if rows < features + 2:
        text = f"too few rows: {rows} < {features + 2} (features + 2), adjusted R2 undefined"
        return SubsetStatus(text, True, False)
    if fitted < 2 * (features + 1):
        return SubsetStatus(f"few rows: {fitted} to fit {features + 1} coefficients")
    return SubsetStatus("ok")


def _groups_problem(sample: Sample, validation: str) -> tuple[str, int]:
    """Return why no group can be left out ("" if they can), and the rows of the smallest fit."""
    group = LEFT_OUT[validation]
    splits = splits_of(validation, sample.cells, 0)
    if not splits:
        return "too few rows: 0", 0
    if len(splits) < 2:
        return f"one {group} only: none can be left out", 0
    fitted = min(len(train) for train, _ in splits)
    if fitted < 2:
        return f"too few rows: {fitted} to fit on where a {group} is left out", fitted
    # R2 of a group is relative to the spread inside it.
    if all(float(np.ptp(sample.drop[test])) < 1e-12 for _, test in splits):
        return f"the accuracy drop is constant in every {group}", fitted
    return "", fitted
