"""Collect result files into tidy tables: one row a sparse network, one row a dense baseline.

`collect` is for a study that trained its networks, `collect_published` for one that takes the paper's accuracies.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from sparsetopo.analysis.tables.accuracy_drop import DenseReference, add_accuracy_drop
from sparsetopo.analysis.tables.published_accuracies import PublishedAccuracies
from sparsetopo.analysis.tables.result_rows import (
    BASELINE_COLUMNS,
    NETWORK_COLUMNS,
    Path,
    baseline_row,
    network_row,
    published_network_row,
    published_outcome,
)
from sparsetopo.errors import DataError

GRID_AXES = ("datasets", "architectures", "algorithms", "sparsities", "seeds")
"""The lists of a grid by their names in a configuration, in the order of `NETWORK_COLUMNS`."""


def collect(
    networks: Iterable[tuple[Path, Path, Path]],
    baselines: Iterable[Path],
    reference: DenseReference,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collect the files of every cell into the table of networks, with accuracy drops, and that of dense baselines.

    Each of `networks` is the (mask, result, topometrics) files of a cell, each of `baselines` a result file.
    """
    dense = pd.DataFrame([baseline_row(path) for path in baselines])
    sparse = pd.DataFrame([network_row(*paths) for paths in networks])
    sparse = sparse.sort_values(NETWORK_COLUMNS, ignore_index=True)
    dense = dense.sort_values(BASELINE_COLUMNS, ignore_index=True)
    return add_accuracy_drop(sparse, dense, reference), dense


def collect_published(
    networks: Iterable[tuple[Path, Path]],
    accuracies: PublishedAccuracies,
    reference: DenseReference,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collect the (mask, topometrics) files of every cell, with the paper's accuracies, into the tables of `collect`.

    The `reference` must be "mean": a published mean belongs to no seed (`published_baselines`).

    Raises
    ------
    DataError
        As `published_network_row`, or if no network has an accuracy, or a dense accuracy is missing.
    """
    if reference != "mean":
        raise DataError(
            f"analysis.dense_reference is '{reference}', but a published dense accuracy is a mean over seeds; "
            "it must be 'mean' (accuracies: published)."
        )
    sparse = pd.DataFrame([published_network_row(*paths, accuracies) for paths in networks])
    sparse = sparse.astype({"accuracy": "float64", "accuracy_std": "float64"})
    if sparse["accuracy"].isna().all():
        raise DataError(
            f"{accuracies.path}: has no accuracy for any of the {len(sparse)} networks of this study; "
            "add cells to its grid."
        )
    dense = published_baselines(sparse, accuracies)
    sparse = sparse.sort_values(NETWORK_COLUMNS, ignore_index=True)
    return add_accuracy_drop(sparse, dense, reference), dense


def published_baselines(networks: pd.DataFrame, accuracies: PublishedAccuracies) -> pd.DataFrame:
    """Dense baselines of the paper, one row for every pair of data set and architecture that occurs.

    Their seed is missing, because a published accuracy is a mean over seeds. A pair without one is a DataError.
    """
    pairs = sorted(set(networks[BASELINE_COLUMNS[:2]].itertuples(index=False, name=None)))
    for pair in pairs:
        if pair not in accuracies.dense:
            raise DataError(
                f"{accuracies.path}: has no dense accuracy for {'/'.join(pair)}; the accuracy drop needs one."
            )
    return pd.DataFrame(
        [
            {
                **dict(zip(BASELINE_COLUMNS, (*pair, None), strict=True)),
                **published_outcome(accuracies.dense[pair]),
            }
            for pair in pairs
        ]
    )


def require_grid(table: pd.DataFrame, grid: Mapping[str, Sequence[Any]]) -> None:
    """Refuse a table of networks that does not have exactly one row for every cell of the grid (`GRID_AXES`).

    Raises
    ------
    DataError
        Names the first cell that is missing, repeated, or not in the grid.
    """
    wanted = set(product(*(grid[axis] for axis in GRID_AXES)))
    rows = Counter(table[NETWORK_COLUMNS].itertuples(index=False, name=None))
    for what, cells in (
        ("has no row for", wanted.difference(rows)),
        ("has a row that is not in the grid for", set(rows) - wanted),
        ("has more than one row for", {row for row, count in rows.items() if count > 1}),
    ):
        if cells:
            cell = " / ".join(map(str, min(cells)))
            raise DataError(
                f"the collected table {what} {cell}; a result file lies in the wrong place."
            )


def of_grid(table: pd.DataFrame, grid: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Rows of a table that belong to a grid, judged by those of the cell's columns that the table has.

    A missing value (the seed of a published mean) fits any grid.

    Raises
    ------
    DataError
        If no row is left.

    Examples
    --------
    >>> grid = {"datasets": ["digits"], "seeds": [0, 1]}
    >>> grid |= {"architectures": ["mlp"], "algorithms": ["snip"], "sparsities": ["0.9"]}
    >>> of_grid(pd.DataFrame({"dataset": "digits", "seed": [0, 1, 2]}), grid)["seed"].tolist()
    [0, 1]
    """
    chosen = pd.Series(True, table.index)
    for column, axis in zip(NETWORK_COLUMNS, GRID_AXES, strict=True):
        if column in table:
            chosen &= table[column].isin(list(grid[axis])) | table[column].isna()
    if not chosen.any():
        raise DataError("no network of the table is in the grid of the configuration.")
    return table[chosen].reset_index(drop=True)
