"""Results on standard output: a table for eyes, JSON or CSV for programs."""

import csv
import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

Records = Sequence[Mapping[str, Any]]


def print_records(records: Records, format: str, *, upright: bool = False) -> None:  # noqa: A002
    """Print records of the same keys as a table, as a JSON list of objects, or as CSV with a header.

    `upright` puts the keys of a table below each other, and a record in each column. Programs get every digit, and
    null or nothing for a missing value; a table has six digits.
    """
    if format == "json":
        rows = [{key: _finite(value) for key, value in record.items()} for record in records]
        print(json.dumps(rows, indent=1, allow_nan=False))
    elif format == "csv":
        writer = csv.DictWriter(
            sys.stdout, list(records[0]) if records else [], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(
            {key: _finite(value) for key, value in record.items()} for record in records
        )
    else:
        _print_table(records, upright)


def print_tables(tables: Mapping[str, Records]) -> None:
    """Print several tables for eyes, each under its name."""
    for title, records in tables.items():
        print(title)
        _print_table(records, upright=False)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print_table(records: Records, upright: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Keys without a value in any record say nothing to eyes.
    keys = (
        [key for key in records[0] if any(record[key] is not None for record in records)]
        if records
        else []
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    if upright:
        first, *keys = keys
        table.add_column(first)
        for record in records:
            table.add_column(Text(_cell(record[first])), justify="right", overflow="fold")
        for key in keys:
            table.add_row(key, *(Text(_cell(record[key])) for record in records))
    else:
        for key in keys:
            is_text = any(isinstance(record[key], str) for record in records)
            table.add_column(key, justify="left" if is_text else "right", overflow="fold")
        for record in records:
            table.add_row(*(Text(_cell(record[key])) for key in keys))
    # In a pipe nothing limits the width of a line, and nothing may be cut.
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)


def _cell(value: Any) -> str:
    """A value as a table shows it.

    Examples
    --------
    >>> [_cell(value) for value in (12345, 0.5, 0.123456789, None, float("nan"), "fc")]
    ['12,345', '0.5', '0.123457', '–', '–', 'fc']
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
