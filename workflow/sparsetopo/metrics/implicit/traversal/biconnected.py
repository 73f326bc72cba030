"""Bridges and articulation points of the undirected graph, from its blocks.

Two edges belong to one block (biconnected component) if some cycle holds both. The fundamental
cycles of a spanning forest, one for every other edge, generate this relation, so the blocks are
what remains of the tree edges when those of each fundamental cycle are merged. Edges whose cycle
lies within one set change nothing, and few edges need to be looked at to find that out:

- In a breadth-first forest no other edge joins a node to its ancestor, so its cycle holds the tree
  edges above both its ends.
- So one other edge of every node is tried first. That leaves, in each component, one set that holds
  nearly all tree edges; an edge between two of its nodes changes nothing.
- Then all edges of the nodes outside that set are tried.

A bridge is a tree edge that no cycle merged with another. A node is an articulation point if the
tree edges at it are in different sets.

Blocks as sets of tree edges: Tarjan and Vishkin, SIAM Journal on Computing 14 (1985); trying few
edges to find the giant set: Sutton, Ben-Nun and Barak, IPDPS 2018, for components.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal import biconnected_loops
from sparsetopo.metrics.implicit.traversal.forest import Forest


class Biconnectivity(NamedTuple):
    """The blocks of a graph.

    Attributes
    ----------
    blocks
        (V,) int32: block of the tree edge above each node, named by one of its nodes. Of a root:
        one of the blocks it belongs to; of an isolated node: itself.
    num_bridges
        Edges whose removal splits a component.
    num_articulation_points
        Nodes whose removal splits a component.
    """

    blocks: NDArray[np.int32]
    num_bridges: int
    num_articulation_points: int


def biconnected(
    neighbours: Neighbours, degrees: NDArray[np.int64], forest: Forest
) -> Biconnectivity:
    """Find the blocks of a graph.

    Parameters
    ----------
    neighbours
        The graph.
    degrees
        (V,) undirected degrees.
    forest
        Its breadth-first forest.
    """
    nodes = len(degrees)
    blocks = np.arange(nodes, dtype=np.int32)
    sizes = np.zeros(nodes, dtype=np.int32)
    found = np.empty(int(degrees.max(initial=0)), dtype=np.int64)
    biconnected_loops.merge(neighbours, forest, blocks, sizes, found)
    return Biconnectivity(blocks, *biconnected_loops.count(forest, blocks))
