"""Which rows a regression is fitted on, and which it is tested on.

Shuffled folds are the paper's protocol: networks of the same data set, architecture and algorithm
are on both sides. Leaving a whole data set, architecture or algorithm out asks a harder question:
does what was learned from some of them hold for one that was never seen?
"""

from collections.abc import Collection, Mapping

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
"""Validation: the column whose values are left out in turn."""
VALIDATIONS = (SHUFFLED, *LEFT_OUT)


def shuffled_folds(rows: int, folds: int, *labels: str | int) -> list[Split]:
    """Split `rows` rows into `folds` random parts, each the test part of one split.

    Part sizes differ by at most one, the larger ones first. The labels name the random stream:
    equal labels give equal folds, whatever else has been drawn.

    Examples
    --------
    >>> [len(test) for train, test in shuffled_folds(8, 3, "Resnet-20", 0)]
    [3, 3, 2]
    """
    order = generator("folds", rows, folds, *labels).permutation(rows)
    parts = np.array_split(order, folds)
    return [
        (np.sort(np.concatenate(parts[:k] + parts[k + 1 :])), np.sort(parts[k]))
        for k in range(folds)
    ]


def group_folds(groups: pd.Series) -> list[Split]:
    """Make one split for each group, in the order of their names: the group is the test part.

    With one group the only split has nothing to fit on.

    Examples
    --------
    >>> [test.tolist() for train, test in group_folds(pd.Series(["er", "snip", "er"]))]
    [[0, 2], [1]]
    """
    names = groups.astype("str").to_numpy()
    return [
        (np.flatnonzero(names != name), np.flatnonzero(names == name)) for name in np.unique(names)
    ]


def splits_of(validation: str, cells: pd.DataFrame, folds: int, *labels: str | int) -> list[Split]:
    """Return the splits of a sample, given the columns that name its cells, under one of `VALIDATIONS`.

    The other arguments are those of `shuffled_folds`; leaving groups out needs none of them.

    Raises
    ------
    DataError
        An unknown validation, or cells without the column that tells the groups.
    """
    require_known("validation", validation, VALIDATIONS)
    if validation == SHUFFLED:
        return shuffled_folds(len(cells), folds, *labels)
    require_columns(cells, [LEFT_OUT[validation]])
    return group_folds(cells[LEFT_OUT[validation]])


def require_known(what: str, value: str, known: Collection[str]) -> None:
    """Raise a DataError for a value that is not among the known ones, which it lists."""
    if value not in known:
        raise DataError(f"there is no {what} '{value}'; known: {', '.join(known)}.")
