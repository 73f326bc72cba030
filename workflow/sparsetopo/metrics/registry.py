"""The registry of metrics: every file in `entries`, read without importing it.

A file holds one literal table, which says everything about its metrics, and one function for each of them;
``CONTRIBUTING.md`` shows one and explains its keys. The analysis reads this table too, and nothing else about metrics.
Importing it imports neither numpy nor the functions, so results can be analysed without the code that measured them.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sparsetopo.errors import UnknownNameError, unknown_name
from sparsetopo.metrics.primitives import PRIMITIVES, WEIGHTED_PRIMITIVES
from sparsetopo.registry import literals

CATEGORIES = ("local", "neighbour", "strength", "global", "expansion")
"""The order in which tables and figures list the categories (Cunegatti et al. 2024, section 3.2); others follow."""

GRAPHS = ("network", "layer")
"""A metric exists for the graph of a whole network, for the bipartite graph of one layer, or for both."""

SCALINGS: Mapping[str, tuple[str | None, int]] = {
    "nodes": ("nodes", 0),
    "edges": ("edges", 0),
    "none": (None, 0),
    "nodes_beyond_first": ("nodes", 1),
}
"""Scaling: (divisor, what is subtracted before). The last one suits a count that is at least 1."""


@dataclass(frozen=True)
class Feature:
    """What the analyses know of a number that they regress on or rank by; `label` is its name in figures.

    The scaling, of `SCALINGS`, is for a metric the one of the published value.
    """

    category: str
    scaling: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Metric(Feature):
    """What the table of its file says of a metric (``CONTRIBUTING.md``), and the module that holds its function."""

    name: str
    module: str
    graphs: tuple[str, ...]
    size_free: str
    needs: tuple[str, ...]
    description: str
    second_reading_of: str | None = None

    @property
    def reads_weights(self) -> bool:
        """Whether the metric depends on the weights, not on the mask alone."""
        return not WEIGHTED_PRIMITIVES.isdisjoint(self.needs)

    def function(self) -> Callable[[Any], int | float]:
        """Import the metric's file and return its function."""
        function: Callable[[Any], int | float] = getattr(
            importlib.import_module(self.module), self.name
        )
        return function


_OPTIONAL = ["second_reading_of"]
_REQUIRED = [
    field.name for field in fields(Metric) if field.name not in ("name", "module", *_OPTIONAL)
]
_LISTS = {"graphs": GRAPHS, "needs": PRIMITIVES}
_CHOICES = {"scaling": tuple(SCALINGS), "size_free": tuple(SCALINGS)}


def scan(package: str, folder: Path) -> dict[str, Metric]:
    """Read every file of a folder: {name: metric}, ordered by category, file and position in its table.

    RuntimeError, since it is a programming error, if a file has no table or an invalid one, or a name is declared
    twice. The message names the file, the metric, the key, and what would be valid.
    """
    metrics: dict[str, Metric] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        table = literals(path, {"METRICS"}).get("METRICS")
        if not table:
            raise RuntimeError(f"{path}: a file of metrics needs METRICS = {{...}}.")
        for name, record in table.items():
            if name in metrics:
                raise RuntimeError(
                    f"{path}: the metric '{name}' is declared in {metrics[name].module} too."
                )
            _check(f"{path}: the metric '{name}'", record)
            values: dict[str, Any] = {
                key: tuple(value) if key in _LISTS else value for key, value in record.items()
            }
            metrics[name] = Metric(name=name, module=f"{package}.{path.stem}", **values)
    for metric in metrics.values():
        if metric.second_reading_of not in (None, *metrics):
            raise RuntimeError(
                f"the metric '{metric.name}' ({metric.module}) has the second_reading_of "
                f"'{metric.second_reading_of}', which is no metric; known: {', '.join(metrics)}."
            )
    rank = {category: position for position, category in enumerate(CATEGORIES)}
    ordered = sorted(metrics.values(), key=lambda metric: rank.get(metric.category, len(rank)))
    return {metric.name: metric for metric in ordered}


def _check(metric: str, record: Mapping[str, Any]) -> None:
    """Refuse an invalid entry of a table; `metric` names it and its file."""
    keys = f"it must have {', '.join(_REQUIRED)}, and may have {', '.join(_OPTIONAL)}."
    for key in _REQUIRED:
        if key not in record:
            raise RuntimeError(f"{metric} lacks the key '{key}'; {keys}")
    for key, given in record.items():
        if key not in (*_REQUIRED, *_OPTIONAL):
            raise RuntimeError(f"{metric} has an unknown key '{key}'; {keys}")
        if key in _LISTS:
            valid = isinstance(given, list) and set(given) <= set(_LISTS[key])
            what = f"a list of names among {', '.join(_LISTS[key])}"
        elif key in _CHOICES:
            valid, what = given in _CHOICES[key], f"one of {', '.join(_CHOICES[key])}"
        else:
            valid, what = isinstance(given, str) and given != "", "a text that is not empty"
        if not valid or (key == "graphs" and not given):
            raise RuntimeError(f"{metric} has {key} {given!r}, but it must be {what}.")


def select(metrics: Mapping[str, Metric], names: Iterable[str]) -> list[Metric]:
    """Metrics of those names, in that order and once each; UnknownNameError if there is none of a name.

    A word of `METRIC_SETS` stands for all metrics of that set.

    Examples
    --------
    >>> [metric.label for metric in select(METRICS, ["n2", "sink", "n2"])]
    ['2-hop neighbours', 'sink nodes']
    >>> len(select(METRICS, "paper")), [metric.name for metric in select(METRICS, ["log_paths", "all"])][:2]
    (17, ['log_paths', 'sink'])
    """
    given = [names] if isinstance(names, str) else list(names)
    wanted = dict.fromkeys(name for word in given for name in METRIC_SETS.get(word, (word,)))
    for name in wanted:
        if name not in metrics:
            raise UnknownNameError(unknown_name("topometric", name, [*METRIC_SETS, *metrics]))
    return [metrics[name] for name in wanted]


METRICS = scan(f"{__package__}.entries", Path(__file__).parent / "entries")
NETWORK_METRICS = {name: metric for name, metric in METRICS.items() if "network" in metric.graphs}
LAYER_METRICS = {name: metric for name, metric in METRICS.items() if "layer" in metric.graphs}

_PAPER = (
    *("sink", "source", "disconnected", "r_out", "r_in"),
    *("n1", "n2", "motif4"),
    *("k_core", "strength"),
    *("components", "component_size", "cut_edges", "cut_nodes"),
    *("spectral_gap", "spectral_radius"),
)
PAPER_METRICS: Mapping[str, Metric] = {name: NETWORK_METRICS[name] for name in _PAPER}
"""The sixteen metrics of the paper, in its order."""

METRIC_SETS: Mapping[str, tuple[str, ...]] = {
    "paper": tuple(
        name
        for name, metric in NETWORK_METRICS.items()
        if not {name, metric.second_reading_of}.isdisjoint(PAPER_METRICS)
    ),
    "all": tuple(NETWORK_METRICS),
}
"""Words that stand for several metrics of a network: the paper's, with their second readings; and all."""

DEFAULT_METRICS = "paper"
"""The set that is measured where no metrics are named."""
