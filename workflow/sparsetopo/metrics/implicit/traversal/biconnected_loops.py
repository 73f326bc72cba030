"""Compiled loops of the biconnected components; ``docs/graph.md`` explains the method.

Sets of tree edges are kept as trees of pointers in `sets`, where a node stands for the edge above
it. Each set is connected and is named by one of its topmost edges.
"""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.compiled import inlined, loop
from sparsetopo.metrics.implicit.neighbours import Neighbours
from sparsetopo.metrics.implicit.traversal.forest import Forest
from sparsetopo.metrics.implicit.traversal.forest_loops import layer_of


@loop
def merge(
    neighbours: Neighbours,
    forest: Forest,
    sets: NDArray[np.int32],
    sizes: NDArray[np.int32],
    found: NDArray[np.int64],
) -> None:
    """Merge the tree edges of each biconnected component.

    At first each node is its own in `sets`, which holds pointers afterwards. `sizes`, (V,) zeros, and `found`, (largest
    degree,) of any value, are scratch space.
    """
    order, parents = forest.order, forest.parents
    first = found[:1]
    layer = 0
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and parents[order[stop]] >= 0:
            stop += 1
        members = order[start + 1 : stop]  # of a tree, without its root
        for node in members:
            layer = layer_of(neighbours, node, layer)
            if _other_neighbours(neighbours, parents, layer, node, first) > 0:
                _close_cycle(forest, sets, node, first[0])
        giant = _largest(sets, members, sizes)
        for node in members:
            if _find(sets, node) != _find(sets, giant):
                layer = layer_of(neighbours, node, layer)
                count = _other_neighbours(neighbours, parents, layer, node, found)
                for other in found[:count]:
                    _close_cycle(forest, sets, node, other)
        start = stop


@inlined
def _other_neighbours(
    neighbours: Neighbours,
    parents: NDArray[np.int32],
    layer: int,
    node: int,
    found: NDArray[np.int64],
) -> int:
    """Write neighbours that are neither parent nor child, until `found` is full; return how many."""
    starts = neighbours.position_starts
    channel, pixel = divmod(node - neighbours.layer_offsets[layer], neighbours.layer_plane[layer])
    row, column = divmod(pixel, neighbours.layer_width[layer])
    count = 0
    for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
        index, channels = channel - neighbours.first_channel[half], neighbours.num_channels[half]
        if not 0 <= index < channels:
            continue
        rows, columns = neighbours.rows[half] + row, neighbours.columns[half] + column
        for r in range(starts[rows], starts[rows + 1]):
            origin = neighbours.to_node[half] + neighbours.positions[r] * neighbours.to_width[half]
            for s in range(starts[columns], starts[columns + 1]):
                tap = neighbours.taps[r] * neighbours.column_taps[half] + neighbours.taps[s]
                entry = neighbours.list_base[half] + tap * channels + index
                for e in range(neighbours.list_starts[entry], neighbours.list_starts[entry + 1]):
                    plane = neighbours.ends[e] * neighbours.to_plane[half]
                    other = origin + plane + neighbours.positions[s]
                    if other != parents[node] and parents[other] != node:
                        found[count] = other
                        count += 1
                        if count == len(found):
                            return count
    return count


@inlined
def _close_cycle(forest: Forest, sets: NDArray[np.int32], node: int, other: int) -> None:
    """Merge the tree edges of the cycle that another edge between two nodes closes.

    Climb from both ends, a set at a time, until both are in one set or the sets meet at a node (``docs/graph.md``).
    """
    parents, levels = forest.parents, forest.levels
    low, high = _find(sets, node), _find(sets, other)
    while low != high:
        if levels[low] < levels[high]:
            low, high = high, low
        if parents[low] == parents[high]:
            sets[low] = high
            return
        above = _find(sets, parents[low])
        sets[low] = above
        low = above


@inlined
def _find(sets: NDArray[np.int32], node: int) -> int:
    """Name of a node's set; the path of pointers to it is halved."""
    while sets[node] != node:
        sets[node] = sets[sets[node]]
        node = sets[node]
    return node


@inlined
def _largest(sets: NDArray[np.int32], nodes: NDArray[np.int32], sizes: NDArray[np.int32]) -> int:
    """Name of the set that holds most of these nodes; -1 if there are none."""
    largest = -1
    for node in nodes:
        name = _find(sets, node)
        sizes[name] += 1
        if largest < 0 or sizes[name] > sizes[largest]:
            largest = name
    return largest


@loop
def count(forest: Forest, sets: NDArray[np.int32]) -> tuple[int, int]:
    """Replace pointers by names; return the numbers of bridges and of articulation points."""
    shared = np.zeros(len(sets), dtype=np.bool_)
    separating = np.zeros(len(sets), dtype=np.bool_)
    bridges = articulation_points = 0
    for node in range(len(sets)):
        sets[node] = _find(sets, node)
        if sets[node] != node:
            shared[sets[node]] = True
    for node in range(len(sets)):
        parent = forest.parents[node]
        if parent < 0:
            continue
        if sets[node] == node and not shared[node]:
            bridges += 1
        if sets[parent] == parent and forest.parents[parent] < 0:
            sets[parent] = sets[node]
        if sets[parent] != sets[node] and not separating[parent]:
            separating[parent] = True
            articulation_points += 1
    return bridges, articulation_points
