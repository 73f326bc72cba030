"""The graph as a `networkx.DiGraph`."""

from itertools import pairwise
from typing import TYPE_CHECKING

from sparsetopo.extras import needed_for
from sparsetopo.graphs.export.edge_blocks import edges
from sparsetopo.graphs.export.memory import require_memory

if TYPE_CHECKING:
    from networkx import DiGraph

    from sparsetopo.graphs.mge import MGE

# Peak resident memory on Resnet-20 at sparsity 0.98, 0.9 and 0.6 (0.7, 3.7 and 15 million edges, 0.2
# million nodes; networkx 3.6.1, Python 3.11): at most 370 bytes an edge and 620 a node. A fifth
# is added, because dictionaries grow in steps.
BYTES_PER_EDGE = 450
BYTES_PER_NODE = 740


def to_networkx(mge: "MGE") -> "DiGraph":
    """Build the graph; see `MGE.to_networkx`."""
    needed = mge.num_edges * BYTES_PER_EDGE + mge.num_nodes * BYTES_PER_NODE
    require_memory(needed, mge.num_edges)
    with needed_for("to_networkx"):
        import networkx

    graph = networkx.DiGraph()
    for layer, (start, stop) in enumerate(pairwise(mge.layer_offsets)):
        graph.add_nodes_from(range(start, stop), layer=layer)
    graph.add_weighted_edges_from(edges(mge))
    return graph
