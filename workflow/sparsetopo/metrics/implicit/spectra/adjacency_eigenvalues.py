"""Outer eigenvalues of the weighted adjacency matrix of a graph that is never stored, by whichever way suits it."""

import contextlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.bipartite import bipartite_eigenvalues, is_thin
from sparsetopo.metrics.implicit.spectra.coarse import Coarse
from sparsetopo.metrics.implicit.spectra.outer_eigenvalues import (
    ENDS,
    OuterEigenvalues,
    magnitudes,
)
from sparsetopo.metrics.implicit.spectra.product.terms import Term
from sparsetopo.metrics.implicit.spectra.quotient.graph import Quotient
from sparsetopo.metrics.implicit.spectra.ritz import NotConvergedError
from sparsetopo.metrics.implicit.spectra.waves import WAVES, standing_waves
from sparsetopo.metrics.implicit.spectra.weighted_graph import WeightedGraph
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.metrics.primitives import AdjacencyEigenvalues, Eigenvectors
from sparsetopo.seeding import generator

# Graphs of up to this many nodes are solved dense.
_DENSE_ORDER = 1000
# Largest exponent of a power of two that single precision holds.
_LARGEST_EXPONENT = 127
# Width of the noise in the start vectors, whose deviation is 0.1, beside waves of height 1.
_NOISE = np.float32(0.35)


def is_decomposed(layers: Sequence[NodeLayer]) -> bool:
    """Whether a graph of these node layers is small or thin enough to compute all eigenvalues.

    Examples
    --------
    >>> is_decomposed([NodeLayer("input", 3, 32, 32), NodeLayer("class", 10, 1, 1)])
    True
    """
    sizes = tuple(layer.size for layer in layers)
    return is_thin(sizes) or sum(sizes) <= _DENSE_ORDER


def adjacency_eigenvalues(
    graph: WeightedGraph, workers: Workers | None = None, known: Eigenvectors | None = None
) -> AdjacencyEigenvalues:
    """Three largest magnitudes and two largest eigenvalues of the weighted adjacency matrix.

    The iteration may start from known eigenvectors, and then replaces them by those found.
    No result depends on the number of threads. NotConvergedError if many eigenvalues lie too close together, as those
    of many nearly equal components do.
    """
    layers, degrees = graph.layers, graph.degrees
    largest_degree = float(degrees.max(initial=0.0))
    if largest_degree == 0:
        return AdjacencyEigenvalues((0.0, 0.0, 0.0), (0.0, 0.0))
    # Scaled so that squares of single-precision numbers neither vanish nor overflow, by a power of
    # two, which rounds nothing.
    scale = 2.0 ** min(round(math.log2(largest_degree)), _LARGEST_EXPONENT)
    workers = workers or Workers()
    sizes = tuple(layer.size for layer in layers)
    if is_thin(sizes):
        product = Adjacency.of_terms(layers, graph.terms, scale, workers).product
        return _answer(bipartite_eigenvalues(product, sizes) * scale)
    if len(degrees) > _DENSE_ORDER and graph.quotient is not None:
        # If the iteration does not converge for the classes, it may for all nodes.
        with contextlib.suppress(NotConvergedError):
            found = _of_classes(graph.quotient, degrees, scale, workers, known)
            if graph.quotient.complement.is_below(min(*found.magnitudes, *found.largest)):
                return found
    return _outer(layers, graph.terms, degrees, scale, workers, known)


def _of_classes(
    classes: Quotient,
    degrees: NDArray[np.float64],
    scale: float,
    workers: Workers,
    known: Eigenvectors | None,
) -> AdjacencyEigenvalues:
    """Eigenvalues of the graph of classes, given the degrees of all nodes."""
    # The values at the nodes of a class are those in the basis of its indicators over the root of its size.
    smooth = degrees[classes.members] * np.sqrt(classes.sizes)
    return _outer(classes.layers, classes.terms, smooth, scale, workers, known)


def _outer(
    layers: Sequence[NodeLayer],
    terms: Sequence[Term],
    degrees: NDArray[np.float64],
    scale: float,
    workers: Workers,
    known: Eigenvectors | None,
) -> AdjacencyEigenvalues:
    """Eigenvalues of a graph, densely or by the iteration; eigenvectors vary about as `degrees` do."""
    adjacency = Adjacency.of_terms(layers, terms, scale, workers)
    if adjacency.order <= _DENSE_ORDER:
        return _answer(_decomposed(adjacency) * scale)
    coarse = Coarse(layers, terms, scale, ENDS, workers)
    iteration = OuterEigenvalues(adjacency, coarse, workers)
    values = iteration.values(lambda: _smooth_start(layers, degrees / scale), known)
    return _answer(values * scale)


def _decomposed(adjacency: Adjacency) -> NDArray[np.float64]:
    """All eigenvalues of a small matrix, descending."""
    matrix = adjacency.product(np.eye(adjacency.order))
    return np.linalg.eigvalsh(matrix)[::-1].astype(np.float64)


def _answer(values: NDArray[np.float64]) -> AdjacencyEigenvalues:
    """What is wanted of eigenvalues in descending order."""
    first, second, third = magnitudes(values, np.zeros_like(values)).tolist()
    largest, next_to_largest = np.append(values, [0.0, 0.0])[:2].tolist()
    return AdjacencyEigenvalues((first, second, third), (largest, next_to_largest))


def _smooth_start(layers: Sequence[NodeLayer], degrees: NDArray[np.float64]) -> NDArray[np.float32]:
    """Standing waves times the weighted degrees, and a tenth of noise (``docs/graph.md``)."""
    order = len(degrees)
    random = generator("smooth start", order)
    # Even noise is made in a fifth of the time that normal noise takes.
    start = random.random((order, len(WAVES)), dtype=np.float32)
    start -= 0.5
    start *= _NOISE
    start += standing_waves(layers)
    start *= degrees.astype(np.float32)[:, None]
    return start
