"""One row of a study's tables, from the files that its stages wrote.

The cell of a row comes from the specifications in the files, not from their paths, so that a misplaced file is noticed.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sparsetopo.analysis.tables.metrics import TRAINED
from sparsetopo.analysis.tables.provenance import (
    NOT_PUBLISHED,
    PUBLISHED,
    PUBLISHED_MEAN,
    SOURCE_COLUMN,
    TRAINED_HERE,
)
from sparsetopo.analysis.tables.published_accuracies import PublishedAccuracies, PublishedAccuracy
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import read_json, read_metadata

Path = str | os.PathLike[str]
NETWORK_COLUMNS = ["dataset", "architecture", "algorithm", "sparsity", "seed"]
BASELINE_COLUMNS = ["dataset", "architecture", "seed"]
_OUTCOME = ("status", "accuracy", "best_accuracy")


def network_row(mask: Path, result: Path, topometrics: Path) -> dict[str, Any]:
    """One row of the collected table, from the files that `prune`, `train` and `measure` wrote for one cell.

    Returns
    -------
    dict
        The cell, achieved sparsity, collapsed layers (a number), status and accuracies (0..1), nodes, edges and
        the raw topometrics (None where one is missing); those of the trained weights, if these were measured too, by
        names that end in `TRAINED`.

    Raises
    ------
    DataError
        If the files belong to different networks.
    FileFormatError
        If a file is missing, damaged, or not of this kind.
    """
    masked, trained = _mask(mask), _record(result, _OUTCOME)
    _require_same_cell(mask, masked, result, trained)
    return _row(mask, masked, topometrics, _outcome(trained))


def published_network_row(
    mask: Path, topometrics: Path, accuracies: PublishedAccuracies
) -> dict[str, Any]:
    """One row of the collected table of a study without training: that of `network_row`, and accuracy_std.

    Raises
    ------
    DataError
        If the files belong to different networks, or the published accuracies do not cover theirs.
    """
    masked = _mask(mask)
    cell = masked["specification"]["cell"]
    place = [cell[name] for name in NETWORK_COLUMNS[:4]]
    entry = accuracies.of_network(*place)
    if entry is None:
        raise DataError(
            f"{accuracies.path}: has no accuracy for {'/'.join(place)}, the network of {mask}."
        )
    return _row(mask, masked, topometrics, published_outcome(entry))


def baseline_row(result: Path) -> dict[str, Any]:
    """One row of the table of dense baselines: data set, architecture, seed, status, accuracies (0..1)."""
    trained = _record(result, _OUTCOME, BASELINE_COLUMNS)
    return {**_columns(trained["specification"]["cell"], BASELINE_COLUMNS), **_outcome(trained)}


def layer_rows(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the two tables of layers, topometrics and Ramanujan metrics, from a file that `measure` wrote.

    Raises a FileFormatError as `network_row` does.
    """
    record = _record(path, ("topometrics", "ramanujan"))
    cell = _columns(record["specification"]["cell"], NETWORK_COLUMNS)
    return (
        [{**cell, **row} for row in record["topometrics"]],
        [{**cell, **row} for row in record["ramanujan"]],
    )


def _mask(path: Path) -> dict[str, Any]:
    record = read_metadata(path)
    return _checked(path, record, ("achieved_sparsity", "collapsed_layers"), NETWORK_COLUMNS)


def _record(
    path: Path, fields: Sequence[str], cell: Sequence[str] = NETWORK_COLUMNS
) -> dict[str, Any]:
    return _checked(path, read_json(path), fields, cell)


def _checked(path: Path, record: Any, fields: Sequence[str], cell: Sequence[str]) -> dict[str, Any]:
    """The record of a result file; refuse it if it lacks a field or a name of its cell."""
    known = record if isinstance(record, dict) else {}
    specification = known.get("specification")
    stated = specification.get("cell") if isinstance(specification, dict) else None
    missing = [field for field in fields if field not in known]
    missing += [name for name in cell if name not in (stated or {})]
    if missing:
        raise FileFormatError(
            f"{path}: has no {missing[0]}; no stage of this workflow wrote it so: delete it and run again."
        )
    return known


def _columns(cell: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    return {name: int(cell[name]) if name == "seed" else cell[name] for name in names}


def _row(
    mask: Path, masked: Mapping[str, Any], topometrics: Path, outcome: Mapping[str, Any]
) -> dict[str, Any]:
    measured = _record(topometrics, ("nodes", "edges", "topometrics"))
    _require_same_cell(mask, masked, topometrics, measured)
    after_training = measured.get("topometrics_trained", {})
    return {
        **_columns(masked["specification"]["cell"], NETWORK_COLUMNS),
        "achieved_sparsity": masked["achieved_sparsity"],
        "collapsed_layers": len(masked["collapsed_layers"]),
        **outcome,
        "nodes": measured["nodes"],
        "edges": measured["edges"],
        **measured["topometrics"],
        **{f"{name}{TRAINED}": value for name, value in after_training.items()},
    }


def _require_same_cell(
    mask: Path, masked: Mapping[str, Any], path: Path, record: Mapping[str, Any]
) -> None:
    cell, other = masked["specification"]["cell"], record["specification"]["cell"]
    for key in NETWORK_COLUMNS:
        if other[key] != cell[key]:
            raise DataError(
                f"{path}: is of {key} '{other[key]}', but the mask {mask} of '{cell[key]}'; delete the file that "
                "is in the wrong place and run again."
            )


def _outcome(trained: Mapping[str, Any]) -> dict[str, Any]:
    return {**{key: trained[key] for key in _OUTCOME}, SOURCE_COLUMN: TRAINED_HERE}


def published_outcome(entry: PublishedAccuracy) -> dict[str, Any]:
    """Status and accuracies of a network or baseline that was not trained here."""
    return {
        "status": NOT_PUBLISHED if entry.accuracy is None else PUBLISHED,
        "accuracy": entry.accuracy,
        "best_accuracy": None,
        "accuracy_std": entry.accuracy_std,
        SOURCE_COLUMN: PUBLISHED_MEAN,
    }
