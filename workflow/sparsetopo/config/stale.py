"""Recognise results that another configuration or an older version of a stage made.

Snakemake compares what it noted down itself when it made a file. Where its notes are missing (`.snakemake` was
deleted, or results were copied from another machine) it takes any file for good; the record in the file tells.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsetopo.architectures.packages import UNKNOWN
from sparsetopo.config.expected_results import ExpectedResult
from sparsetopo.errors import DataError
from sparsetopo.files import canonical_json, read_json, read_metadata, write_text

LIST = "logs/stale.txt"
# What a job found out, rather than read of the configuration.
_FOUND_OUT = ("weights_are_finite", "trained_weights_are_finite")
MISSING = object()


@dataclass(frozen=True)
class Stale:
    """A result file of other origin than the configuration asks for, and the first difference."""

    path: Path
    stage: str
    key: str
    found: Any
    wanted: Any


def stale_results(folder: Path, expected: Iterable[ExpectedResult]) -> Iterator[Stale]:
    """Files below results/<study> that were made from something else than they would be made from now.

    A file that does not exist is passed over: the stage that reads it says so.
    """
    for result in expected:
        path = folder / result.path
        if not path.exists():
            continue
        found = _specification(path)
        wanted = json.loads(canonical_json(result.specification))
        if (
            wanted.get("architecture_version") == UNKNOWN
        ):  # where tables are made, torch need not be
            wanted["architecture_version"] = found.get("architecture_version", UNKNOWN)
        if found != wanted:
            key, was, now = next(differences(found, wanted))
            yield Stale(path, result.stage, key, was, now)


def differences(found: Any, wanted: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two records differ: (dotted path of the key, found, wanted), keys in alphabetical order.

    A key that only one of the records has is given with the other's value `MISSING`.
    """
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        if found != wanted:
            yield key, found, wanted
        return
    for name in sorted({*found, *wanted}):
        yield from differences(
            found.get(name, MISSING), wanted.get(name, MISSING), f"{key}.{name}".strip(".")
        )


def require_current(folder: Path, expected: Iterable[ExpectedResult]) -> None:
    """Refuse a study that holds results of another configuration, or of an older version of a stage.

    Their paths are then listed in `LIST` below the folder, one a line; the error says what to do.
    """
    stale = list(stale_results(folder, expected))
    listed = folder / LIST
    if not stale:
        listed.unlink(missing_ok=True)
        return
    write_text(listed, "".join(f"{result.path}\n" for result in stale))
    logging.getLogger(__name__).info("%d files are listed in %s", len(stale), listed)
    first = stale[0]
    others = len(stale) - 1
    differ = "file differs" if others == 1 else "files differ"
    also = f", and {others} other {differ} too" if others else ""
    stages = " ".join(dict.fromkeys(result.stage for result in stale))
    raise DataError(
        f"{first.path}: was made {_made(first.key, first.found)}, but now it would be made "
        f"{_made(first.key, first.wanted)}{also}; delete what {listed} lists (xargs rm < {listed}) and run again, "
        f"or run once with --forcerun {stages}."
    )


def _specification(path: Path) -> Any:
    """The specification that a result file carries; an empty one if it carries none."""
    record = read_json(path) if path.suffix == ".json" else read_metadata(path)
    specification = record.get("specification") if isinstance(record, dict) else None
    if not isinstance(specification, dict):
        return {}
    return {key: value for key, value in specification.items() if key not in _FOUND_OUT}


def _made(key: str, value: Any) -> str:
    if value is MISSING:
        return f"without {key}"
    text = canonical_json(value)
    return f"with {key} {text if len(text) <= 60 else text[:57] + '...'}"
