"""Motif counts from degrees and sums over the entries of A^2; ``docs/graph.md`` has the closed forms (motif4)."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.metrics.implicit.walks.edge_sums import edge_product_sum
from sparsetopo.metrics.implicit.walks.triangles import Triangles
from sparsetopo.metrics.primitives import MotifCounts


def motif_counts(
    degrees: Sequence[NDArray[np.int64]],
    bundles: Sequence[Bundle],
    trace: int,
    triangles: Mapping[tuple[int, int], Triangles],
) -> MotifCounts:
    """Count the motifs of a graph without cliques of four nodes.

    Parameters
    ----------
    degrees
        (channels, height, width) undirected degrees of the nodes of each layer.
    trace
        tr A^4.
    triangles
        Triangles on the edges between a source and a target layer, where there are any.
    """
    stars = squares = 0
    for planes in degrees:
        numbers = np.bincount(planes.ravel())
        occurring = np.flatnonzero(numbers)
        for degree, nodes in zip(occurring.tolist(), numbers[occurring].tolist(), strict=True):
            stars += nodes * (degree * (degree - 1) * (degree - 2) // 6)
            squares += nodes * degree**2
    edges = sum(bundle.num_edges for bundle in bundles)
    on_edges = sum(sums.total() for sums in triangles.values())
    on_edges_by_degree = sum(
        sums.weighted_total(degrees[source], degrees[target])
        for (source, target), sums in triangles.items()
    )
    num_triangles = on_edges // 3
    paths = sum(
        edge_product_sum(bundle, degrees[bundle.source] - 1, degrees[bundle.target] - 1)
        for bundle in bundles
    )
    return MotifCounts(
        stars=stars,
        paths=paths - 3 * num_triangles,
        cycles=(trace - 2 * squares + 2 * edges) // 8,
        paws=on_edges_by_degree // 2 - 6 * num_triangles,
        diamonds=sum(sums.diamonds for sums in triangles.values()),
        cliques=0,
        triangles=num_triangles,
    )
