"""Breadth-first forest of the undirected graph: weakly connected components and distances.

Each level is found from the one before, the *frontier*, by pushing or by pulling (``docs/graph.md``).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal import forest_loops


class Forest(NamedTuple):
    """A breadth-first tree of every component.

    Attributes
    ----------
    parents
        (V,) -1 for roots; an isolated node is a root.
    levels
        (V,) distance from the root.
    order
        (V,) nodes in the order they were reached: by component, then by level.
    """

    parents: NDArray[np.int32]
    levels: NDArray[np.int32]
    order: NDArray[np.int32]
    num_components: int


def breadth_first_forest(neighbours: Neighbours, degrees: NDArray[np.int64]) -> Forest:
    """Grow a forest over all nodes, given their (V,) undirected degrees."""
    nodes = len(degrees)
    parents = np.full(nodes, -1, dtype=np.int32)
    levels = np.full(nodes, forest_loops.UNREACHED, dtype=np.int32)
    order = np.empty(nodes, dtype=np.int32)
    isolated = np.flatnonzero(degrees == 0)
    levels[isolated] = 0
    order[: len(isolated)] = isolated
    pixel_starts = np.append(0, np.cumsum(neighbours.layer_plane))
    search = forest_loops.Search(
        parents,
        levels,
        order,
        unreached=np.add.reduceat(degrees > 0, neighbours.layer_offsets[:-1], dtype=np.int64),
        frontier=np.zeros(len(neighbours.layer_plane), dtype=np.int64),
        pulls=np.zeros(len(neighbours.layer_plane), dtype=np.bool_),
        edges=forest_loops.edges_of_halves(neighbours),
        pixel_starts=pixel_starts,
        pixels=np.full(pixel_starts[-1], -1, dtype=np.int32),
    )
    trees = forest_loops.grow(neighbours, search, degrees, len(isolated))
    return Forest(parents, levels, order, trees)
