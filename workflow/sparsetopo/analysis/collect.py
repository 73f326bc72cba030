"""Gather result files into tidy tables: one row a sparse network, one row a dense baseline.

A row's cell comes from the specifications that the files carry, not from their paths, so that a
misplaced file is noticed.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from sparsetopo.analysis.accuracy_drop import DenseReference, add_accuracy_drop
from sparsetopo.errors import DataError
from sparsetopo.files import read_json, read_metadata

Path = str | os.PathLike[str]
NETWORK_COLUMNS = ["dataset", "architecture", "algorithm", "sparsity", "seed"]
_BASELINE = ("dataset", "architecture", "seed")


def network_row(mask: Path, result: Path, topometrics: Path) -> dict[str, Any]:
    """One row of the collected table.

    Parameters
    ----------
    mask, result, topometrics
        Files that the prune, train and topometrics stages wrote for one cell.

    Returns
    -------
    dict
        The cell, achieved sparsity, collapsed layers (a number), status and accuracies (0..1),
        nodes, edges and the raw topometrics (None where one is missing).

    Raises
    ------
    DataError
        If mask and result belong to different networks.
    """
    masked = read_metadata(mask)
    trained = read_json(result)
    measured = read_json(topometrics)
    cell = {key: masked["specification"][key] for key in NETWORK_COLUMNS}
    for key in _BASELINE:
        if trained["specification"][key] != cell[key]:
            raise DataError(
                f"{result}: was trained with {key} {trained['specification'][key]!r}, but the mask {mask} belongs to "
                f"{cell[key]!r}; delete the file that is in the wrong place and run again."
            )
    return {
        **cell,
        "achieved_sparsity": masked["achieved_sparsity"],
        "collapsed_layers": len(masked["collapsed_layers"]),
        **_outcome(trained),
        "nodes": measured["nodes"],
        "edges": measured["edges"],
        **measured["topometrics"],
    }


def baseline_row(result: Path) -> dict[str, Any]:
    """One row of the table of dense baselines: data set, architecture, seed, status and accuracies (0..1)."""
    trained = read_json(result)
    return {**{key: trained["specification"][key] for key in _BASELINE}, **_outcome(trained)}


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
    order = ["dataset", "architecture", "algorithm", "sparsity", "seed"]
    sparse = sparse.sort_values(order, ignore_index=True)
    return add_accuracy_drop(sparse, dense, reference), dense.sort_values(
        list(_BASELINE), ignore_index=True
    )


def _outcome(trained: Mapping[str, Any]) -> dict[str, Any]:
    return {key: trained[key] for key in ("status", "accuracy", "best_accuracy")}
