"""A drawing of one multipartite graph: node layers as columns, edges between them.

Of a layer with more than `nodes_per_layer` nodes only some are drawn; the count below its column says how many. In the
first layer they are evenly spaced in node order, thus over channels and over the picture. In each further layer they
are the nodes with the most edges from nodes that are drawn: only edges between drawn nodes can be shown, and few would
be left if the layers were sampled independently.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparsetopo.errors import DataError
from sparsetopo.graphs import MGE
from sparsetopo.plots.style import figure_style, new_figure

_Nodes = NDArray[np.int64]


def plot_mge(mge: MGE) -> Figure:
    """Draw (part of) the graph of one network."""
    return plot_graph(mge.layer_sizes, mge.to_scipy())


def plot_graph(
    layer_sizes: Sequence[int],
    adjacency: Any,
    *,
    nodes_per_layer: int = 24,
) -> Figure:
    """Draw (part of) a multipartite graph, whose nodes are numbered layer by layer.

    The adjacency is a sparse V x V array of scipy, from source to target, with values |w|.
    """
    edges = csr_array(adjacency)
    total = int(sum(layer_sizes))
    if edges.shape != (total, total):
        raise DataError(
            f"the adjacency has shape {edges.shape}, but must be {total} x {total}: "
            f"the layers have {total} nodes together."
        )
    offsets = np.concatenate([[0], np.cumsum(layer_sizes)]).astype(np.int64)
    shown = choose_nodes(offsets, edges, nodes_per_layer)
    names = ["input", *(f"layer {layer}" for layer in range(1, len(layer_sizes) - 1)), "output"]
    with figure_style():
        figure = new_figure(min(1.1 * len(layer_sizes) + 0.8, 16.0), 4.4)
        axes = figure.subplots()
        heights = {
            node: y
            for nodes in shown
            for node, y in zip(nodes.tolist(), _heights(len(nodes)), strict=True)
        }
        column = {node: layer for layer, nodes in enumerate(shown) for node in nodes.tolist()}
        lines, weights = _segments(edges, np.concatenate(shown), column, heights)
        widths, colours = _line_styles(weights)
        axes.add_collection(LineCollection(lines, linewidths=widths, colors=colours, zorder=1))
        _draw_nodes(axes, shown, edges, layer_sizes, names)
        axes.set_xlim(-0.5, len(layer_sizes) - 0.5)
        axes.set_ylim(-1.42, 1.12)
        axes.set_axis_off()
    return figure


def choose_nodes(offsets: _Nodes, edges: Any, limit: int) -> list[_Nodes]:
    """Choose the nodes to draw of each layer, in increasing order; the module's docstring says how.

    Layer `i` has the nodes ``offsets[i]`` to ``offsets[i + 1]``.
    """
    shown: list[_Nodes] = []
    joined = np.zeros(edges.shape[0])
    for first, last in itertools.pairwise(offsets.tolist()):
        nodes = np.arange(first, last)
        if len(nodes) > limit:
            if not shown:
                nodes = nodes[np.linspace(0, len(nodes) - 1, limit).round().astype(np.int64)]
            else:
                nodes = np.sort(nodes[np.argsort(-joined[nodes], kind="stable")[:limit]])
        shown.append(nodes)
        rows = edges[nodes]
        joined += np.bincount(rows.indices, minlength=edges.shape[0])
    return shown


def _heights(count: int) -> NDArray[np.float64]:
    """Positions from top (1) to bottom (-1); few nodes are kept close together."""
    reach = min(1.0, 0.085 * count)
    return np.linspace(reach, -reach, count) if count > 1 else np.zeros(count)


def _segments(
    edges: Any, nodes: _Nodes, column: dict[int, int], heights: dict[int, float]
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    part = edges[nodes][:, nodes].tocoo()
    lines = []
    for source, target in zip(nodes[part.row].tolist(), nodes[part.col].tolist(), strict=True):
        x = np.linspace(column[source], column[target], 24)
        t = np.linspace(0, 1, 24)
        y = heights[source] + (heights[target] - heights[source]) * t
        if column[target] - column[source] > 1:
            # Edges that skip layers are curved, so that they do not run through the nodes in between.
            y = y + 0.22 * np.sin(np.pi * t) * (1 if heights[source] + heights[target] >= 0 else -1)
        lines.append(np.column_stack([x, y]))
    return lines, np.asarray(part.data, dtype=np.float64)


def _line_styles(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Larger weights are wider and darker; all are fainter when there are many."""
    if weights.size == 0:
        return np.zeros(0), np.zeros((0, 4))
    strength = weights / max(float(np.quantile(weights, 0.98)), np.finfo(np.float64).tiny)
    strength = np.clip(strength, 0, 1)
    crowd = float(np.clip(400 / weights.size, 0.4, 1.0))
    colours = np.tile([0.0, 0.447, 0.698, 1.0], (weights.size, 1))
    colours[:, 3] = (0.15 + 0.7 * strength) * crowd
    return 0.4 + 1.0 * strength, colours


def _draw_nodes(
    axes: Any, shown: list[_Nodes], edges: Any, layer_sizes: Sequence[int], names: Sequence[str]
) -> None:
    degrees = np.diff(edges.indptr) + np.bincount(edges.indices, minlength=edges.shape[0])
    for layer, nodes in enumerate(shown):
        y = _heights(len(nodes))
        isolated = degrees[nodes] == 0
        for mask, face in ((~isolated, "#333333"), (isolated, "white")):
            axes.scatter(
                np.full(int(mask.sum()), layer),
                y[mask],
                s=16,
                c=face,
                edgecolors="#333333",
                linewidths=0.7,
                zorder=2,
            )
        axes.text(layer, -1.16, names[layer], ha="center", va="center", fontsize=8)
        count = f"{layer_sizes[layer]:,} nodes"
        if len(nodes) < layer_sizes[layer]:
            count = f"{len(nodes)} of\n{layer_sizes[layer]:,}"
        axes.text(layer, -1.24, count, ha="center", va="top", fontsize=7, color="0.35")
