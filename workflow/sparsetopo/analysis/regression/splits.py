"""Which rows a regression is fitted on and which it is tested on.

Shuffled folds are the paper's protocol: networks of the same data set, architecture and algorithm
are on both sides. Leaving a whole data set, architecture or algorithm out asks the harder question:
does what was learnt on some hold for one that was never seen?
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.seeding import generator

Split = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Row numbers to fit on, row numbers to test on."""

SHUFFLED = "shuffled"
LEFT_OUT: Mapping[str, str] = {
    "leave-one-dataset-out": "dataset",
    "leave-one-architecture-out": "architecture",
    "leave-one-algorithm-out": "algorithm",
}
"""Validation: the column of a cell whose values are left out in turn."""
VALIDATIONS = (SHUFFLED, *LEFT_OUT)


def shuffled_folds(rows: int, folds: int, *labels: str | int) -> list[Split]:
    """Split `rows` rows into `folds` random parts, each the test part of one split.

    Parameters
    ----------
    rows, folds
        Part sizes differ by one at most, the larger ones first.
    *labels
        Name the random stream: equal labels give equal folds, whatever else has been drawn.
    """
    order = generator("folds", rows, folds, *labels).permutation(rows)
    parts = np.array_split(order, folds)
    return [
        (np.sort(np.concatenate(parts[:k] + parts[k + 1 :])), np.sort(parts[k]))
        for k in range(folds)
    ]


def group_folds(groups: pd.Series) -> list[Split]:
    """Make one split for each group, in the order of their names: the group is the test part.

    Parameters
    ----------
    groups
        The group of each row. With one group the only split has nothing to fit on.
    """
    names = groups.astype("str").to_numpy()
    return [
        (np.flatnonzero(names != name), np.flatnonzero(names == name)) for name in np.unique(names)
    ]


def splits_of(validation: str, cells: pd.DataFrame, folds: int, *labels: str | int) -> list[Split]:
    """Splits of a sample under a validation.

    Parameters
    ----------
    validation
        One of `VALIDATIONS`.
    cells
        One row a network: the columns that name its cell.
    folds, *labels
        Of the shuffled folds; leaving groups out is not random.

    Raises
    ------
    DataError
        An unknown validation, or cells without the column that is left out.
    """
    require_validation(validation)
    if validation == SHUFFLED:
        return shuffled_folds(len(cells), folds, *labels)
    require_columns(cells, [LEFT_OUT[validation]])
    return group_folds(cells[LEFT_OUT[validation]])


def require_validation(validation: str) -> None:
    """Refuse a validation that does not exist.

    Raises
    ------
    DataError
        Names it and those there are.
    """
    if validation not in VALIDATIONS:
        raise DataError(f"there is no validation '{validation}'; known: {', '.join(VALIDATIONS)}.")
