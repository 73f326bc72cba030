"""Sets of four pairwise joined nodes.

Such a set needs four node layers that are pairwise joined; ``docs/graph.md`` (K4) says which networks have them.
"""

from collections.abc import Iterator

import numpy as np

from sparsetopo.metrics.explicit.layer_blocks import LayerBlocks


def count_four_cliques(blocks: LayerBlocks) -> int:
    """Count the 4-cliques of the undirected graph."""
    return sum(_count_in(blocks, layers) for layers in _joined_fours(blocks))


def _joined_fours(blocks: LayerBlocks) -> Iterator[list[int]]:
    """Every four pairwise joined layers."""
    neighbours = blocks.neighbours
    for a in range(len(neighbours)):
        after_a = {layer for layer in neighbours[a] if layer > a}
        for b in sorted(after_a):
            after_b = {layer for layer in after_a & neighbours[b] if layer > b}
            for c in sorted(after_b):
                for d in sorted(layer for layer in after_b & neighbours[c] if layer > c):
                    yield [a, b, c, d]


def _count_in(blocks: LayerBlocks, layers: list[int]) -> int:
    """Count the 4-cliques with one node in each of four layers.

    They are the triangles among the neighbours of each node of the smallest layer.
    """
    apex, first, second, third = sorted(layers, key=lambda layer: blocks.sizes[layer])
    to_first, to_second, to_third = (blocks.undirected(apex, b) for b in (first, second, third))
    first_second = blocks.undirected(first, second)
    first_third = blocks.undirected(first, third)
    second_third = blocks.undirected(second, third)
    cliques = 0
    for node in range(blocks.sizes[apex]):
        near = [
            block.indices[block.indptr[node] : block.indptr[node + 1]]
            for block in (to_first, to_second, to_third)
        ]
        if all(len(nodes) for nodes in near):
            through_second = first_second[near[0]][:, near[1]] @ second_third[near[1]][:, near[2]]
            closed = through_second.multiply(first_third[near[0]][:, near[2]])
            cliques += int(closed.sum(dtype=np.int64))
    return cliques
