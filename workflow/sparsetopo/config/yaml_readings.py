"""What YAML reads otherwise than it looks: keys given twice, ``010``, and words like ``on`` or ``2`` as names.

Its parser lets the last of two equal keys win without a word, which only the text of a file can tell.
"""

import datetime
import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import yaml

# As YAML 1.1 has them: 010 is eight, 1:30 is ninety.
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_MERGE = "tag:yaml.org,2002:merge"


def text_problems(text: str) -> list[str]:
    r"""Faults of a configuration file's text, each in one sentence with its path and lines.

    Examples
    --------
    >>> text_problems("seeds: [0]\nseeds: [010]")
    ['seeds: is given twice, in lines 1 and 2; keep one', 'seeds.0: YAML reads 010 (line 2) as the number 8; write 8']
    """
    return repeated_keys(text) + [
        f"{path}: YAML reads {node.value} (line {_line(node)}) as the number {_value(node)}; write {_value(node)}"
        for path, node in _nodes(text)
        if _is_misread(node)
    ]


def repeated_keys(text: str) -> list[str]:
    """Of the faults, the keys given twice in a mapping."""
    problems = []
    for path, node in _nodes(text):
        lines: dict[Hashable, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            name = None if key.tag == _MERGE else (key.tag, _value(key))
            if name in lines:
                place = _below(path, key)
                problems.append(
                    f"{place}: is given twice, in lines {lines[name]} and {_line(key)}; keep one"
                )
            elif name:
                lines[name] = _line(key)
    return problems


def _nodes(text: str) -> Iterator[tuple[str, yaml.Node]]:
    """Every value in a file with its path, in the order of the text; none if it is no YAML, as its reader says."""
    if text.lstrip().startswith("{"):
        text = text.expandtabs()  # JSON may be indented by tabs, YAML may not
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return
    waiting = [] if root is None else [("", root)]
    visited = set()
    while waiting:
        path, node = waiting.pop()
        if id(node) in visited:  # an alias
            continue
        visited.add(id(node))
        yield path, node
        if isinstance(node, yaml.MappingNode):
            inner = [(_below(path, key), value) for key, value in node.value]
            waiting += reversed(inner)
        elif isinstance(node, yaml.SequenceNode):
            inner = [
                (f"{path}.{index}".lstrip("."), value) for index, value in enumerate(node.value)
            ]
            waiting += reversed(inner)


def _below(path: str, key: yaml.Node) -> str:
    name = key.value if isinstance(key, yaml.ScalarNode) else "[key]"
    return f"{path}.{name}".lstrip(".")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_misread(node: yaml.Node) -> bool:
    is_number = isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS
    return is_number and bool(_OCTAL.fullmatch(node.value) or _BASE_60.fullmatch(node.value))


def _value(node: yaml.Node) -> Hashable:
    """What a scalar stands for, so that 0.9 and 0.90 are one key; of anything else, the text of the node."""
    if isinstance(node, yaml.ScalarNode):
        value: Hashable = yaml.SafeLoader("").construct_object(node)
        return value
    return yaml.serialize(node)


def value_problems(values: Any, path: str = "", above: tuple[int, ...] = ()) -> Iterator[str]:
    """Keys that are no text, and values of a kind that no setting has, anywhere in a configuration.

    `above` are the identities of the sections that hold the values.
    """
    above = (*above, id(values))
    if above.count(id(values)) > 1 and isinstance(values, Mapping | list):
        yield f"{path}: holds itself by an alias of YAML; write out what it is to hold"
    elif isinstance(values, Mapping):
        for key, value in values.items():
            if isinstance(key, str):
                yield from value_problems(value, f"{path}.{key}".lstrip("."), above)
            else:
                place = f"{path}.{key}".lstrip(".")
                yield f"{place}: is a key that YAML reads as {as_read(key)}; write it in quotes"
    elif isinstance(values, list | tuple):
        for index, value in enumerate(values):
            yield from value_problems(value, f"{path}.{index}".lstrip("."), above)
    elif isinstance(values, datetime.date | bytes | set):
        place = path or "configuration"
        yield f"{place}: is read by YAML as {as_read(values)}, which no setting can be; write it in quotes"


def as_read(value: Any) -> str:
    """Say what YAML has made of a word.

    Examples
    --------
    >>> [as_read(value) for value in (True, None, 0.9, [])]
    ['true (also written on, yes)', 'nothing (null)', 'the number 0.9', 'a list']
    """
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true (also written on, yes)" if value else "false (also written off, no)"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, datetime.date):  # a time of day too
        return f"the date {value}"
    if isinstance(value, Mapping):
        return "a mapping"
    return (
        "a list"
        if isinstance(value, list | tuple)
        else f"a value of the type {type(value).__name__}"
    )
