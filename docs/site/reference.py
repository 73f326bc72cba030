"""Pages of the reference that are made at build time, so that they cannot fall behind the code.

Each is Markdown: the keys of a configuration from `config/schema.json`, the options of registered algorithms, data sets
and architectures from the files of the registries, the metrics from their tables, the Python interface from docstrings.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import sparsetopo
from sparsetopo import commands
from sparsetopo.architectures import ARCHITECTURES
from sparsetopo.datasets import DATASETS
from sparsetopo.metrics.registry import CATEGORIES, METRICS
from sparsetopo.pruning.registry import ALGORITHMS, COMMON_OPTIONS
from sparsetopo.registry import Entry

SCHEMA = Path(__file__).resolve().parents[2] / "config/schema.json"

# What is public besides `sparsetopo.__all__`, by the heading that it stands under.
MORE: Mapping[str, tuple[str, ...]] = {
    "What the command line does": tuple(f"sparsetopo.commands.{name}" for name in commands.__all__),
    "Pruning algorithms of your own": ("sparsetopo.pruning.register_algorithm",),
    "Networks and data sets": (
        "sparsetopo.architectures.build",
        "sparsetopo.datasets.prepare",
        "sparsetopo.datasets.DataFiles",
    ),
    "Graphs and metrics": (
        "sparsetopo.graphs.mge_from_masks",
        "sparsetopo.graphs.register_operation",
        "sparsetopo.metrics.measure.scaled",
    ),
    "Layers": (
        "sparsetopo.layers.layer_kinds",
        "sparsetopo.layers.topometric_records",
        "sparsetopo.layers.ramanujan_records",
    ),
    "The released results": ("sparsetopo.analysis.paper.released.read_released",),
    "Errors": (
        "sparsetopo.errors.SparsetopoError",
        "sparsetopo.errors.ConfigurationError",
        "sparsetopo.errors.UnknownNameError",
        "sparsetopo.errors.FileFormatError",
        "sparsetopo.errors.MaskError",
        "sparsetopo.errors.EncodingError",
        "sparsetopo.errors.MetricError",
        "sparsetopo.errors.DataError",
        "sparsetopo.errors.RunError",
    ),
}


def write_pages(folder: Path) -> None:
    """Write every generated page into a folder, and touch none that is as it should be."""
    folder.mkdir(exist_ok=True)
    pages = {
        "python": python_page(),
        "configuration": configuration_page(json.loads(SCHEMA.read_text(encoding="utf-8"))),
        "algorithms": entries_page(
            "Algorithms", "pruning", ALGORITHMS, "Every algorithm has besides", COMMON_OPTIONS
        ),
        "data-set-options": entries_page("Data sets and their options", "datasets", DATASETS),
        "architecture-options": entries_page(
            "Architectures and their options", "architectures", ARCHITECTURES
        ),
        "metrics": metrics_page(),
    }
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def python_page() -> str:
    """The public names of the library, each described by its docstring."""
    lines = ["# Python", "", "`import sparsetopo as st` has these; each is imported when it is used.", ""]  # fmt: skip
    lines += _described(f"sparsetopo.{name}" for name in _functions_first(sparsetopo.__all__))
    for heading, names in MORE.items():
        lines += [f"## {heading}", "", *_described(names)]
    return "\n".join(lines)


def _functions_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name[0].isupper(), name))


def _described(names: Iterable[str]) -> list[str]:
    lines = ["```{eval-rst}"]
    for name in names:
        is_class = name.rpartition(".")[2][0].isupper()
        lines += [f".. auto{'class' if is_class else 'function'}:: {name}"]
        lines += ["   :members:", "   :show-inheritance:"] if is_class else []
        lines += [""]
    return [*lines, "```", ""]


def configuration_page(schema: Mapping[str, Any]) -> str:
    """The keys of a configuration file, section by section, from its JSON schema."""
    lines = [
        *("# Configuration", ""),
        "Every key of a configuration file, from `config/schema.json`, which editors can check files with. Mistakes",
        "are listed, all at once, before anything runs. The options that `pruning`, `datasets` and `architectures`",
        "take are those of [algorithms](algorithms.md), [data sets](data-set-options.md) and",
        "[architectures](architecture-options.md); with `from: <a registered name>` a new name is defined there.",
        *("", "## A study", "", *_table(schema), ""),
    ]
    sections = {
        definition: name
        for name, value in schema["properties"].items()
        for definition in re.findall(r"#/\$defs/(\w+)", json.dumps(value))
    }
    for definition, name in sections.items():
        section = schema["$defs"][definition]
        of_each = "" if "$ref" in schema["properties"][name] else ".<name>"
        summary = section["description"].replace("\n\n", "\n")
        lines += [f"## `{name}{of_each}`", "", summary, "", *_table(section), ""]
    return "\n".join(lines)


def entries_page(
    title: str,
    section: str,
    entries: Mapping[str, Entry],
    common: str = "",
    common_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """The entries of a registry: what each is, and its options, which stand in `section` of a configuration."""
    lines = [
        f"# {title}",
        "",
        f"What is registered, from the files themselves. Options are given as `{section}.<name>.<option>`.",
        "",
    ]
    if common_options:
        lines += [f"{common}:", "", *_table({"properties": common_options}), ""]
    for name, entry in entries.items():
        docstring = ast.get_docstring(ast.parse(entry.path.read_text(encoding="utf-8"))) or ""
        lines += [f"## `{name}`", "", _text(docstring.replace("``", "`")), ""]
        if entry.options:
            required = entry.required_options
            lines += [*_table({"properties": entry.options, "required": required}), ""]
        else:
            lines += ["No options.", ""]
    return "\n".join(lines)


def metrics_page() -> str:
    """All metrics by category: where each exists, how it is scaled, and what it is."""
    lines = [
        *("# Metrics", ""),
        "Every registered metric. [The graph](../../graph.md) defines them and proves how they are computed;",
        "[CONTRIBUTING](../../../CONTRIBUTING.md) says how to add one. *Scaled by* is how the paper published it,",
        "*size-free* how it is scaled so that it does not tell the size of the network.",
        "",
    ]
    for category in dict.fromkeys((*CATEGORIES, *(m.category for m in METRICS.values()))):
        lines += [f"## {category.capitalize()}", ""]
        lines += ["| name | what it is | of a | reads weights | scaled by | size-free |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [
            f"| `{metric.name}` | {_text(metric.description)} | {', '.join(metric.graphs)} "
            f"| {'yes' if metric.reads_weights else 'no'} | {_words(metric.scaling)} | {_words(metric.size_free)} |"
            for metric in METRICS.values()
            if metric.category == category
        ]
        lines += [""]
    return "\n".join(lines)


def _table(schema: Mapping[str, Any]) -> list[str]:
    """Keys of an object of a JSON schema as a table."""
    required = schema.get("required", ())
    rows = ["| key | values | default | meaning |", "|---|---|---|---|"]
    for key, value in schema["properties"].items():
        if key in required:
            default = "required"
        elif "default" not in value or isinstance(value["default"], dict):
            default = ""
        else:
            default = f"`{json.dumps(value['default'])}`"
        meaning = _text(value.get("description", "")).replace("|", r"\|")
        rows += [f"| `{key}` | {_values(value)} | {default} | {meaning} |"]
    return rows


def _values(value: Mapping[str, Any]) -> str:
    """What a JSON schema allows, in words."""
    if "$ref" in value or "patternProperties" in value:
        return "section"
    if "anyOf" in value:
        return " or ".join(_values(each) for each in value["anyOf"])
    if "enum" in value:
        return ", ".join(f"`{json.dumps(each).strip(chr(34))}`" for each in value["enum"])
    kinds = value.get("type", "")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "array" in kinds:
        items = value.get("items", {})
        named = "names" if "pattern" in items else _values(items)
        return f"list: {named}" if named else "list"
    names = {"object": "section", "boolean": "true, false", "string": "text"}
    words = " or ".join(names.get(kind, kind) for kind in kinds)
    bounds = {
        "minimum": "≥ {}",
        "ge": "≥ {}",
        "exclusiveMinimum": "> {}",
        "maximum": "≤ {}",
        "exclusiveMaximum": "< {}",
        "lt": "< {}",
    }
    limits = [form.format(value[key]) for key, form in bounds.items() if key in value]
    return " ".join([words, ", ".join(limits)]).strip().replace("<", "&lt;").replace("|", r"\|")


def _text(text: str) -> str:
    """Text as Markdown that shows angle brackets and stars as they are, except in code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace("*", r"\*")
        for part in parts
    )


def _words(name: str) -> str:
    return {"none": "-"}.get(name, name.replace("_", " "))
