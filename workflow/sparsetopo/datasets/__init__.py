"""Data sets, prepared once into uint8 arrays; one file an entry (see `sparsetopo.registry`).

Importing this package reads the entries' names and options only; `prepare` imports the entry it is
asked for. A new data set is a new file here with NAME, VERSION, OPTIONS and
``prepare(**options) -> PreparedDataset``; with the literal ``NEEDS = "files"`` it is called as
``prepare(files, **options)``, `files` saying where downloaded files lie.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsetopo import registry
from sparsetopo.datasets._files import DataFiles
from sparsetopo.errors import ConfigurationError

if TYPE_CHECKING:
    from sparsetopo.datasets._prepared import PreparedDataset

DATASETS: dict[str, registry.Entry] = registry.scan(__name__, Path(__file__).parent)

__all__ = ["DATASETS", "DataFiles", "prepare"]


def prepare(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    source: str | None = None,
    files: DataFiles | None = None,
) -> "PreparedDataset":
    """Prepare a data set.

    Parameters
    ----------
    name
        What the data set is called, e.g. ``"digits"``.
    options
        Values of the entry's OPTIONS; those not given take their defaults.
    source
        Name of the registry entry that makes it, e.g. ``"image-folder"``; default: `name`.
    files
        Where downloaded files lie and whether more may be downloaded; default: the folder ``data``,
        yes.

    Raises
    ------
    UnknownNameError
        If there is no such entry.
    ConfigurationError
        If an option is unknown or missing, or its value is not allowed.
    DataError
        If the data are missing or unusable.
    """
    entry = registry.look_up(DATASETS, name if source is None else source, "data set")
    given = dict(options or {})
    problems = entry.option_problems(given)
    if problems:
        raise ConfigurationError(
            [f"data set '{name}', option '{option}': {problem}" for option, problem in problems]
        )
    needs_files = registry.literals(entry.path, {"NEEDS"}).get("NEEDS") == "files"
    first = (files or DataFiles(),) if needs_files else ()
    prepared: PreparedDataset = entry.load().prepare(*first, **(entry.default_options() | given))
    return replace(prepared, name=name)
