"""Core numbers of the undirected graph, by peeling pixels: ``docs/graph.md`` has the method and its proof.

Memory besides the result: 2 bytes a node (4 where a degree reaches 2**15) and at most 2 bytes for each weight of the
dense network.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal.core_loops import peel
from sparsetopo.metrics.implicit.traversal.core_tables import patterns, whole_graph


def core_numbers(
    layers: Sequence[NodeLayer],
    bundles: Sequence[Bundle],
    neighbours: Neighbours,
    degrees: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(V,) int64 core numbers of a graph, given its neighbour tables and (V,) undirected degrees."""
    cores = np.empty(len(degrees), dtype=np.int64)
    peel(neighbours, patterns(bundles), whole_graph(layers, neighbours, degrees), cores)
    return cores
