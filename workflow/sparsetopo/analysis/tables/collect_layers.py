"""Collect the files of measured layers into two tidy tables."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from sparsetopo.analysis.tables.result_rows import NETWORK_COLUMNS, Path, layer_rows
from sparsetopo.errors import DataError


def collect_layers(paths: Iterable[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collect the files that `topometrics` wrote for the layers of every network.

    Returns
    -------
    tuple of DataFrame
        Topometrics: the cell's columns, encoding, layer, name, nodes, edges and the metrics, one
        row a network, encoding and layer. Ramanujan metrics: the cell's columns, layer, name,
        weights, parameters, density and the metrics, one row a network and layer. Both are sorted by
        cell; a missing value is NaN.

    Raises
    ------
    DataError
        If there is no file. A file that cannot be used is refused as in `layer_rows`.
    """
    topometrics: list[dict[str, Any]] = []
    ramanujan: list[dict[str, Any]] = []
    for path in paths:
        of_encodings, of_layers = layer_rows(path)
        topometrics += of_encodings
        ramanujan += of_layers
    if not ramanujan:
        raise DataError("there is no file of measured layers to collect.")
    return (
        _table(topometrics, ["encoding", "layer", "name", "nodes", "edges"], ["encoding", "layer"]),
        _table(ramanujan, ["layer", "name", "weights", "parameters", "density"], ["layer"]),
    )


def _table(rows: list[dict[str, Any]], leading: list[str], within: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    first = [*NETWORK_COLUMNS, *leading]
    table = table[[*first, *(name for name in table if name not in first)]]
    # None in a column of numbers would make it a column of objects.
    for name in table.columns.difference([*NETWORK_COLUMNS, "encoding", "name"]):
        table[name] = pd.to_numeric(table[name])
    return table.sort_values([*NETWORK_COLUMNS, *within], kind="stable", ignore_index=True)
