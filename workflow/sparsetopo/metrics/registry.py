"""The registry of metrics: every family file in `entries`, read without importing it.

A family file holds one literal table and one function a metric::

    METRICS = {
        "sink": {
            "category": "local",  # groups the metrics in tables and figures
            "scaling": "nodes",  # what the published value is divided by: nodes, edges or none
            "needs": ["in_degrees", "out_degrees"],  # primitives it reads (metrics/primitives.py)
            "description": "...",
        },
    }

    def sink(primitives: Primitives) -> int: ...

A new metric is a new file there.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparsetopo.errors import UnknownNameError, unknown_name
from sparsetopo.registry import literals

SCALINGS = ("nodes", "edges", "none")
# The order in which the paper lists them; further categories follow.
CATEGORIES = ("local", "neighbour", "strength", "global", "expansion")


# Primitives that read the weights of the edges; the others depend on the mask alone.
WEIGHTED_PRIMITIVES = frozenset(
    {"weighted_degrees", "adjacency", "adjacency_eigenvalues", "laplacian_largest_eigenvalue"}
)


@dataclass(frozen=True)
class Metric:
    """What is known of a metric without importing it.

    Attributes
    ----------
    scaling
        Divisor of the published value: "nodes", "edges" or "none".
    needs
        Names of the primitives it reads, besides the sizes of the graph.
    module
        The module that holds the function of this name.
    """

    name: str
    category: str
    scaling: str
    needs: tuple[str, ...]
    description: str
    module: str

    @property
    def reads_weights(self) -> bool:
        """Whether the metric depends on the weights, not on the mask alone."""
        return not WEIGHTED_PRIMITIVES.isdisjoint(self.needs)

    def function(self) -> Callable[[Any], int | float]:
        """Import the family file and return the metric's function."""
        function: Callable[[Any], int | float] = getattr(
            importlib.import_module(self.module), self.name
        )
        return function


def scan(package: str, folder: Path) -> dict[str, Metric]:
    """Read every family file of a folder: {name: metric}, by category, file and place in its table.

    Raises
    ------
    RuntimeError
        If a file has no table or an invalid one, or two files declare the same name (programming
        errors).
    """
    metrics: dict[str, Metric] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        table = literals(path, {"METRICS"}).get("METRICS")
        if not table:
            raise RuntimeError(f"{path}: a metric family needs METRICS = {{...}}.")
        for name, record in table.items():
            if name in metrics:
                raise RuntimeError(
                    f"{path}: the metric '{name}' is declared in {metrics[name].module} too."
                )
            missing = {"category", "scaling", "needs", "description"} ^ record.keys()
            if missing:
                raise RuntimeError(
                    f"{path}: the table of '{name}' must have category, scaling, needs and "
                    f"description, no more and no less (see {', '.join(sorted(missing))})."
                )
            if record["scaling"] not in SCALINGS:
                raise RuntimeError(f"{path}: scaling of '{name}' must be one of {SCALINGS}.")
            record = {**record, "needs": tuple(record["needs"])}
            metrics[name] = Metric(name=name, module=f"{package}.{path.stem}", **record)
    rank = {category: place for place, category in enumerate(CATEGORIES)}
    ordered = sorted(metrics.values(), key=lambda metric: rank.get(metric.category, len(rank)))
    return {metric.name: metric for metric in ordered}


def select(metrics: Mapping[str, Metric], names: Iterable[str] | None) -> list[Metric]:
    """Metrics of those names, in that order and once each; all of them for None.

    Raises
    ------
    UnknownNameError
        If there is no metric of a name; the message lists the known ones.
    """
    if names is None:
        return list(metrics.values())
    wanted = [names] if isinstance(names, str) else list(dict.fromkeys(names))
    for name in wanted:
        if name not in metrics:
            raise UnknownNameError(unknown_name("topometric", name, metrics))
    return [metrics[name] for name in wanted]


METRICS = scan(f"{__package__}.entries", Path(__file__).parent / "entries")
