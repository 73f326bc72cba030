"""Bridges and articulation points of the undirected graph, from its biconnected components.

These are what remains of the tree edges of a breadth-first forest when those of each fundamental cycle are merged.
``docs/graph.md`` says which edges need not be looked at, with proofs and sources.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal import biconnected_loops
from sparsetopo.metrics.implicit.traversal.forest import Forest


class Biconnectivity(NamedTuple):
    """The biconnected components of a graph.

    `components` are, for each node, that of the tree edge above it, named by one of its nodes. For a root it is one of
    the components it belongs to; for an isolated node, itself.
    """

    components: NDArray[np.int32]
    num_bridges: int
    num_articulation_points: int


def biconnected(
    neighbours: Neighbours, degrees: NDArray[np.int64], forest: Forest
) -> Biconnectivity:
    """Find the biconnected components, given (V,) undirected degrees and the breadth-first forest."""
    components = np.arange(len(degrees), dtype=np.int32)
    sizes = np.zeros(len(degrees), dtype=np.int32)
    found = np.empty(int(degrees.max(initial=0)), dtype=np.int64)
    biconnected_loops.merge(neighbours, forest, components, sizes, found)
    return Biconnectivity(components, *biconnected_loops.count(forest, components))
