"""A drawing of one whole multipartite graph: its node layers in a row, every link between two of them.

Above, a box is a node layer and a band or an arc is all edges between two layers; below, one image for each of these
shows which channels are joined. Below a box stand its number, which the images refer to, the kind and path of the
module that makes the layer, and its shape. With more than `_FEW` layers most texts are left out; with more than `_MANY`
links one image of layers by layers stands for those of channels.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from sparsetopo.analysis.graph_summary import GraphSummary, LayerCounts, Link, summarise_graph
from sparsetopo.graphs import MGE
from sparsetopo.plots.style import figure_style, new_figure

_DIRECT, _SHORTCUT = "#0072B2", "#D55E00"
_ALIVE, _DEAD_END, _ISOLATED = "#4d5a66", "#E69F00", "#ffffff"
_BOX = 0.3  # half the width of a box; layers are 1 apart
_WIDEST = 13.5  # inches
_STEP = 1.1  # height of an image with its title; its width is 0.8
_LONGEST = 30
"""Letters of a module's path: of longer ones the end is shown."""
_LETTER = 0.058  # inches that a letter of a path or shape takes, at most
_ROW, _ROOM = 3.1, 1.0  # inches: height of the row of boxes, and of it what texts of shapes take
_FEW = 40
"""Up to so many layers and links have text."""
_MANY = 160
"""Up to so many links have an image of their own."""
# Even one kept weight of a thousand is to be seen; none is paper.
_COLOURS = LinearSegmentedColormap.from_list("kept", ["#c9dff0", "#0072B2", "#00213a"])


def plot_mge(mge: MGE, kinds: Mapping[str, str] = MappingProxyType({})) -> Figure:
    """Draw the graph of one network as a whole; a link is as wide as its number of edges on a logarithmic scale.

    `kinds` are the types of the network's modules by their paths, such as {"features.0": "Conv2d"}, if they are known.
    """
    graph = summarise_graph(mge)
    few = len(graph.layers) <= _FEW
    modules = [_module(layer.name, kinds) if few else "" for layer in graph.layers]
    more = max(_LETTER * max(map(len, modules)) - _ROOM, 0.0)
    width = min(max(0.6 * len(graph.layers) + 0.8, 6.0), _WIDEST)
    columns = max(min(len(graph.links), 10 if len(graph.links) <= _FEW else 16), 6)
    rows = math.ceil(len(graph.links) / columns)
    many = len(graph.links) > _MANY
    below = 6.5 if many else max(_STEP * rows * (width - 0.4) / columns, 0.4)
    with figure_style():
        figure = new_figure(width, _ROW + more + below + 0.9)
        row, images = figure.subplots(2, 1, height_ratios=[_ROW + more, below])
        # Two texts below a box are 0.13 inches apart; layers are 1 apart.
        _draw_row(row, graph, modules, more, 0.13 * len(graph.layers) / width)
        if many:
            _draw_layers_by_layers(images, graph)
        else:
            _draw_images(images, graph.links, columns, rows)
        handles = [
            Patch(facecolor=_ALIVE, edgecolor="black", label="nodes that pass signals"),
            Patch(facecolor=_DEAD_END, edgecolor="black", label="dead ends: no edge in, or none out"),
            Patch(facecolor=_ISOLATED, edgecolor="black", label="nodes without edges"),
            Patch(facecolor=_DIRECT, alpha=0.6, label="edges to the next layer"),
            Patch(facecolor=_SHORTCUT, alpha=0.6, label="shortcuts"),
        ]  # fmt: skip
        figure.legend(handles=handles, loc="outside lower center", ncols=3 if width < 10 else 5)
    return figure


def _module(name: str, kinds: Mapping[str, str]) -> str:
    """Kind and path of the modules that make a layer; "" for an input.

    Examples
    --------
    >>> _module("layer2.0.conv2 + layer2.0.downsample.0", {"layer2.0.conv2": "Conv2d"})
    "Conv2d 'layer2.0.conv2' + 1"
    >>> _module("encoder.layers.encoder_layer_11.mlp.0", {}), _module("aten::addmm", {}), _module("input", {})
    ("'…layers.encoder_layer_11.mlp.0'", 'addmm', '')
    """
    if name == "input":
        return ""
    path, *others = name.split(" + ")
    if "::" in path:  # an operator that the network itself calls
        shown = path.partition("::")[2]
    else:
        shown = f"'{path}'" if len(path) <= _LONGEST else f"'…{path[1 - _LONGEST :]}'"
        shown = f"{kinds[path]} {shown}" if path in kinds else shown
    return f"{shown} + {len(others)}" if others else shown


def _draw_row(
    axes: Axes, graph: GraphSummary, modules: list[str], more: float, between: float
) -> None:
    """Draw the boxes and what joins them, with `more` inches below than shapes take, and `between` two texts."""
    tallest = max(_height(layer) for layer in graph.layers)
    few = len(graph.layers) <= _FEW
    most = math.log10(max([link.edges for link in graph.links], default=1) + 1)
    shares = {link: math.log10(link.edges + 1) / most for link in graph.links}
    direct = [link for link in graph.links if not link.is_shortcut]
    shortcuts = [link for link in graph.links if link.is_shortcut]
    bands = [_band(link, shares[link]) for link in direct]
    axes.add_collection(PolyCollection(bands, facecolor=_DIRECT, alpha=0.6, linewidth=0))
    arcs = [_arc(link, len(graph.layers)) for link in shortcuts]
    # Many arcs are thinner and fainter, so that they can be told apart.
    crowd = min(1.0, 12 / max(len(arcs), 1))
    widths = [(0.4 + 2.6 * shares[link]) * max(crowd, 0.2) for link in shortcuts]
    axes.add_collection(
        LineCollection(arcs, linewidths=widths, colors=_SHORTCUT, alpha=0.35 + 0.4 * crowd)
    )
    for link in direct if few else []:
        axes.text(
            link.source + 0.5, -0.58, _count(link.edges), ha="center", va="top", fontsize=6,
            color=_DIRECT, rotation=90,
        )  # fmt: skip
    for number, layer in enumerate(graph.layers):
        _draw_box(axes, number, layer, _height(layer) / tallest)
    for number, layer in enumerate(graph.layers):
        if few or number % 10 == 0:
            name = "input" if number == 0 else str(number)
            name = "output" if number == len(graph.layers) - 1 else name
            shape = f"{layer.channels}×{layer.height}×{layer.width}"
            axes.text(number, -0.88, name, ha="center", va="top", fontsize=7.5)
            beside = between / 2 if modules[number] else 0.0
            for x, text in ((number - beside, modules[number]), (number + beside, shape)):
                axes.text(x, -1.04, text, ha="center", va="top", rotation=90, fontsize=6.5)
    axes.set_xlim(-0.7, len(graph.layers) - 0.3)
    reach = max([float(arc[:, 1].max()) for arc in arcs], default=0.5)
    top, bottom = reach + 0.1, -1.85
    axes.set_ylim(bottom - more * (top - bottom) / _ROW, top)
    axes.set_axis_off()


def _height(layer: LayerCounts) -> float:
    """Boxes grow with the logarithm of their number of nodes."""
    return math.log10(layer.size + 1) + 0.5


def _draw_box(axes: Axes, number: int, layer: LayerCounts, height: float) -> None:
    """A box filled from below: nodes that pass signals, dead ends, nodes without edges."""
    bottom = -height / 2
    passing = layer.size - layer.dead_ends - layer.isolated
    for nodes, colour in (
        (passing, _ALIVE),
        (layer.dead_ends, _DEAD_END),
        (layer.isolated, _ISOLATED),
    ):
        part = height * nodes / layer.size
        axes.add_patch(
            Rectangle((number - _BOX, bottom), 2 * _BOX, part, facecolor=colour, linewidth=0)
        )
        bottom += part
    axes.add_patch(
        Rectangle((number - _BOX, -height / 2), 2 * _BOX, height, fill=False, linewidth=0.8)
    )


def _band(link: Link, share: float) -> list[tuple[float, float]]:
    half = 0.03 + 0.2 * share
    left, right = link.source + _BOX, link.target - _BOX
    return [(left, -half), (left, half), (right, half), (right, -half)]


def _arc(link: Link, layers: int) -> NDArray[np.float64]:
    """Points of an arc above the boxes; the more layers it skips, the higher."""
    height = 0.2 + 0.9 * math.log2(link.target - link.source) / math.log2(max(layers, 3))
    along = np.linspace(0, 1, 25)
    x = link.source + 0.12 + (link.target - link.source - 0.24) * along
    return np.column_stack([x, 0.5 + 4 * height * along * (1 - along)])


def _draw_images(axes: Axes, links: list[Link], columns: int, rows: int) -> None:
    """One image a link, in the order of their targets: source channels downwards, target channels to the right."""
    norm = PowerNorm(0.4, 0, 1)
    few = len(links) <= _FEW
    for position, link in enumerate(links):
        line, column = divmod(position, columns)
        x, y = column + 0.1, -_STEP * line
        image = np.ma.masked_equal(link.image, 0)
        axes.imshow(image, extent=(x, x + 0.8, y - 0.8, y), cmap=_COLOURS, norm=norm, aspect="auto",
                    interpolation="nearest")  # fmt: skip
        colour = _SHORTCUT if link.is_shortcut else _DIRECT
        axes.add_patch(
            Rectangle((x, y - 0.8), 0.8, 0.8, fill=False, edgecolor=colour, linewidth=0.8)
        )
        text = f"{link.source} → {link.target}"
        axes.text(
            x + 0.4, y + 0.04, f"{text}: {_count(link.edges)}" if few else text, ha="center",
            va="bottom", fontsize=7 if few else 5.5, color=colour,
        )  # fmt: skip
    axes.set_xlim(0, columns)
    axes.set_ylim(-_STEP * rows + 0.25, 0.3)
    axes.set_axis_off()
    axes.set_title(
        "Which channels are joined: source channels downwards, target channels to the right;\n"
        "darker: more of the kernel kept",
        loc="left", fontsize=8,
    )  # fmt: skip


def _draw_layers_by_layers(axes: Axes, graph: GraphSummary) -> None:
    """One image: the edges from each layer (downwards) to each other (to the right)."""
    edges = np.full((len(graph.layers), len(graph.layers)), np.nan)
    for link in graph.links:
        edges[link.source, link.target] = link.edges
    image = axes.imshow(
        np.ma.masked_invalid(edges), cmap=_COLOURS, norm=LogNorm(), interpolation="nearest"
    )
    axes.set_anchor("W")
    axes.set_xlabel("to layer")
    axes.set_ylabel("from layer")
    axes.figure.colorbar(image, ax=axes, label="edges", shrink=0.8)


def _count(number: int) -> str:
    """A number of three digits at most.

    Examples
    --------
    >>> [_count(n) for n in (7, 999, 12_345, 3_400_000, 999_999)]
    ['7', '999', '12k', '3.4M', '1.0M']
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if round(number / size, 3) >= 1:
            value = number / size
            return f"{value:.1f}{letter}" if value < 10 else f"{value:.0f}{letter}"
    return str(number)
