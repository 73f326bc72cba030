"""Outer eigenvectors corrected on a small graph: the patterns of channels stay, and how they vary over maps is solved.

A Krylov method finds the patterns of channels in a few products, but slow waves over large maps, whose eigenvalues lie
close together, only in many. On the graph of the patterns a product costs little (``docs/graph.md``).
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.adjacency import Adjacency
from sparsetopo.metrics.implicit.spectra.channel_patterns import ChannelPatterns
from sparsetopo.metrics.implicit.spectra.krylov import Ends, outer_pairs
from sparsetopo.metrics.implicit.spectra.product.terms import Term
from sparsetopo.metrics.implicit.spectra.ritz import RitzPairs, Vectors
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.seeding import generator

# Patterns of a layer in the first correction, and of the solution that it starts from.
_MOST, _FEW = 6, 2
# Norm, in a unit vector, of what the patterns of the first correction may leave out.
_NEGLIGIBLE = 1e-3
# Residual, in units of the largest value, at which the graph of patterns is solved in the first correction, and that
# at which the one of fewer is: their eigenvectors are no better approximations than that.
_ACCURACY, _ROUGH = 2e-5, 3e-4
# Each further correction has twice the patterns and leaves out less by this factor; residuals below the last number
# are rounding errors.
_FINER, _ROUNDING = 8, 1e-6
_MAX_PRODUCTS = 250
# Most vectors of a basis.
_CAPACITY = 80


class Coarse:
    """Corrects Ritz vectors of the graph of these layers and terms, whose magnitudes are divided by `scale`."""

    def __init__(
        self,
        layers: Sequence[NodeLayer],
        terms: Sequence[Term],
        scale: float,
        ends: Ends,
        workers: Workers,
    ) -> None:
        self._layers, self._terms, self._scale, self._workers = layers, terms, scale, workers
        self._ends = ends

    def corrected(
        self, vectors: Vectors, fineness: int, memory: Vectors
    ) -> tuple[NDArray[np.float64], Vectors]:
        """Ritz values, and start vectors that hold the outer Ritz vectors, in the space of the patterns of vectors.

        The vectors are Ritz vectors as of `outer_pairs`, and what starts the iteration again is made of such by
        `Ends.folded`; the values are all of the last basis. The basis takes `memory`, at least as many numbers as 28 of
        the vectors have, which are overwritten.
        """
        finer = _FINER**fineness
        patterns, terms = self._of([vectors], _MOST * 2**fineness, _NEGLIGIBLE / finer)
        start = patterns.restricted(vectors)
        if not fineness:
            few = patterns.first(_FEW)
            rough = self._ends.folded(few.restricted(start))
            start = few.lifted(
                self._solved(few.layers_of_patterns, few.terms(terms), rough, _ROUGH, memory)[1]
            )
        accuracy = max(_ACCURACY / finer, _ROUNDING)
        start = self._ends.folded(start)
        pairs, found = self._solved(patterns.layers_of_patterns, terms, start, accuracy, memory)
        return pairs.values, patterns.lifted(self._ends.folded(found))

    def seen(
        self, vectors: Sequence[Vectors], memory: Vectors
    ) -> tuple[NDArray[np.float64], Callable[[], Vectors]]:
        """The same, of several arrays of Ritz vectors; the start vectors are rough, and made by what is returned."""
        patterns, terms = self._of(vectors, _MOST, _NEGLIGIBLE)
        start = np.hstack([self._ends.folded(patterns.restricted(part)) for part in vectors])
        pairs, found = self._solved(patterns.layers_of_patterns, terms, start, _ROUGH, memory)
        return pairs.values, lambda: patterns.lifted(self._ends.folded(found))

    def _of(
        self, vectors: Sequence[Vectors], most: int, negligible: float
    ) -> tuple[ChannelPatterns, list[Term]]:
        """Patterns of vectors, and the terms between them."""
        patterns = ChannelPatterns.of_vectors(
            self._layers, vectors, most=most, negligible=negligible, workers=self._workers
        )
        return patterns, patterns.terms(self._terms)

    def _solved(
        self,
        layers: Sequence[NodeLayer],
        terms: Sequence[Term],
        start: Vectors,
        accuracy: float,
        memory: Vectors,
    ) -> tuple[RitzPairs, Vectors]:
        """Pairs at both ends of a small graph, with residuals of this accuracy."""

        def finished(pairs: RitzPairs) -> bool:
            return bool(self._ends.of(pairs.residuals).max() <= accuracy * pairs.values[0])

        return outer_pairs(
            Adjacency.of_terms(layers, terms, self._scale, self._workers).product,
            start,
            finished,
            ends=self._ends,
            memory=memory[: _CAPACITY * len(start)],
            max_products=_MAX_PRODUCTS,
            random=generator("coarse", len(start)),
            workers=self._workers,
        )
