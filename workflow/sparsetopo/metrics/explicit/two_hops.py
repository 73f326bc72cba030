"""Pairs of nodes joined by a directed walk of one or two edges."""

from sparsetopo.metrics.explicit.layer_blocks import LayerBlocks
from sparsetopo.metrics.explicit.products import count_positive, values_at, walk_counts


def pairs_within_two_hops(blocks: LayerBlocks) -> int:
    """Count the entries of the pattern of A + A^2, layer pair by layer pair.

    Where an edge block and walks of two steps join the same two layers, a pair that has both counts
    once.
    """
    # {(first layer, last layer): layers that a walk of two steps passes between them}
    through: dict[tuple[int, int], list[int]] = {}
    for first, middle in blocks.directed:
        for start, last in blocks.directed:
            if start == middle:
                through.setdefault((first, last), []).append(middle)
    pairs = sum(block.nnz for block in blocks.directed.values())
    for (first, last), middles in through.items():
        direct = blocks.directed.get((first, last))
        left = [blocks.directed[first, middle] for middle in middles]
        right = [blocks.directed[middle, last] for middle in middles]
        for start, stop, counts in walk_counts(left, right):
            pairs += count_positive(counts)
            if direct is not None:
                both, _, _ = values_at(counts, direct[start:stop])
                pairs -= len(both)
    return int(pairs)
