"""Core numbers of the undirected graph, by peeling pixels: ``docs/graph.md`` has the method and its proof.

Memory besides the result: 2 bytes a node (4 where a degree reaches 2**15) and at most 2 bytes for each weight of the
dense network. Where positions are alike, one of each kind stands for all.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.neighbours import Neighbours, neighbours_of_halves
from sparsetopo.metrics.implicit.traversal.cells import Cells, cells
from sparsetopo.metrics.implicit.traversal.core_loops import peel
from sparsetopo.metrics.implicit.traversal.core_tables import patterns, whole_graph


def core_numbers(
    layers: Sequence[NodeLayer],
    bundles: Sequence[Bundle],
    neighbours: Neighbours,
    degrees: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(V,) int64 core numbers of a graph, given its neighbour tables and (V,) undirected degrees."""
    if (alike := cells(layers, bundles)) is not None:
        return _by_cells(layers, bundles, alike, degrees)
    cores = np.empty(len(degrees), dtype=np.int64)
    peel(neighbours, patterns(bundles), whole_graph(layers, neighbours, degrees), None, cores)
    return cores


def _by_cells(
    layers: Sequence[NodeLayer],
    bundles: Sequence[Bundle],
    alike: Cells,
    degrees: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Core numbers of the graph of cells, written to all nodes of each cell."""
    ends = np.cumsum([layer.size for layer in layers])[:-1]
    of_cells = [
        planes.reshape(layer.channels, -1)[:, samples].ravel()
        for layer, planes, samples in zip(
            layers, np.split(degrees, ends), alike.samples, strict=True
        )
    ]
    joined = np.concatenate(of_cells)
    tables = neighbours_of_halves(alike.layers, alike.halves)
    uses = {
        (half.near, half.far): np.bincount(half.columns.taps, minlength=half.num_taps)
        for half in alike.halves
    }
    cores = np.empty(len(joined), dtype=np.int64)
    whole = whole_graph(alike.layers, tables, joined)
    peel(tables, patterns(bundles, uses), whole, tables.times, cores)
    ends = np.cumsum([layer.size for layer in alike.layers])[:-1]
    return np.concatenate(
        [
            planes.reshape(layer.channels, -1)[:, labels].ravel()
            for layer, planes, labels in zip(
                layers, np.split(cores, ends), alike.labels, strict=True
            )
        ]
    )
