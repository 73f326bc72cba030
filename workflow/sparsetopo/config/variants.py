"""Names of a configuration that stand for a registry entry with options: data sets and algorithms.

A section of the configuration may give an entry options under its own name, as ``snip: {batch_size: 256}``, or define
another name for it, so that both stand in one grid: ``snip-shuffled: {from: snip, shuffle: layer}``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sparsetopo.datasets import DATASETS
from sparsetopo.errors import UnknownNameError, unknown_name
from sparsetopo.pruning import ALGORITHMS, COMMON_OPTIONS
from sparsetopo.registry import Entry, literals

FROM = "from"

# What `from` may name in a section, and the word for it in messages. Every algorithm has the common options too.
SECTIONS: dict[str, tuple[str, dict[str, Entry]]] = {
    "datasets": ("data set", DATASETS),
    "pruning": (
        "algorithm",
        {
            name: replace(entry, options={**entry.options, **COMMON_OPTIONS})
            for name, entry in ALGORITHMS.items()
        },
    ),
}


@dataclass(frozen=True)
class Variant:
    """What a name stands for: a registry entry, and every option of it."""

    name: str
    entry: Entry
    options: dict[str, Any]


def known_names(section: str, given: Mapping[str, Any]) -> list[str]:
    """Return the registry's names and those that the configuration defines with `from`, sorted."""
    defined = [name for name, options in given.items() if FROM in as_mapping(options)]
    return sorted({*SECTIONS[section][1], *defined})


def variant(section: str, name: str, given: Mapping[str, Any]) -> Variant:
    """Look up a name of the grid in the registry and in a section ("datasets", "pruning"), whose content is `given`."""
    entry, options = _entry_and_options(section, name, given)
    return Variant(name, entry, entry.default_options() | options)


def _entry_and_options(
    section: str, name: str, given: Mapping[str, Any]
) -> tuple[Entry, dict[str, Any]]:
    kind, entries = SECTIONS[section]
    options = dict(as_mapping(given.get(name)))
    source = str(options.pop(FROM, name))
    if source not in entries:
        known = known_names(section, given) if source == name else sorted(entries)
        raise UnknownNameError(unknown_name(kind, source, known))
    return entries[source], entries[source].read_options(options)


def option_problems(section: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Faults in a section: (path below the section, what is wrong), for every name in it."""
    for name in given:
        try:
            entry, options = _entry_and_options(section, name, given)
        except UnknownNameError as error:
            source = str(as_mapping(given[name]).get(FROM, name))
            yield name if source == name else f"{name}.{FROM}", str(error)
            continue
        for option, problem in entry.option_problems(options):
            yield f"{name}.{option}", problem


def dataset_facts(name: str, given: Mapping[str, Any]) -> tuple[tuple[int, ...], int] | None:
    """Shape of an image and number of classes, where they are known before the data set is prepared.

    `given` is the content of the section `datasets`.
    """
    source = as_mapping(given.get(name)).get(FROM, name)
    entry = DATASETS.get(str(source))
    facts = literals(entry.path, {"INPUT_SHAPE", "CLASSES"}) if entry else {}
    if len(facts) < 2:
        return None
    return tuple(facts["INPUT_SHAPE"]), facts["CLASSES"]


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return the value if it is a mapping, else an empty one: what it is instead is reported elsewhere."""
    return value if isinstance(value, Mapping) else {}
