"""Measure a graph: the primitives that the wanted metrics need, each once, then the metrics."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sparsetopo.topometrics._registry import METRICS, Metric, select

if TYPE_CHECKING:
    from sparsetopo.topometrics.primitives.base import Graph, Primitives

logger = logging.getLogger(__name__)

# Called as progress(primitive, done, total) when the computation of a primitive starts, `done`
# being finished.
Progress = Callable[[str, int, int], None]

# What every metric may read without declaring it.
SIZES = ("num_nodes", "num_edges", "layer_sizes")


def topometrics(
    mge: "Graph", metrics: Iterable[str] | None = None, progress: Progress | None = None
) -> dict[str, int | float]:
    """Topological metrics of a multipartite graph, exact and raw (unscaled).

    Parameters
    ----------
    mge
        The graph (`sparsetopo.encode`), or anything that has its `to_scipy()` and `layer_sizes`.
    metrics
        Names of the metrics wanted; None for all. Primitives that no wanted metric needs are not
        computed.
    progress
        Called as ``progress(primitive, done, total)`` when the computation of each primitive
        starts.

    Returns
    -------
    dict
        {metric: value}; counts as int, the rest as float. By default the sixteen metrics of the
        paper and `spectral_gap_signed`.

    Raises
    ------
    UnknownNameError
        If a metric is unknown.
    EncodingError
        If the graph is not multipartite, or a weight is negative or not finite.

    Notes
    -----
    Source: Cunegatti, Farina, Bucur, Iacca, "Understanding Sparse Neural Networks from their
    Topology via Multipartite Graph Representations", TMLR 2024, section 4. `scaled` gives the
    values as that paper published them.
    """
    wanted = select(METRICS, metrics)
    from sparsetopo.topometrics.primitives.explicit import ExplicitPrimitives

    return measure(ExplicitPrimitives(mge), wanted, progress)


def measure(
    primitives: "Primitives", metrics: Iterable[Metric], progress: Progress | None = None
) -> dict[str, int | float]:
    """Evaluate metrics on the primitives of any backend.

    Each metric is handed the sizes of the graph and the primitives that it declares, and nothing
    else: reading an undeclared one is an AttributeError, so that declarations cannot go stale.
    """
    wanted = list(metrics)
    needs = list(dict.fromkeys(need for metric in wanted for need in metric.needs))
    known: dict[str, Any] = {name: getattr(primitives, name) for name in SIZES}
    for done, need in enumerate(needs):
        if progress is not None:
            progress(need, done, len(needs))
        start = time.perf_counter()
        known[need] = getattr(primitives, need)
        logger.debug("%s: %.3f s", need, time.perf_counter() - start)
    values: dict[str, int | float] = {}
    for metric in wanted:
        view = SimpleNamespace(**{name: known[name] for name in (*SIZES, *metric.needs)})
        values[metric.name] = metric.function()(view)
    return values


def scaled(values: Mapping[str, int | float], nodes: int, edges: int) -> dict[str, float | None]:
    """Divide raw values by the number of nodes or edges, as the paper's released table does.

    Parameters
    ----------
    values
        Raw values by metric, as of `topometrics`.

    Returns
    -------
    dict
        {metric: scaled value}; None (missing) where the divisor is 0.

    Raises
    ------
    UnknownNameError
        If a metric is unknown.
    """
    divisors = {"nodes": nodes, "edges": edges, "none": 1}
    published: dict[str, float | None] = {}
    for metric in select(METRICS, values):
        divisor = divisors[metric.scaling]
        published[metric.name] = values[metric.name] / divisor if divisor else None
    return published
