"""Measure a graph: first each primitive that the wanted metrics need, once; then the metrics."""

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
from sparsetopo.metrics.primitives import MOST_MEMORY, SIZES, Eigenvectors
from sparsetopo.metrics.registry import (
    DEFAULT_METRICS,
    METRIC_SETS,
    METRICS,
    SCALINGS,
    Metric,
    select,
)

if TYPE_CHECKING:
    from sparsetopo.metrics.primitives import Graph, Primitives

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called as progress(primitive, done, total) when a primitive's computation starts, after `done` others started."""


def topometrics(
    mge: "Graph",
    metrics: str | Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    threads: int = 1,
    explicit: bool = False,
    skip_impossible: bool | None = None,
    known: Eigenvectors | None = None,
) -> dict[str, int | float]:
    """Topological metrics of a multipartite graph, exact and raw (unscaled).

    Parameters
    ----------
    mge
        The graph (`sparsetopo.encode`), or anything that has its `to_scipy()` and `layer_sizes`.
    metrics
        Names of the metrics wanted, "paper" for the paper's, or "all" for all metrics of a network.
        None: the paper's.
    progress
        Called as ``progress(primitive, done, total)`` when the computation of a primitive starts,
        after `done` others have started.
    threads
        Number of threads. No result depends on it.
    explicit
        Whether to unroll the graph and use scipy and igraph. This is slow and takes some 100 bytes an
        edge; it checks the default way, which stores no edge. Graphs that are not an `MGE` are always
        measured like this.
    skip_impossible
        Whether a metric that cannot be computed on this graph (motif4, where four node layers are
        pairwise joined) is NaN, with a warning, instead of an error. None: only if no metric is asked
        for by its own name.
    known
        Eigenvectors kept from one call to the next, for graphs that differ in their weights alone, such as those before
        and after training: the second call needs about half the time for its eigenvalues. They agree with what it
        would find by itself within the accuracy of all spectra. None: nothing is kept.

    Returns
    -------
    dict
        {metric: value}; counts as int, the rest as float. The paper's are its sixteen metrics and
        `spectral_gap_signed`. `log_path_norm` is NaN where no path has a weight above 0.

    Raises
    ------
    UnknownNameError
        If a metric is unknown.
    MetricError
        If a metric exists for the graph of a single layer only and this graph has more than two node
        layers, or a metric cannot be computed on this graph and is not skipped.
    EncodingError
        If the graph is not multipartite, or a weight is negative or not finite.
    TypeError
        If `mge` is not a graph.
    ValueError
        If `threads` is not a whole number of at least 1.

    Notes
    -----
    Source: Cunegatti, Farina, Bucur, Iacca, "Understanding Sparse Neural Networks from their
    Topology via Multipartite Graph Representations", TMLR 2024, section 4. `scaled` gives the
    values as that paper published them.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetopo.layers import rolled
    >>> graph = rolled(np.ones((2, 3)), np.array([[True, True, False], [True, False, False]]))
    >>> topometrics(graph, ["components", "cut_edges", "n1"])
    {'components': 2, 'cut_edges': 3, 'n1': 1.6}
    """
    from sparsetopo.graphs.mge import MGE

    names = [metrics] if isinstance(metrics, str) else list(metrics or [])
    if metrics is None:
        names = [DEFAULT_METRICS]
    wanted = select(METRICS, names)
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads is {threads!r}, but must be a whole number of at least 1.")
    if not hasattr(mge, "to_scipy"):
        raise TypeError(
            f"topometrics takes a graph, not {type(mge).__name__}: make it with sparsetopo.encode(model, "
            "input_shape, masks)."
        )
    for metric in wanted:
        if "network" not in metric.graphs and len(mge.layer_sizes) != 2:
            raise MetricError(
                f"'{metric.name}' exists for the graph of a single layer only, but this graph has "
                f"{len(mge.layer_sizes)} node layers; a layer's graph has 2."
            )
    primitives: Primitives
    if explicit or not isinstance(mge, MGE):
        from sparsetopo.metrics.explicit.backend import ExplicitPrimitives

        primitives = ExplicitPrimitives(mge)
    else:
        from sparsetopo.metrics.implicit.compiled import announce_compilation

        announce_compilation()  # before the next import, which may compile
        from sparsetopo.metrics.implicit.backend import ImplicitPrimitives

        primitives = ImplicitPrimitives(mge, known)
    skip = METRIC_SETS.keys() >= set(names) if skip_impossible is None else skip_impossible
    return evaluate(primitives, wanted, progress, threads=threads, skip_impossible=skip)


def evaluate(
    primitives: "Primitives",
    metrics: Iterable[Metric],
    progress: Progress | None = None,
    *,
    threads: int = 1,
    skip_impossible: bool = False,
) -> dict[str, int | float]:
    """Evaluate metrics on the primitives of any backend.

    Each metric is handed the sizes of the graph and the primitives that it declares. Reading any other
    one is an AttributeError, so that declarations cannot go stale. The parameters are those of `topometrics`.
    """
    wanted = list(metrics)
    needs = list(dict.fromkeys(need for metric in wanted for need in metric.needs))
    needs.sort(key=lambda need: need != MOST_MEMORY)
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
    """Scale raw values as the paper's released tables do.

    Parameters
    ----------
    values
        Raw values by metric, from `topometrics`.
    nodes, edges
        V and E of the graph.

    Returns
    -------
    dict
        {metric: scaled value}; None (missing) where the divisor is 0.

    Raises
    ------
    UnknownNameError
        If a metric is unknown.

    Examples
    --------
    >>> scaled({"sink": 3, "motif4": 90, "spectral_gap": 1.5}, nodes=12, edges=40)
    {'sink': 0.25, 'motif4': 2.25, 'spectral_gap': 1.5}
    """
    divisors = {"nodes": nodes, "edges": edges, None: 1}
    published: dict[str, float | None] = {}
    for metric in select(METRICS, values):
        by, subtracted = SCALINGS[metric.scaling]
        divisor = divisors[by]
        published[metric.name] = (values[metric.name] - subtracted) / divisor if divisor else None
    return published


class _Progress:
    """Reports the start of each primitive once, even if several threads do."""

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
