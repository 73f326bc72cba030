"""The record beside the tables of a stage: what made them, and their digests.

A CSV file has no place for that, and one that was cut off still reads without an error.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sparsetopo.errors import FileFormatError
from sparsetopo.files import write_json
from sparsetopo.version import package_version


def write_table_record(
    path: str | os.PathLike[str],
    tables: Sequence[str | os.PathLike[str]],
    specification: Mapping[str, Any],
    **more: Any,
) -> None:
    """Write the record of CSV tables that were just written, as JSON beside them.

    The specification is what the stage read of the configuration; `more` holds other entries.
    """
    record = {
        **more,
        "tables": [Path(table).name for table in tables],
        "sha256": {Path(table).name: _digest(table) for table in tables},
        "specification": specification,
        "package_version": package_version(),
    }
    write_json(path, record)


def require_whole(path: str | os.PathLike[str]) -> None:
    """Raise a FileFormatError if a table differs from the digest in a record beside it (if there is one)."""
    # Hidden files are left by killed jobs. Several records may name the table: another stage may have written it in an
    # earlier kind of study.
    written = {
        record: _digests(record).get(Path(path).name)
        for record in Path(path).parent.glob("[!.]*.json")
    }
    told = {record: digest for record, digest in written.items() if digest is not None}
    if told and _digest(path) not in told.values():
        newest = max(told, key=lambda record: record.stat().st_mtime)
        raise FileFormatError(
            f"{path}: is not as it was written ({newest.name} has its SHA-256); it is truncated or was edited: delete "
            "it and run again."
        )


def _digests(record: Path) -> dict[str, str]:
    """{table: digest}; empty if the file is not such a record."""
    try:
        digests = json.loads(record.read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return digests if isinstance(digests, dict) else {}


def _digest(path: str | os.PathLike[str]) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
