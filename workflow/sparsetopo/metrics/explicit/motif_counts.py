"""Copies of every connected graph on four nodes, from the degrees and the entries of A^2.

A is the undirected pattern, d are the degrees, and t_e is the entry of A^2 at edge e = (u, v): the number of triangles
on e. ``docs/graph.md`` has the closed forms (motif4). Totals pass 2^53, so sums end in Python integers.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.exact_sums import exact_sum
from sparsetopo.metrics.explicit.cliques import count_four_cliques
from sparsetopo.metrics.explicit.layer_blocks import LayerBlocks
from sparsetopo.metrics.explicit.products import sum_of_squares, values_at, walk_counts
from sparsetopo.metrics.primitives import MotifCounts


def motif_counts(blocks: LayerBlocks, degrees: NDArray[np.int64]) -> MotifCounts:
    """Count the motifs, given the (V,) undirected degrees."""
    edges = sum(block.nnz for block in blocks.directed.values())
    trace, on_edges, on_edges_by_degree, diamonds = _two_walk_sums(blocks, degrees)
    triangles = on_edges // 3
    values, times = (array.tolist() for array in np.unique(degrees, return_counts=True))
    stars = sum(n * (d * (d - 1) * (d - 2) // 6) for d, n in zip(values, times, strict=True))
    squares = sum(n * d * d for d, n in zip(values, times, strict=True))
    paths = 0
    for (source, target), block in blocks.directed.items():
        rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        sources, targets = _edge_degrees(blocks, degrees, source, target, rows, block.indices)
        paths += exact_sum((sources - 1) * (targets - 1))
    return MotifCounts(
        stars=stars,
        paths=paths - 3 * triangles,
        cycles=(trace - 2 * squares + 2 * edges) // 8,
        paws=on_edges_by_degree // 2 - 6 * triangles,
        diamonds=diamonds,
        cliques=count_four_cliques(blocks),
        triangles=triangles,
    )


def _two_walk_sums(blocks: LayerBlocks, degrees: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """(tr A^4, sum_e t_e, sum_e t_e (d_u + d_v), sum_e C(t_e, 2))."""
    trace = on_edges = by_degree = diamonds = 0
    for first, last, middles in _walked_layers(blocks):
        direct = blocks.undirected(first, last) if last in blocks.neighbours[first] else None
        left = [blocks.undirected(first, middle) for middle in middles]
        right = [blocks.undirected(middle, last) for middle in middles]
        for start, stop, counts in walk_counts(left, right):
            # A^2 is symmetric: a layer pair off the diagonal stands for two.
            trace += sum_of_squares(counts) * (1 if first == last else 2)
            if direct is None:
                continue
            rows, columns, t = values_at(counts, direct[start:stop])
            ends = _edge_degrees(blocks, degrees, first, last, rows + start, columns)
            on_edges += exact_sum(t)
            by_degree += exact_sum(t * (ends[0] + ends[1]))
            diamonds += exact_sum(t * (t - 1) // 2)
    return trace, on_edges, by_degree, diamonds


def _walked_layers(blocks: LayerBlocks) -> Iterator[tuple[int, int, list[int]]]:
    """(first, last, layers between) for first <= last joined by undirected walks of two steps."""
    layers = len(blocks.sizes)
    for first in range(layers):
        for last in range(first, layers):
            middles = sorted(blocks.neighbours[first] & blocks.neighbours[last])
            if middles:
                yield first, last, middles


def _edge_degrees(
    blocks: LayerBlocks,
    degrees: NDArray[np.int64],
    first: int,
    last: int,
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Degrees of both ends of edges that are given by their positions within two layers."""
    return degrees[blocks.offsets[first] + rows], degrees[blocks.offsets[last] + columns]
