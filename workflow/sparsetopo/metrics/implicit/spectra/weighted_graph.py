"""What both spectra are computed from: a graph's layers, terms, weighted degrees and quotient."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.terms import Term, terms_of
from sparsetopo.metrics.implicit.spectra.quotient.graph import Quotient, quotient


class WeightedGraph:
    """A graph given by its node layers, its bundles and its (V,) weighted degrees."""

    def __init__(
        self,
        layers: Sequence[NodeLayer],
        bundles: Sequence[Bundle],
        degrees: NDArray[np.float64],
    ) -> None:
        self.layers, self.degrees = layers, degrees
        self._bundles = bundles

    @cached_property
    def terms(self) -> list[Term]:
        """What its adjacency matrix is the sum of."""
        return terms_of(self.layers, self._bundles)

    @cached_property
    def quotient(self) -> Quotient | None:
        """The smaller graph of classes of alike positions, if there is one."""
        return quotient(self.layers, self.terms)
