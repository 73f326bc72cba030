"""The ten topometrics that exist for a bipartite graph of one layer.

All but the 3-node motifs are measured by `sparsetopo.metrics`, the code that measures whole
networks. Of the paper's sixteen, six say nothing of a single layer (sinks, sources, disconnected
nodes, the two shares of their edges) or equal another (n2 = n1, as no walk has two steps).

Source: Cunegatti et al., TMLR 2024, section 4.2 and their released tables of both encodings.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sparsetopo.layers.bge import degrees
from sparsetopo.metrics.measure import scaled, topometrics

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

MOTIF_SIZES = (3, 4)

BGE_METRICS = (
    "motif",
    "n1",
    "k_core",
    "strength",
    "components",
    "component_size",
    "cut_edges",
    "cut_nodes",
    "spectral_gap",
    "spectral_radius",
)
"""Names of the ten, in the order of the paper's families."""


def bge_topometrics(graph: "MGE", motif_size: int = 3, threads: int = 1) -> dict[str, int | float]:
    """Topometrics of a layer's graph, exact and raw.

    Parameters
    ----------
    graph
        Of `sparsetopo.layers.rolled` or `rolled_channel`.
    motif_size
        Nodes of the connected induced subgraphs that ``motif`` counts: 3 or 4.
    threads
        Threads to compute in. No result depends on it.

    Returns
    -------
    dict
        {metric: value} of `BGE_METRICS`; counts as int. Without edges: no motifs, strength, cores,
        cuts; n1 = 1, every node is a component, and gap and radius are 0.

    Raises
    ------
    ValueError
        If `motif_size` is neither 3 nor 4.
    """
    _require_size(motif_size)
    names = [name for name in BGE_METRICS if name != "motif"]
    values = topometrics(graph, [*names, "motif4"] if motif_size == 4 else names, threads=threads)
    motif = values["motif4"] if motif_size == 4 else three_node_motifs(graph)
    return {name: motif if name == "motif" else values[name] for name in BGE_METRICS}


def three_node_motifs(graph: "MGE") -> int:
    """Count the connected induced subgraphs of three nodes of a bipartite graph.

    Without triangles each of them is a path: two of the neighbours of its middle node.
    """
    return sum(degree * (degree - 1) // 2 for side in degrees(graph) for degree in side.tolist())


def scaled_bge_topometrics(
    values: Mapping[str, int | float], nodes: int, edges: int
) -> dict[str, float | None]:
    """Divide raw values by V or E as the paper's analysis does; None (missing) if E = 0.

    Parameters
    ----------
    values
        Of `bge_topometrics`.
    nodes, edges
        V and E of the graph.

    Returns
    -------
    dict
        Motif, n1, core number, strength and cuts over E; component size over V; the rest as it is.
    """
    known = {"motif4" if name == "motif" else name: value for name, value in values.items()}
    divided = scaled(known, nodes, edges)
    return {name: divided["motif4" if name == "motif" else name] for name in values}


def _require_size(motif_size: int) -> None:
    if motif_size not in MOTIF_SIZES:
        raise ValueError(f"motif_size is {motif_size!r}, but must be 3 or 4.")
