"""Data sets, prepared once into uint8 arrays; one file an entry (see `sparsetopo.registry`).

Importing this package reads the entries' names and options only; `prepare` imports the entry it is
asked for. A new data set is a new file here with NAME, VERSION, OPTIONS and
``prepare(**options) -> PreparedDataset``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsetopo import registry
from sparsetopo.errors import ConfigurationError

if TYPE_CHECKING:
    from sparsetopo.datasets._prepared import PreparedDataset

DATASETS: dict[str, registry.Entry] = registry.scan(__name__, Path(__file__).parent)


def prepare(name: str, options: Mapping[str, Any] | None = None) -> "PreparedDataset":
    """Prepare a data set.

    Parameters
    ----------
    name
        Name of a registry entry, e.g. ``"digits"``.
    options
        Values of the entry's OPTIONS; those not given take their defaults.

    Raises
    ------
    UnknownNameError
        If there is no entry of that name.
    ConfigurationError
        If an option is unknown or its value is not allowed.
    DataError
        If the data are missing or unusable.
    """
    entry = registry.look_up(DATASETS, name, "data set")
    given = dict(options or {})
    problems = entry.option_problems(given)
    if problems:
        raise ConfigurationError(
            [f"data set '{name}', option '{option}': {problem}" for option, problem in problems]
        )
    prepared: PreparedDataset = entry.load().prepare(**(entry.default_options() | given))
    return prepared
