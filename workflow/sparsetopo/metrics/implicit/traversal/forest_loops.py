"""Compiled loops of the breadth-first forest; ``docs/graph.md`` explains the method."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.compiled import inlined, loop
from sparsetopo.metrics.implicit.neighbours import Neighbours

UNREACHED = -1  # level of the nodes that are still to be found
# Skipping a node while pulling takes about this part of the time of looking at an edge.
_SKIPPING = 1 / 8


class Search(NamedTuple):
    """What a search has found so far, and its tables.

    Attributes
    ----------
    parents, levels, order
        As in the finished forest; the level of other nodes is UNREACHED.
    unreached, frontier
        (layers,) number of nodes still to be found, and of those on the level whose successor is being found.
    pulls
        (layers,) whether the layer's nodes on the next level are found by pulling.
    edges
        (halves,) number of edges.
    pixel_starts
        (layers + 1,) first pixel of each layer.
    pixels
        (pixels,) the last frontier, of those that `_choose` counted, that had a node there; a frontier is named by
        where it starts in the order. -1 at first.
    """

    parents: NDArray[np.int32]
    levels: NDArray[np.int32]
    order: NDArray[np.int32]
    unreached: NDArray[np.int64]
    frontier: NDArray[np.int64]
    pulls: NDArray[np.bool_]
    edges: NDArray[np.int64]
    pixel_starts: NDArray[np.int64]
    pixels: NDArray[np.int32]


@loop
def grow(neighbours: Neighbours, search: Search, degrees: NDArray[np.int64], reached: int) -> int:
    """Complete a search that has reached the isolated nodes; return the number of trees."""
    trees = reached
    layer = 0
    largest = int(degrees.argmax())
    for attempt in range(-1, len(degrees)):
        root = largest if attempt < 0 else attempt
        if search.levels[root] != UNREACHED:
            continue
        trees += 1
        start = reached
        layer = layer_of(neighbours, root, layer)
        _reach(search, root, layer, -1, 0, reached)
        reached += 1
        while start < reached:
            stop = reached
            # Choosing looks at every half, which costs more than pushing from a few nodes.
            choosing = stop - start > len(search.edges)
            if choosing:
                _choose(neighbours, search, start, stop)
                reached = _pull(neighbours, search, start, reached)
            for node in search.order[start:stop]:
                layer = layer_of(neighbours, node, layer)
                reached = _push(neighbours, search, layer, node, reached)
            if choosing:
                search.pulls[:] = False
            start = stop
    return trees


@inlined
def layer_of(neighbours: Neighbours, node: int, layer: int) -> int:
    """Node layer of a node, sought from `layer` on."""
    while node >= neighbours.layer_offsets[layer + 1]:
        layer += 1
    while node < neighbours.layer_offsets[layer]:
        layer -= 1
    return layer


@inlined
def _reach(search: Search, node: int, layer: int, parent: int, level: int, reached: int) -> None:
    """Add a node to the forest, at position `reached` of the order."""
    search.parents[node] = parent
    search.levels[node] = level
    search.order[reached] = node
    search.unreached[layer] -= 1


@inlined
def _push(neighbours: Neighbours, search: Search, layer: int, node: int, reached: int) -> int:
    """Reach the neighbours of a node in the layers that do not pull."""
    starts = neighbours.position_starts
    channel, pixel = divmod(node - neighbours.layer_offsets[layer], neighbours.layer_plane[layer])
    row, column = divmod(pixel, neighbours.layer_width[layer])
    level = search.levels[node] + 1
    for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
        index, channels = channel - neighbours.first_channel[half], neighbours.num_channels[half]
        target = neighbours.to_layer[half]
        if search.pulls[target] or search.unreached[target] == 0 or not 0 <= index < channels:
            continue
        rows, columns = neighbours.rows[half] + row, neighbours.columns[half] + column
        for r in range(starts[rows], starts[rows + 1]):
            origin = neighbours.to_node[half] + neighbours.positions[r] * neighbours.to_width[half]
            for s in range(starts[columns], starts[columns + 1]):
                tap = neighbours.taps[r] * neighbours.column_taps[half] + neighbours.taps[s]
                entry = neighbours.list_base[half] + tap * channels + index
                for e in range(neighbours.list_starts[entry], neighbours.list_starts[entry + 1]):
                    plane = neighbours.ends[e] * neighbours.to_plane[half]
                    neighbour = origin + plane + neighbours.positions[s]
                    if search.levels[neighbour] == UNREACHED:
                        _reach(search, neighbour, target, node, level, reached)
                        reached += 1
    return reached


@loop
def _choose(neighbours: Neighbours, search: Search, start: int, stop: int) -> None:
    """Count the frontier by layers, and mark the layers where pulling is cheaper.

    Pushing into a layer looks at all edges from the frontier to it. A pulling node looks at its
    edges from pixels where the frontier is; one in (all edges from these pixels / edges from the
    frontier) comes from the frontier.
    """
    offsets, planes = neighbours.layer_offsets, neighbours.layer_plane
    covered = np.zeros(len(search.frontier), dtype=np.int64)
    search.frontier[:] = 0
    layer = 0
    for node in search.order[start:stop]:
        layer = layer_of(neighbours, node, layer)
        search.frontier[layer] += 1
        pixel = search.pixel_starts[layer] + (node - offsets[layer]) % planes[layer]
        if search.pixels[pixel] != start:
            search.pixels[pixel] = start
            covered[layer] += 1
    for layer in range(len(search.pulls)):
        size = offsets[layer + 1] - offsets[layer]
        seen = pushed = 0.0
        for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
            source = neighbours.to_layer[half]
            sources = offsets[source + 1] - offsets[source]
            seen += search.edges[half] * (covered[source] / planes[source])
            pushed += search.edges[half] * (search.frontier[source] / sources)
        if pushed > 0 and search.unreached[layer] > 0:
            looked_at = min(seen / size, seen / pushed)
            pulled = search.unreached[layer] * looked_at + size * _SKIPPING
            search.pulls[layer] = pulled < pushed


@loop
def _pull(neighbours: Neighbours, search: Search, start: int, reached: int) -> int:
    """Reach the next level in the layers that pull; the frontier begins at `start` in the order."""
    level = search.levels[search.order[start]]
    for layer in range(len(search.pulls)):
        if search.pulls[layer]:
            near = _pixels_near_frontier(neighbours, search, layer, start)
            node = neighbours.layer_offsets[layer]
            while node < neighbours.layer_offsets[layer + 1]:
                for pixel in range(len(near)):
                    if near[pixel] and search.levels[node] == UNREACHED:
                        parent = _neighbour_on_level(neighbours, search, layer, node, level)
                        if parent >= 0:
                            _reach(search, node, layer, parent, level + 1, reached)
                            reached += 1
                    node += 1
    return reached


@inlined
def _pixels_near_frontier(
    neighbours: Neighbours, search: Search, layer: int, start: int
) -> NDArray[np.bool_]:
    """Whether a pixel of a layer is joined to one where the frontier has a node."""
    starts = neighbours.position_starts
    near = np.zeros(neighbours.layer_plane[layer], dtype=np.bool_)
    for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
        source = neighbours.to_layer[half]
        if search.frontier[source] == 0:
            continue
        for pixel in range(len(near)):
            row, column = divmod(pixel, neighbours.layer_width[layer])
            rows, columns = neighbours.rows[half] + row, neighbours.columns[half] + column
            for r in range(starts[rows], starts[rows + 1]):
                origin = search.pixel_starts[source]
                origin += neighbours.positions[r] * neighbours.to_width[half]
                for s in range(starts[columns], starts[columns + 1]):
                    near[pixel] |= search.pixels[origin + neighbours.positions[s]] == start
    return near


@inlined
def _neighbour_on_level(
    neighbours: Neighbours, search: Search, layer: int, node: int, level: int
) -> int:
    """First neighbour of a node that is on the level of the frontier, -1 if there is none."""
    starts = neighbours.position_starts
    channel, pixel = divmod(node - neighbours.layer_offsets[layer], neighbours.layer_plane[layer])
    row, column = divmod(pixel, neighbours.layer_width[layer])
    for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
        index, channels = channel - neighbours.first_channel[half], neighbours.num_channels[half]
        if search.frontier[neighbours.to_layer[half]] == 0 or not 0 <= index < channels:
            continue
        rows, columns = neighbours.rows[half] + row, neighbours.columns[half] + column
        for r in range(starts[rows], starts[rows + 1]):
            origin = neighbours.to_node[half] + neighbours.positions[r] * neighbours.to_width[half]
            for s in range(starts[columns], starts[columns + 1]):
                tap = neighbours.taps[r] * neighbours.column_taps[half] + neighbours.taps[s]
                entry = neighbours.list_base[half] + tap * channels + index
                for e in range(neighbours.list_starts[entry], neighbours.list_starts[entry + 1]):
                    plane = neighbours.ends[e] * neighbours.to_plane[half]
                    neighbour = origin + plane + neighbours.positions[s]
                    if search.levels[neighbour] == level:
                        return neighbour
    return -1


@loop
def edges_of_halves(neighbours: Neighbours) -> NDArray[np.int64]:
    """(halves,) number of edges."""
    starts, lists = neighbours.position_starts, neighbours.list_starts
    edges = np.zeros(len(neighbours.to_layer), dtype=np.int64)
    for layer in range(len(neighbours.layer_width)):
        width = neighbours.layer_width[layer]
        height = neighbours.layer_plane[layer] // width
        for half in range(neighbours.layer_halves[layer], neighbours.layer_halves[layer + 1]):
            rows, columns = neighbours.rows[half], neighbours.columns[half]
            channels = neighbours.num_channels[half]
            for r in range(starts[rows], starts[rows + height]):
                for s in range(starts[columns], starts[columns + width]):
                    tap = neighbours.taps[r] * neighbours.column_taps[half] + neighbours.taps[s]
                    entry = neighbours.list_base[half] + tap * channels
                    edges[half] += lists[entry + channels] - lists[entry]
    return edges
