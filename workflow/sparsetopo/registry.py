"""Registries: one folder each, with one file per entry, read without importing it.

Entries of `datasets`, `architectures` and `pruning` import torch, which takes seconds, but the workflow must know their
names and options before it plans its jobs. So an entry states them as literals at the top of its file, and `scan` reads
those with `ast`; `Entry.load` imports the file when it is needed. CONTRIBUTING.md shows such a file: NAME, VERSION and
OPTIONS, the JSON schema of each option. An option without "default" is required.
"""

import ast
import copy
import importlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from sparsetopo.errors import UnknownNameError, unknown_name
from sparsetopo.extras import needed_for


@dataclass(frozen=True)
class Entry:
    """What is known of a registry entry without importing it."""

    name: str
    module: str
    path: Path
    version: int
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def load(self) -> ModuleType:
        """Import the entry's file."""
        return importlib.import_module(self.module)

    def default_options(self) -> dict[str, Any]:
        """Default value of every option that has one."""
        return {
            key: schema["default"] for key, schema in self.options.items() if "default" in schema
        }

    @property
    def required_options(self) -> list[str]:
        """Options without a default, which must be given."""
        return [key for key, schema in self.options.items() if "default" not in schema]

    def read_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Convert values given as text to the type of their option, where possible.

        Snakemake's command line gives the values inside a section as text.
        """
        return {key: _read(value, self.options.get(key, {})) for key, value in given.items()}

    def option_problems(self, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Check option values; return (option, what is wrong with it) for every fault."""
        problems: list[tuple[str, str]] = []
        for key, value in given.items():
            if key not in self.options:
                known = ", ".join(self.options) or "none"
                problems.append((key, f"'{self.name}' has no such option; known options: {known}"))
                continue
            if isinstance(value, float) and not math.isfinite(value):  # JSON has no such numbers
                problems.append((key, f"{value} is not a finite number"))
                continue
            validator = _validator(self.options[key])
            problems += [(key, error.message) for error in validator.iter_errors(value)]
        problems += [
            (
                key,
                f"is required and missing: {self.options[key].get('description', '')}".rstrip(": "),
            )
            for key in self.required_options
            if key not in given
        ]
        return problems


def _read(value: Any, schema: Mapping[str, Any]) -> Any:
    kinds = schema.get("type", ())
    if not isinstance(value, str) or not kinds or "string" in kinds:
        return value
    try:
        read = json.loads(value.lower())
    except json.JSONDecodeError:
        return value
    return read if _validator({"type": kinds}).is_valid(read) else value


def _validator(schema: Mapping[str, Any]) -> Any:
    # Imported here because jobs check no options and need not wait for it.
    with needed_for("checking options"):
        from jsonschema import Draft202012Validator

    return Draft202012Validator(dict(schema))


def literals(path: Path, names: set[str]) -> dict[str, Any]:
    """Top-level assignments of literals to these names in a Python file, read without running it."""
    found = _literals(path, path.stat().st_mtime_ns, frozenset(names))
    return copy.deepcopy(found)


@cache
def _literals(path: Path, mtime_ns: int, names: frozenset[str]) -> dict[str, Any]:
    """Parse a file once per process and again if it is edited; a run asks thousands of times."""
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and target.id in names:
                found[target.id] = ast.literal_eval(value)
    return found


def scan(package: str, folder: Path) -> dict[str, Entry]:
    """Read every entry file of a registry folder as {name: entry}, in alphabetical order of the files."""
    entries: dict[str, Entry] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        entry = read_entry(path, f"{package}.{path.stem}")
        if entry is None:
            raise RuntimeError(f"{path}: a registry entry needs NAME = '...'.")
        if entry.name in entries:
            raise RuntimeError(
                f"{path}: the name '{entry.name}' is taken by {entries[entry.name].path}."
            )
        entries[entry.name] = entry
    return entries


def read_entry(path: Path, module: str) -> Entry | None:
    """The entry that a file states, which is imported under the name `module`; None if it states no NAME."""
    values = literals(path, {"NAME", "VERSION", "OPTIONS"})
    if "NAME" not in values:
        return None
    return Entry(values["NAME"], module, path, values.get("VERSION", 1), values.get("OPTIONS", {}))


def look_up(entries: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Return the entry of that name, or raise an `UnknownNameError` that lists the known ones."""
    if name not in entries:
        raise UnknownNameError(unknown_name(kind, name, sorted(entries)))
    return entries[name]
