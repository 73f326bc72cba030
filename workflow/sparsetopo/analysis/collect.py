"""Gather result files into tidy tables: one row a sparse network, one row a dense baseline.

A row's cell comes from the specifications that the files carry, not from their paths, so that a misplaced file is
noticed.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from sparsetopo.analysis.accuracy_drop import DenseReference, add_accuracy_drop
from sparsetopo.errors import DataError
from sparsetopo.files import read_json, read_metadata

Path = str | os.PathLike[str]
NETWORK_COLUMNS = ["dataset", "architecture", "algorithm", "sparsity", "seed"]
BASELINE_COLUMNS = ["dataset", "architecture", "seed"]


def network_row(mask: Path, result: Path, topometrics: Path) -> dict[str, Any]:
    """One row of the collected table.

    Parameters
    ----------
    mask, result, topometrics
        Files that the prune, train and topometrics stages wrote for one cell.

    Returns
    -------
    dict
        The cell, achieved sparsity, collapsed layers (a number), status and accuracies (0..1), nodes, edges and
        the raw topometrics (None where one is missing).

    Raises
    ------
    DataError
        If the files belong to different networks.
    """
    masked = read_metadata(mask)
    trained = read_json(result)
    measured = read_json(topometrics)
    cell = masked["specification"]["cell"]
    for path, record in ((result, trained), (topometrics, measured)):
        other = record["specification"]["cell"]
        for key in NETWORK_COLUMNS:
            if other[key] != cell[key]:
                raise DataError(
                    f"{path}: is of {key} '{other[key]}', but the mask {mask} of '{cell[key]}'; delete the file that "
                    "is in the wrong place and run again."
                )
    return {
        **_columns(cell, NETWORK_COLUMNS),
        "achieved_sparsity": masked["achieved_sparsity"],
        "collapsed_layers": len(masked["collapsed_layers"]),
        **_outcome(trained),
        "nodes": measured["nodes"],
        "edges": measured["edges"],
        **measured["topometrics"],
    }


def baseline_row(result: Path) -> dict[str, Any]:
    """One row of the table of dense baselines: data set, architecture, seed, status, accuracies (0..1)."""
    trained = read_json(result)
    return {**_columns(trained["specification"]["cell"], BASELINE_COLUMNS), **_outcome(trained)}


def collect(
    networks: Iterable[tuple[Path, Path, Path]],
    baselines: Iterable[Path],
    reference: DenseReference,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collect result files into the table of networks, with accuracy drops, and that of baselines.

    Parameters
    ----------
    networks
        (mask, result, topometrics) files of every cell.
    baselines
        Result files of the dense baselines.
    reference
        Which dense accuracy a drop refers to; see `add_accuracy_drop`.
    """
    dense = pd.DataFrame([baseline_row(path) for path in baselines])
    sparse = pd.DataFrame([network_row(*paths) for paths in networks])
    sparse = sparse.sort_values(NETWORK_COLUMNS, ignore_index=True)
    dense = dense.sort_values(BASELINE_COLUMNS, ignore_index=True)
    return add_accuracy_drop(sparse, dense, reference), dense


def require_grid(table: pd.DataFrame, grid: Mapping[str, Sequence[Any]]) -> None:
    """Refuse a table of networks that is not exactly the grid, each cell once.

    Parameters
    ----------
    grid
        Lists by their names in a configuration: datasets, architectures, algorithms, sparsities, seeds.

    Raises
    ------
    DataError
        Names the first cell that is missing, repeated or foreign.
    """
    names = ("datasets", "architectures", "algorithms", "sparsities", "seeds")
    wanted = set(product(*(grid[name] for name in names)))
    rows = list(table[NETWORK_COLUMNS].itertuples(index=False, name=None))
    for what, cells in (
        ("has no row for", wanted.difference(rows)),
        ("has a row that is not in the grid for", set(rows) - wanted),
        ("has more than one row for", {row for row in rows if rows.count(row) > 1}),
    ):
        if cells:
            cell = " / ".join(map(str, min(cells)))
            raise DataError(
                f"the collected table {what} {cell}; a result file lies in the wrong place."
            )


def _columns(cell: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    return {name: int(cell[name]) if name == "seed" else cell[name] for name in names}


def _outcome(trained: Mapping[str, Any]) -> dict[str, Any]:
    return {key: trained[key] for key in ("status", "accuracy", "best_accuracy")}
