"""Architectures of the grid: what a name stands for, and what is wrong with how it is given.

A name is that of a registered architecture, a reference to a network elsewhere (`torchvision:resnet18`), or one that
the section `architectures` defines, as ``ViT: {from: timm:vit_tiny_patch16_224, patch_size: 4}``. In folders, tables
and records its name is a safe part of paths: of a reference, its Python path (`torchvision.resnet18`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sparsetopo.architectures import ARCHITECTURES
from sparsetopo.architectures.references import (
    HINT,
    form_problem,
    is_reference,
    path_part,
    reference_of,
    reference_problems,
    reference_version,
)
from sparsetopo.config.variants import FROM, as_mapping
from sparsetopo.errors import unknown_name


@dataclass(frozen=True)
class Architecture:
    """What a name of the grid stands for."""

    name: str  # a part of paths
    source: str  # a registered name or a reference
    options: dict[str, Any]
    version: int | str

    @property
    def is_foreign(self) -> bool:
        """Whether the network is not registered: its initial weights are then its own."""
        return is_reference(self.source)

    def record(self) -> dict[str, Any]:
        """What a job reads of it."""
        record: dict[str, Any] = {
            "architecture": self.name,
            "architecture_version": self.version,
        }
        # Only what is not the rule: records of registered architectures are older than these keys.
        if self.source != self.name:
            record["architecture_source"] = self.source
        if self.options:
            record["architecture_options"] = self.options
        return record


def architecture(name: str, given: Mapping[str, Any]) -> Architecture:
    """Look up a `path_part` in the registry and in the section `architectures`, whose content is `given`."""
    source, options = _source_and_options(name, given)
    if is_reference(source):
        return Architecture(name, source, options, reference_version(source))
    entry = ARCHITECTURES[source]
    return Architecture(name, source, entry.default_options() | options, entry.version)


def architecture_problems(values: Mapping[str, Any], listed: list[str]) -> Iterator[str]:
    """Faults of the section `architectures`, and of the names that the grid lists as they are written there.

    Ill-formed names are reported by the model of the configuration.
    """
    given = _section(values)
    defined = [name for name, options in given.items() if FROM in options]
    known = sorted({*ARCHITECTURES, *defined})
    for index, name in enumerate(listed):
        place = f"grid.architectures.{index}"
        if not is_reference(name):
            if name not in known:
                yield f"{place}: {unknown_name('architecture', name, known)}; {HINT}"
        elif name not in given and path_part(name) in given:
            yield f"{place}: '{name}' has the same folder as '{path_part(name)}'; give that another name"
        elif name not in given and form_problem(name) is None:
            yield from (f"{place}: {problem}" for _, problem in reference_problems(name, {}))
    for name in given:
        yield from (f"architectures.{name}{problem}" for problem in _section_problems(name, given))


def architecture_sources(values: Mapping[str, Any], listed: list[str]) -> dict[str, str]:
    """Registered names and references that stand behind names of the grid, of those that can be looked up."""
    given = _section(values)
    found = {}
    for name in listed:
        source, _ = _source_and_options(path_part(name), given)
        is_known = source in ARCHITECTURES or not form_problem(source)
        if is_known and (is_reference(name) or name in ARCHITECTURES or name in given):
            found[name] = source
    return found


def recipe_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Names of architectures under `training` that nothing defines."""
    known = sorted({*ARCHITECTURES, *_section(values)})
    for dataset, recipe in as_mapping(values.get("training")).items():
        for name in as_mapping(as_mapping(recipe).get("architectures")):
            if not is_reference(str(name)) and name not in known:
                wrong = unknown_name("architecture", str(name), known)
                yield f"training.{dataset}.architectures.{name}: {wrong}"


def _section(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The section `architectures`, as it is written."""
    given = as_mapping(values.get("architectures"))
    return {str(name): as_mapping(options) for name, options in given.items()}


def _section_problems(name: str, given: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Faults under one name of the section, each beginning with what follows the name in its path."""
    place = f".{FROM}" if FROM in given[name] else ""
    others = [other for other in given if other != name and path_part(other) == path_part(name)]
    if others:
        yield f": has the same folder as '{others[0]}'; give it another name"
    source, options = _source_and_options(path_part(name), {path_part(name): given[name]})
    if place == "" and not is_reference(name):
        source = name
    if place and is_reference(name):
        yield f": is a reference itself, so it cannot have {FROM}; give it a name of its own"
    elif is_reference(source):
        if source == name and form_problem(name):
            return  # reported already
        for option, problem in reference_problems(source, options):
            yield f".{option}: {problem}" if option else f"{place}: {problem}"
    elif source not in ARCHITECTURES:
        yield f"{place}: {unknown_name('architecture', source, sorted(ARCHITECTURES))}; {HINT}"
    else:
        for option, problem in ARCHITECTURES[source].option_problems(options):
            yield f".{option}: {problem}"


def architecture_name(name: Any) -> Any:
    """The name of an architecture as it stands in paths; a `ValueError` if a reference is ill-formed.

    Anything but text is left to whoever checks types.
    """
    if not isinstance(name, str) or not is_reference(name):
        return name
    wrong = form_problem(name)
    if wrong:
        raise ValueError(wrong)
    return path_part(name)


def _source_and_options(name: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    options = next((as_mapping(own) for key, own in given.items() if path_part(key) == name), {})
    own = dict(options)
    default = name if name in ARCHITECTURES else reference_of(name)
    source = str(own.pop(FROM, default))
    if source in ARCHITECTURES:
        return source, ARCHITECTURES[source].read_options(own)
    return source, {key: _read(value) for key, value in own.items()}


def _read(value: Any) -> Any:
    """An option of a network elsewhere: a text that is a number, true, false or null is read as such.

    Snakemake's command line gives the values inside a section as text.
    """
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _read(item) for key, item in value.items()}
    try:
        read = json.loads(value.lower()) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return value
    return value if isinstance(read, list | dict) else read
