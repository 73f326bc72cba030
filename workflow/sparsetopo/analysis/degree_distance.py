"""How far apart two graphs are by their sorted degree sequences alone."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

KINDS = ("degree", "in_degree", "out_degree")


def degree_distances(first: "MGE", second: "MGE") -> list[dict[str, float | str]]:
    """Distances of the sorted degree sequences of two graphs of one network, over all of its nodes.

    Parameters
    ----------
    first, second
        Graphs with as many nodes, such as those of two masks of one network.

    Returns
    -------
    list of dict
        For the degree, the in-degree and the out-degree: degrees (which), mean_a, mean_b (edges a node), wasserstein,
        distance. With a and b the sequences in ascending order, wasserstein is the mean of abs(a_i - b_i), in edges a
        node: the least by which degrees must change, on average, to turn one sequence into the other. distance is the
        sum of abs(a_i - b_i) over the sum of all degrees of both graphs, in 0..1: 0 for equal sequences, 1 where only
        one of two nodes of each rank has any edge; 0 if neither graph has an edge.

    Raises
    ------
    EncodingError
        If one graph has more nodes than the other.

    Notes
    -----
    The mean difference of sorted values is the 1-Wasserstein distance of the two degree distributions: Peyré and
    Cuturi, "Computational optimal transport" (2019), remark 2.28. The normalised one is the Bray-Curtis dissimilarity
    of the sorted sequences. Neither knows which node has which degree: equal sequences do not mean equal graphs.

    Examples
    --------
    >>> from sparsetopo.layers import rolled
    >>> ones = np.ones((2, 2))
    >>> graphs = [rolled(ones, np.array(mask, bool)) for mask in ([[1, 1], [0, 0]], [[1, 0], [0, 1]])]
    >>> degree_distances(*graphs)[0]["distance"]
    0.25
    """
    if first.num_nodes != second.num_nodes:
        raise EncodingError(
            f"the graphs have {first.num_nodes:,} and {second.num_nodes:,} nodes, so they are not of one network; "
            "their degree sequences have no distance."
        )
    sequences = zip(KINDS, _degrees(first), _degrees(second), strict=True)
    return [{"degrees": kind, **_distance(a, b)} for kind, a, b in sequences]


def _degrees(mge: "MGE") -> tuple[NDArray[np.int64], ...]:
    from sparsetopo.metrics.implicit.backend import ImplicitPrimitives

    primitives = ImplicitPrimitives(mge)
    read, written = primitives.in_degrees, primitives.out_degrees
    return read + written, read, written


def _distance(first: NDArray[np.int64], second: NDArray[np.int64]) -> dict[str, float]:
    total = int(np.abs(np.sort(first) - np.sort(second)).sum())
    edges = int(first.sum() + second.sum())
    nodes = len(first)
    return {
        "mean_a": int(first.sum()) / nodes,
        "mean_b": int(second.sum()) / nodes,
        "wasserstein": total / nodes,
        "distance": total / edges if edges else 0.0,
    }
