"""The ten topometrics of the bipartite graph of one layer (``docs/layers.md``), measured like those of whole networks.

The other six of the paper say nothing about a single layer (sinks, sources, disconnected nodes, the two shares of their
edges) or equal another metric (n2 = n1, as no walk has two steps).
"""

from typing import TYPE_CHECKING

from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.registry import LAYER_METRICS

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

_MOTIFS = {3: "motif", 4: "motif4"}


def bge_topometrics(graph: "MGE", motif_size: int = 3, threads: int = 1) -> dict[str, int | float]:
    """Topometrics of a layer's graph, exact and raw.

    Parameters
    ----------
    graph
        From `sparsetopo.layers.rolled` or `rolled_channel`.
    motif_size
        Nodes of the connected induced subgraphs that "motif" counts: 3 or 4.
    threads
        Number of threads. No result depends on it.

    Returns
    -------
    dict
        {metric: value} of `sparsetopo.metrics.registry.LAYER_METRICS`; counts as int. For a graph without edges n1 is
        1, every node is a component, and motif, strength, core number, cuts, gap and radius are 0.
        `sparsetopo.metrics.measure.scaled` divides the values as the paper's analysis does.

    Raises
    ------
    ValueError
        If `motif_size` is neither 3 nor 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sparsetopo.layers import rolled
    >>> values = bge_topometrics(rolled(np.ones((2, 3)), np.ones((2, 3), dtype=bool)))
    >>> values["motif"], values["components"], values["k_core"]
    (9, 1, 2.0)
    """
    if motif_size not in _MOTIFS:
        raise ValueError(f"motif_size is {motif_size!r}, but must be 3 or 4.")
    measured = {name: _MOTIFS[motif_size] if name == "motif" else name for name in LAYER_METRICS}
    values = topometrics(graph, measured.values(), threads=threads)
    return {name: values[other] for name, other in measured.items()}
