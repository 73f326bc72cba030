"""One pass from the inputs and one from the outputs: sums over paths, and what lies on a path.

Both go through the node layers in order, so that every path is met, also those past skip connections and through
concatenations: all bundles that end in a layer are added up before any that leaves it is used.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.paths.large_numbers import Parts, normalised, summed
from sparsetopo.metrics.implicit.paths.moves import Maps
from sparsetopo.metrics.implicit.paths.product import BundleProduct

Flags = list[NDArray[np.bool_]]
"""Of each node layer (channels, height, width): which of its nodes."""


class PathGraph:
    """Node layers, bundles, and where paths begin and end: at the first `inputs` layers, and at the `outputs`.

    A path has at least one edge, so an input layer is no end of one, even if it is an output.
    """

    def __init__(
        self,
        layers: Sequence[NodeLayer],
        bundles: Sequence[Bundle],
        inputs: int,
        outputs: Sequence[int],
    ) -> None:
        self._layers, self._bundles, self._inputs = layers, bundles, inputs
        self._ends = [layer for layer in outputs if layer >= inputs]

    def from_inputs(self, *, weighted: bool) -> tuple[Parts, Flags]:
        """The sum over all paths of the product of their weights, and the nodes whose own sum is not 0.

        Weights are |w| or, if not `weighted`, 1: then these are the number of paths, and the nodes that an input
        reaches.
        """
        into: dict[int, list[Bundle]] = defaultdict(list)
        last_use: dict[int, int] = {}
        for bundle in self._bundles:
            into[bundle.target].append(bundle)
            last_use[bundle.source] = max(bundle.target, last_use.get(bundle.source, 0))
        values: dict[int, Parts] = {}
        ends: list[tuple[int, Maps]] = []
        reached: Flags = []
        for number, layer in enumerate(self._layers):
            shape = layer.channels, layer.height, layer.width
            if number < self._inputs:
                values[number] = [(0, np.ones(shape))]
            else:
                sums: dict[int, Maps] = {}
                for bundle in into[number]:
                    product = BundleProduct(self._layers, bundle, weighted)
                    for exponent, maps in values[bundle.source]:
                        product.ahead(maps, sums.setdefault(exponent, np.zeros(shape)))
                values[number] = normalised(list(sums.items()))
            reached.append(np.zeros(shape, dtype=bool))
            for _, maps in values[number]:
                reached[-1] |= maps > 0
            if number in self._ends:
                ends += summed(values[number])
            values = {n: kept for n, kept in values.items() if last_use.get(n, 0) > number}
        return normalised(ends), reached

    def from_outputs(self) -> tuple[Flags, list[Maps]]:
        """The nodes that reach an output, and for every node how many of its edges lead to one of them, exactly."""
        edges = [np.zeros((layer.channels, layer.height, layer.width)) for layer in self._layers]
        leading = [np.full(maps.shape, layer in self._ends) for layer, maps in enumerate(edges)]
        out_of: dict[int, list[Bundle]] = defaultdict(list)
        for bundle in self._bundles:
            out_of[bundle.source].append(bundle)
        for number in reversed(range(len(self._layers))):
            for bundle in out_of[number]:
                product = BundleProduct(self._layers, bundle, weighted=False)
                product.back(leading[bundle.target].astype(np.float64), edges[number])
            leading[number] |= edges[number] > 0
        return leading, edges
