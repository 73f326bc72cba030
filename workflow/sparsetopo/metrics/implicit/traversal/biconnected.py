"""Bridges and articulation points of the undirected graph, from its biconnected components.

Two edges belong to one biconnected component if some cycle holds both. The fundamental cycles of a
spanning forest, one for every other edge, generate this relation. So the components are what
remains of the tree edges when those of each fundamental cycle are merged. An edge whose cycle lies
within one set changes nothing, and few edges need to be looked at to find out which ones do:

- In a breadth-first forest no other edge joins a node to its ancestor, so its cycle holds the tree
  edges above both its ends.
- So one other edge of every node is tried first. In each tree that leaves one set with nearly all
  tree edges; an edge between two of its nodes changes nothing.
- Then all edges of the nodes outside that set are tried.

A bridge is a tree edge that no cycle merged with another. A node is an articulation point if the
tree edges at it are in different sets.

Biconnected components as sets of tree edges: Tarjan and Vishkin, SIAM Journal on Computing 14
(1985). Trying few edges to find the giant set: Sutton, Ben-Nun and Barak, IPDPS 2018, for connected
components.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal import biconnected_loops
from sparsetopo.metrics.implicit.traversal.forest import Forest


class Biconnectivity(NamedTuple):
    """The biconnected components of a graph.

    Attributes
    ----------
    components
        (V,) int32: biconnected component of the tree edge above each node, named by one of its
        nodes. For a root, one of the components it belongs to; for an isolated node, itself.
    num_bridges
        Edges whose removal splits a component.
    num_articulation_points
        Nodes whose removal splits a component.
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
