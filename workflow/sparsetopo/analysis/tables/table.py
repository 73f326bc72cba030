"""Check a collected result table before it is analysed; write and read result tables.

A collected table has one row a sparse network (a cell of the grid). Whatever would make an analysis
wrong is refused. What only makes it smaller (missing cells, a single seed) becomes a note, and the analysis goes on.
"""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.provenance import NOT_PUBLISHED, uses_published
from sparsetopo.analysis.tables.record import require_whole
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import atomic_path

CELL = ("algorithm", "dataset", "architecture", "sparsity", "seed")
"""The columns that name a cell of the grid."""

UNDEFINED = "undefined"
"""Written where a number does not exist (the status of the row says why); read back as NaN."""


@dataclass(frozen=True)
class CheckedTable:
    """A collected table that can be analysed, and what a reader should know about it.

    Attributes
    ----------
    table
        The rows, sorted by cell; sparsity is a string; exact duplicates are left out.
    missing_cells
        One row for every cell of the full grid (all algorithms x ... x all seeds in the table)
        that has no row.
    notes
        Sentences about missing cells, duplicates left out, missing metrics, accuracies that were not
        published, diverged runs, seeds that share one accuracy, and a single seed.
    """

    table: pd.DataFrame
    missing_cells: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def check_table(
    table: pd.DataFrame, metrics: Sequence[str], *, accuracy: bool = True
) -> CheckedTable:
    """Check a collected table and sort it.

    Parameters
    ----------
    table
        Columns of `CELL`, "accuracy" in 0..1, and every one of `metrics`.
    metrics
        The metric columns that the analysis will use.
    accuracy
        False if the table needs no accuracies, because its drops come from elsewhere.

    Raises
    ------
    DataError
        Missing columns, an empty table, a cell without a value, two different rows for a cell, a
        column that is not numeric, accuracies that are missing (unless the status says that none
        was published) or outside 0..1 (in percent), infinite metrics.
    """
    measured = ["accuracy", *metrics] if accuracy else list(metrics)
    require_columns(table, [*CELL, *measured])
    if table.empty:
        raise DataError("the result table has no row; it needs one for every sparse network.")
    checked = table.copy()
    checked["sparsity"] = sparsity_strings(checked["sparsity"])
    for column in CELL:
        if checked[column].isna().any():
            raise DataError(
                f"the result table has {int(checked[column].isna().sum())} row(s) "
                f"without a value in column '{column}'."
            )
    for column in measured:
        checked[column] = _numbers(checked[column])
    if accuracy:
        _check_accuracy(checked)
    rows = len(checked)
    checked = checked.drop_duplicates()
    notes = (
        [f"{rows - len(checked)} exact duplicate row(s) left out."] if rows > len(checked) else []
    )
    _refuse_duplicate_cells(checked)
    checked = checked.sort_values(list(CELL), kind="stable", ignore_index=True)
    missing = _missing_cells(checked)
    return CheckedTable(checked, missing, notes + _notes(checked, missing, metrics))


def require_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise a DataError if a table lacks columns; it names them, and those that the table has."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"the result table lacks the column(s) {', '.join(missing)}; "
            f"it has {', '.join(map(str, table.columns))}."
        )


def sparsity_strings(sparsity: pd.Series) -> pd.Series:
    """Sparsities as strings: pandas reads them from a CSV file as numbers.

    Examples
    --------
    >>> sparsity_strings(pd.Series([0.9, 0.98])).tolist()
    ['0.9', '0.98']
    """
    if pd.api.types.is_numeric_dtype(sparsity):
        return sparsity.map("{:g}".format, na_action="ignore").astype("str")
    return sparsity.astype("str")


def cell_strings(table: pd.DataFrame, columns: Sequence[str] = CELL) -> pd.DataFrame:
    """Columns of the cell as strings, however they were read."""
    names = table[[*columns]].assign(sparsity=sparsity_strings(table["sparsity"]))
    return names.astype("str")


def write_table(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write a table as CSV, atomically; a number that does not exist is written as `UNDEFINED`."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, na_rep=UNDEFINED, lineterminator="\n")


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a CSV table; the columns named "sparsity" and "subset" stay strings.

    Raises
    ------
    FileFormatError
        If the file is missing, empty, not CSV, or not what its record says (`require_whole`).
    """
    if Path(path).is_file():
        require_whole(path)
    text = {"sparsity": "str", "subset": "str"}
    try:
        return pd.read_csv(path, dtype=text, na_values=[UNDEFINED])
    except FileNotFoundError as error:
        raise FileFormatError(f"{path}: there is no such file.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: not a readable CSV table ({error}).") from error


def _numbers(column: pd.Series) -> pd.Series:
    try:
        values = pd.to_numeric(column).astype(np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"the column '{column.name}' holds something that is not a number ({error})."
        ) from error
    if np.isinf(values).any():
        raise DataError(
            f"the column '{column.name}' has {int(np.isinf(values).sum())} infinite value(s)."
        )
    return values


def _check_accuracy(table: pd.DataFrame) -> None:
    accuracy = table["accuracy"]
    missing = accuracy.isna() & ~_not_published(table)
    if missing.any():
        first = table.loc[missing, list(CELL)].iloc[0]
        raise DataError(
            f"{int(missing.sum())} row(s) have no accuracy, "
            f"the first is {'/'.join(map(str, first))}."
        )
    if accuracy.max() > 1 or accuracy.min() < 0:
        wrong = accuracy.max() if accuracy.max() > 1 else accuracy.min()
        raise DataError(
            f"the accuracies must be fractions between 0 and 1, but one is {wrong:g}; "
            "divide by 100 if they are in percent."
        )


def _not_published(table: pd.DataFrame) -> pd.Series:
    if "status" not in table:
        return pd.Series(False, table.index)
    return table["status"] == NOT_PUBLISHED


def _refuse_duplicate_cells(table: pd.DataFrame) -> None:
    twice = table[table.duplicated(list(CELL), keep=False)]
    if not twice.empty:
        cells = twice[list(CELL)].drop_duplicates()
        raise DataError(
            f"{len(cells)} cell(s) have several rows that differ, the first is "
            f"{'/'.join(map(str, cells.iloc[0]))}; a cell may have one row only."
        )


def _missing_cells(table: pd.DataFrame) -> pd.DataFrame:
    full = pd.DataFrame(
        list(itertools.product(*(sorted(table[column].unique()) for column in CELL))),
        columns=list(CELL),
    )
    merged = full.merge(table[list(CELL)], how="left", on=list(CELL), indicator=True)
    return merged.loc[merged["_merge"] == "left_only", list(CELL)].reset_index(drop=True)


def _notes(table: pd.DataFrame, missing: pd.DataFrame, metrics: Sequence[str]) -> list[str]:
    notes = []
    if len(missing):
        names = ", ".join("/".join(map(str, row)) for row in missing.head(5).to_numpy())
        more = ", ..." if len(missing) > 5 else ""
        notes.append(
            f"{len(missing)} of {len(missing) + len(table)} cells are missing: {names}{more}."
        )
    without = table[list(metrics)].isna()
    if without.any(axis=None):
        names = ", ".join(without.columns[without.any()])
        notes.append(f"{int(without.any(axis=1).sum())} row(s) lack a metric ({names}).")
    unknown = table[_not_published(table)]
    if "accuracy" in table:
        unknown = unknown[unknown["accuracy"].isna()]
    if len(unknown):
        cells = unknown[list(CELL[:-1])].drop_duplicates()
        names = ", ".join("/".join(map(str, row)) for row in cells.to_numpy())
        notes.append(
            f"{len(unknown)} network(s) have no published accuracy ({names}); regression, importance and ranking "
            "leave them out."
        )
    if uses_published(table) and table["seed"].nunique() > 1:
        notes.append(
            "The seeds of a cell share one published accuracy and differ in their metrics only: nothing can be said "
            "about the spread of accuracy over seeds, and the folds of the regression are not independent."
        )
    if "status" in table and (table["status"] == "diverged").any():
        notes.append(
            f"{int((table['status'] == 'diverged').sum())} network(s) diverged in training; "
            "their accuracy is used as measured."
        )
    if table["seed"].nunique() == 1:
        notes.append("There is a single seed, so nothing can be said about the spread over seeds.")
    return notes
