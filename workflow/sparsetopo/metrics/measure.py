"""Measure a graph: the primitives that the wanted metrics need, each once, then the metrics."""

import logging
import math
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sparsetopo.errors import MetricError
from sparsetopo.metrics.blas import single_threaded_blas
from sparsetopo.metrics.registry import METRICS, Metric, select

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.metrics.primitives import Graph, Primitives

logger = logging.getLogger(__name__)

# Called as progress(primitive, done, total) when the computation of a primitive starts, `done`
# having started before.
Progress = Callable[[str, int, int], None]

# What every metric may read without declaring it.
SIZES = ("graph", "num_nodes", "num_edges", "layer_sizes")


def topometrics(
    mge: "Graph",
    metrics: Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    threads: int = 1,
    explicit: bool = False,
    skip_impossible: bool | None = None,
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
        starts, `done` others having started before.
    threads
        Threads to compute in. No result depends on it.
    explicit
        Unroll the graph and use scipy and igraph: slow, and some 100 bytes an edge; a check on the
        default way, which stores no edge. Graphs that are no `MGE` are always measured so.
    skip_impossible
        Whether a metric that cannot be computed on this graph (motif4, where four node layers are
        pairwise joined) is NaN, with one warning, rather than an error; None: only if no metrics
        are named.

    Returns
    -------
    dict
        {metric: value}; counts as int, the rest as float. By default the sixteen metrics of the
        paper and `spectral_gap_signed`.

    Raises
    ------
    UnknownNameError
        If a metric is unknown.
    MetricError
        If a metric cannot be computed on this graph, and is not to be skipped.
    EncodingError
        If the graph is not multipartite, or a weight is negative or not finite.
    TypeError
        If `mge` is no graph.
    ValueError
        If `threads` is not a whole number of at least 1.

    Notes
    -----
    Source: Cunegatti, Farina, Bucur, Iacca, "Understanding Sparse Neural Networks from their
    Topology via Multipartite Graph Representations", TMLR 2024, section 4. `scaled` gives the
    values as that paper published them.
    """
    from sparsetopo.graphs.mge import MGE

    wanted = select(METRICS, metrics)
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads is {threads!r}, but must be a whole number of at least 1.")
    if not hasattr(mge, "to_scipy"):
        raise TypeError(
            f"topometrics takes a graph, not {type(mge).__name__}: make it with sparsetopo.encode(model, "
            "input_shape, masks)."
        )
    backend = _explicit(mge) if explicit or not isinstance(mge, MGE) else _implicit(mge)
    skip = metrics is None if skip_impossible is None else skip_impossible
    return measure(backend, wanted, progress, threads=threads, skip_impossible=skip)


def _explicit(graph: "Graph") -> "Primitives":
    from sparsetopo.metrics.explicit.backend import ExplicitPrimitives

    return ExplicitPrimitives(graph)


def _implicit(mge: "MGE") -> "Primitives":
    from sparsetopo.metrics.implicit.compiled import announce_compilation

    announce_compilation()
    from sparsetopo.metrics.implicit.backend import ImplicitPrimitives

    return ImplicitPrimitives(mge)


def measure(
    primitives: "Primitives",
    metrics: Iterable[Metric],
    progress: Progress | None = None,
    *,
    threads: int = 1,
    skip_impossible: bool = False,
) -> dict[str, int | float]:
    """Evaluate metrics on the primitives of any backend.

    Each metric is handed the graph, its sizes, and the primitives that it declares, and nothing
    else: reading an undeclared one is an AttributeError, so that declarations cannot go stale.

    Parameters
    ----------
    threads
        Threads for a backend that can use them.
    skip_impossible
        Whether a metric that cannot be computed on this graph is NaN, with a warning, rather than a
        MetricError.
    """
    from sparsetopo.metrics.primitives import MOST_MEMORY, Primitives

    wanted = list(metrics)
    needs = list(dict.fromkeys(need for metric in wanted for need in metric.needs))
    needs.sort(key=lambda need: need != MOST_MEMORY)
    for metric in wanted:
        for need in metric.needs:
            if not hasattr(Primitives, need):
                raise RuntimeError(
                    f"the metric '{metric.name}' ({metric.module}) needs '{need}', which is no "
                    "primitive: metrics/primitives.py lists them."
                )
    started = _Progress(progress, len(needs))
    known: dict[str, Any] = {name: getattr(primitives, name) for name in SIZES}
    impossible: set[str] = set()
    with single_threaded_blas():
        if threads > 1:
            primitives.prepare(needs, threads, started)
        for need in needs:
            started(need)
            start = time.perf_counter()
            try:
                known[need] = getattr(primitives, need)
            except MetricError as error:
                if not skip_impossible:
                    raise
                warnings.warn(f"{error} It is NaN here.", stacklevel=3)
                impossible.add(need)
            logger.debug("%s: %.3f s", need, time.perf_counter() - start)
    values: dict[str, int | float] = {}
    for metric in wanted:
        if impossible.isdisjoint(metric.needs):
            view = SimpleNamespace(**{name: known[name] for name in (*SIZES, *metric.needs)})
            values[metric.name] = metric.function()(view)
        else:
            values[metric.name] = math.nan
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


class _Progress:
    """Passes on the start of each primitive once, also from several threads."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total = progress, total
        self._started: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, primitive: str) -> None:
        if self._progress is None:
            return
        with self._lock:
            if primitive not in self._started:
                self._progress(primitive, len(self._started), self._total)
                self._started.append(primitive)
