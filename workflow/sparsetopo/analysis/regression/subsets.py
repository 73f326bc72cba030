"""Subsets of a study that are analysed one by one: all networks, those of one sparsity, those of one architecture.

But for the first they are the columns of table 3 of Cunegatti et al. 2024.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.regression.splits import LEFT_OUT, splits_of
from sparsetopo.analysis.tables.table import CELL, sparsity_strings

ALL = "all"
"""Kind and name of the subset of every network."""
SUBSET_KINDS = (ALL, "sparsity", "architecture")
ROWS_A_COEFFICIENT = 3
"""With fewer rows for each coefficient of a regression (its features and a constant) no score is given."""
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
    """Whether a subset can be cross-validated; the text is "ok", or why not."""

    text: str
    scored: bool = True


def study_subsets(
    table: pd.DataFrame, subset_kinds: Sequence[str] = SUBSET_KINDS
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield (kind, name, rows) of each subset: all, sparsities in increasing order, then architectures by name.

    Examples
    --------
    >>> table = pd.DataFrame({"sparsity": [0.9, 0.8, 0.9], "architecture": "Conv-6"})
    >>> [(kind, name, len(rows)) for kind, name, rows in study_subsets(table)]
    [('all', 'all', 3), ('sparsity', '0.8', 1), ('sparsity', '0.9', 2), ('architecture', 'Conv-6', 3)]
    """
    for kind in subset_kinds:
        if kind == ALL:
            yield ALL, ALL, table
            continue
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


def subset_columns(subset_kinds: Sequence[str]) -> list[str]:
    """Columns of a table that tell its subsets apart."""
    return [kind for kind in subset_kinds if kind != ALL]


def too_few(rows: int, features: int) -> str | None:
    """Say that there are too few rows for a regression on so many features; None if there are enough.

    Examples
    --------
    >>> too_few(28, 16)
    'too few networks (28 for 17 coefficients)'
    """
    coefficients = features + 1
    if rows >= ROWS_A_COEFFICIENT * coefficients:
        return None
    return f"too few networks ({rows} for {coefficients} coefficients)"


def subset_status(sample: Sample, validation: str, folds: int) -> SubsetStatus:
    """Say whether a subset can be scored.

    There must be enough rows (`too_few`), two at least for each shuffled fold. Where groups are left out, there must be
    two of them, and enough rows without any of them. A constant drop cannot be explained.
    """
    rows, features = sample.values.shape
    problem = too_few(rows, features)
    if problem is None and validation in LEFT_OUT:
        problem = _groups_problem(sample, validation)
    elif problem is None and rows < 2 * folds:
        problem = f"too few networks ({rows} for {folds} folds)"
    if problem is None and float(np.ptp(sample.drop)) < 1e-12:
        problem = "the accuracy drop is constant"
    return SubsetStatus("ok") if problem is None else SubsetStatus(problem, scored=False)


def _groups_problem(sample: Sample, validation: str) -> str | None:
    """Return why no group can be left out; None if they can."""
    group = LEFT_OUT[validation]
    splits = splits_of(validation, sample.cells, 0)
    if len(splits) < 2:
        return f"one {group} only: none can be left out"
    fitted = min(len(train) for train, _ in splits)
    problem = too_few(fitted, sample.values.shape[1])
    if problem:
        return f"{problem} where a {group} is left out"
    # R2 of a group is relative to the spread inside it.
    if all(float(np.ptp(sample.drop[test])) < 1e-12 for _, test in splits):
        return f"the accuracy drop is constant in every {group}"
    return None
