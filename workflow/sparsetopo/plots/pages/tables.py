"""Tables that the page shows, as rows that its script sorts."""

from typing import Any

import pandas as pd

from sparsetopo.analysis.tables.provenance import SOURCE_COLUMN
from sparsetopo.plots.pages.network_rows import NetworkRows, rounded

_NAMES = {
    "dataset": "data set",
    "lost": "accuracy lost",
    "dense": "dense accuracy",
    "pearson_r": "correlation",
    "subset_kind": "networks of one",
}


def networks_table(networks: NetworkRows) -> dict[str, Any]:
    """Columns of the table of networks; the page has its rows already, for the charts."""
    keys = list(networks.rows[0])
    return {"columns": [[key, networks.metrics.get(key, _heading(key))] for key in keys]}


def score_table(table: pd.DataFrame) -> dict[str, Any]:
    """Columns and rows of a table of an analysis, numbers of four digits; the file has all of them.

    Examples
    --------
    >>> score_table(pd.DataFrame({"subset": ["0.9"], "pearson_r": [0.123456]}))
    {'columns': [['subset', 'subset'], ['pearson_r', 'correlation']], 'rows': [{'subset': '0.9', 'pearson_r': 0.1235}]}
    """
    shown = table.drop(columns=[SOURCE_COLUMN], errors="ignore")
    columns = {
        name: rounded(values, 4)
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        else values.astype(object).where(values.notna(), None).tolist()
        for name, values in shown.items()
    }
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    return {"columns": [[name, _heading(str(name))] for name in columns], "rows": rows}


def _heading(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))
