"""The graph as an `igraph.Graph`."""

from typing import TYPE_CHECKING

import numpy as np

from sparsetopo.extras import needed_for
from sparsetopo.graphs.export.edge_blocks import edges
from sparsetopo.graphs.export.memory import require_memory

if TYPE_CHECKING:
    from igraph import Graph

    from sparsetopo.graphs.mge import MGE

# Peak resident memory on Resnet-20 at sparsity 0.98, 0.9 and 0.6 (0.7, 3.7 and 15 million edges, 0.2
# million nodes; igraph 1.0.0, Python 3.11): 78 to 90 bytes an edge, because vectors grow by
# doubling, and 30 a node. A tenth is added.
BYTES_PER_EDGE = 100
BYTES_PER_NODE = 33


def to_igraph(mge: "MGE") -> "Graph":
    """Build the graph; see `MGE.to_igraph`."""
    needed = mge.num_edges * BYTES_PER_EDGE + mge.num_nodes * BYTES_PER_NODE
    require_memory(needed, mge.num_edges)
    with needed_for("to_igraph"):
        import igraph

    # igraph reads an iterator of pairs five times as fast as an array, and in a third of the memory.
    pairs = ((source, target) for source, target, _ in edges(mge))
    graph = igraph.Graph(mge.num_nodes, pairs, directed=True)
    graph.es["weight"] = [weight for _, _, weight in edges(mge)]
    graph.vs["layer"] = np.repeat(np.arange(len(mge.layer_sizes)), mge.layer_sizes).tolist()
    return graph
