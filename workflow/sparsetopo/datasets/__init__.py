"""Data sets, prepared once as uint8 arrays.

A new data set is a new file in ``entries``; CONTRIBUTING.md lists what it holds. Importing this package
reads only the literals of these files; `prepare` imports the entry.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsetopo import registry
from sparsetopo.datasets.files import DataFiles
from sparsetopo.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from sparsetopo.datasets.prepared import PreparedDataset

DATASETS: dict[str, registry.Entry] = registry.scan(
    f"{__name__}.entries", Path(__file__).parent / "entries"
)

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
        What the data set is called.
    options
        Values of the entry's OPTIONS; the others take their defaults.
    source
        Name of the registry entry that makes it, e.g. "image-folder"; default: `name`.
    files
        Where downloaded files lie; default: the folder ``data``, into which more may be downloaded.

    Raises
    ------
    UnknownNameError
        If there is no such entry.
    ConfigurationError
        If an option is unknown or missing, or its value is not allowed.
    DataError
        If the data are missing or unusable.

    Examples
    --------
    >>> digits = prepare("digits", {"test_fraction": 0.5})
    >>> digits.train_images.shape, digits.classes
    ((899, 1, 8, 8), 10)
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
    if entry.name != name and name in DATASETS:
        _check_stand_in(prepared, name)
    return replace(prepared, name=name)


def _check_stand_in(prepared: "PreparedDataset", name: str) -> None:
    """Refuse data that have the name of a registered data set but another shape or number of classes.

    A slice of CIFAR-100 must have 100 classes; else its networks could not be compared.
    """
    facts = registry.literals(DATASETS[name].path, {"INPUT_SHAPE", "CLASSES"})
    found = {"INPUT_SHAPE": list(prepared.input_shape), "CLASSES": prepared.classes}
    words = {"INPUT_SHAPE": "images of shape (channels, height, width)", "CLASSES": "classes:"}
    for key, value in facts.items():
        if found[key] != value:
            raise DataError(
                f"data set '{name}' (from the configuration): has {words[key]} {found[key]}, but what is called "
                f"'{name}' has {value}; give it another name, or data that match."
            )
