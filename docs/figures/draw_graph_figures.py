"""Draw the figures of docs/graph.md as SVG: `python docs/figures/draw_graph_figures.py`.

Edges, incidences, classes and cut nodes are computed, not drawn by hand. Needs
torch, to trace small networks. Equal versions of matplotlib write equal bytes.
"""

from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import networkx as nx
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional

import sparsetopo as st
from sparsetopo.graphs.tracing.trace import Attention
from sparsetopo.metrics.implicit.walks.classes import walk_classes

IMAGES = Path(__file__).parents[1] / "images"
ORANGE, BLUE, GREEN, PINK, GREY = "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#8a8a8a"
PALE = ("#fbe3d2", "#d6e8f5", "#d3efe4", "#f6e3ee", "#f7f1c5", "#e4e4e4", "#e3dcf5", "#cfeef2")
Point = tuple[float, float]


def tiny_edges(parameter: str, kept: list[tuple[int, ...]]) -> list[tuple[int, int]]:
    """Edges of a tiny network (convolution, pooling, linear) that keeps these weights only."""
    conv, pool = nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2)
    model = nn.Sequential(conv, pool, nn.Flatten(), nn.Linear(4, 2))
    plan = st.trace(model, (1, 4, 4))
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in plan.parameters.items()}
    for index in kept:
        masks[parameter][index] = True
    matrix = st.encode(model, (1, 4, 4), masks).to_scipy().tocoo()
    return list(zip(matrix.row.tolist(), matrix.col.tolist(), strict=True))


def draw_example() -> None:
    """Unroll some weights of the tiny network."""
    figure, panels = plt.subplots(1, 3, figsize=(10.6, 3.5))
    plane = {6 * y + x: tilted(y - 1, x, 0) for y, x in product(range(6), repeat=2)}
    maps = {36 + 4 * y + x: tilted(y, x, 4.3) for y, x in product(range(4), repeat=2)}
    units = {52: (8.3, -0.6), 53: (8.3, -2.1)}
    nine = [(0, 0, y, x) for y, x in product(range(3), repeat=2)]
    one_node = [edge for edge in tiny_edges("0.weight", nine) if edge[1] == 36]
    drawings = [
        ("kernel weight (0, 2): 16 edges", plane | maps, tiny_edges("0.weight", nine[2:3]), ORANGE),
        ("all 9 kernel weights at node 36: 9 edges", plane | maps, one_node, BLUE),
        ("linear weight [1, 1]: 4 edges", maps | units, tiny_edges("3.weight", [(1, 1)]), GREEN),
    ]
    frame = {n for n in range(36) if not (0 < n // 6 < 5 and 0 < n % 6 < 5)}
    for axes, (title, nodes, edges, colour) in zip(panels, drawings, strict=True):
        left, ends = 3.2 if 52 in nodes else -0.9, {node for edge in edges for node in edge}
        windows = [(y, x, 2, 4.3) for y, x in product((0, 2), repeat=2)]
        tiles = [(0, 0, 4, 4.3), (-1, 0, 6, 0)] if left < 0 else windows
        for top, start, size, origin in tiles:
            spans = [(0, 0), (0, size), (size, size), (size, 0)]
            outline = [tilted(top + y - 0.5, start + x - 0.5, origin) for y, x in spans]
            face = PALE[2] if (top, start) == (0, 2) else "#f1f1f1"
            axes.fill(*zip(*outline, strict=True), fc=face, ec="white", lw=3)
        draw_links(axes, nodes, edges, colour, 1)
        draw_nodes(axes, nodes, nodes.keys() - frame - ends, "white", 5.5)
        draw_nodes(axes, nodes, (nodes.keys() & frame) - ends, "#c8c8c8", 5.5)
        draw_nodes(axes, nodes, ends, colour, 5.5)
        for node in (0, 5, 30, 35, 36, 39, 48, 51, 52, 53):
            if node in nodes and not (colour == ORANGE and node in (36, 48)):
                side = 1 if node in (5, 35, 39, 51, 52, 53) else -1
                x, y = nodes[node][0] + 0.25 * side, nodes[node][1] + 0.4 * (node == 36)
                axes.text(x, y, node, fontsize=8, ha=("left", "right")[side < 0], va="center")
        for x, name in ((0.9, "input 6 × 6 with frame"), (4.85, "map 4 × 4"), (8.3, "linear 2")):
            axes.text(x, -5.1, name, fontsize=9, ha="center", clip_on=True)
        finish(axes, title, (left, left + 6.8), (-5.3, 3.1))
    save(figure, "graph-example")


def tilted(row: float, column: float, origin: float) -> Point:
    """Position of a pixel in a plane that is seen from the side."""
    return origin + 0.36 * column, 0.31 * column - row + 0.09 * origin


def draw_incidence() -> None:
    """Draw the rows of three kinds of steps, joined by taps."""
    conv = nn.Conv2d(1, 1, 3, padding=1)
    drawings = {
        "3 taps, stride 2, padding 1": [nn.Conv2d(1, 1, 3, 2, 1)],
        "pooling 2, then 3 taps": [nn.MaxPool2d(2), conv],
        "pooling 3 with stride 2, then 3 taps": [nn.MaxPool2d(3, 2, 1), conv],
    }
    figure, panels = plt.subplots(1, 3, figsize=(10.6, 2.6))
    for axes, (title, layers) in zip(panels, drawings.items(), strict=True):
        plan = st.trace(nn.Sequential(nn.Conv2d(1, 1, 1), *layers), (1, 8, 8))
        rows = plan.axes[plan.blocks[1].rows]
        taps: dict[tuple[int, int], tuple[int, ...]] = {}
        for source, tap, target in zip(rows.sources, rows.taps, rows.targets, strict=True):
            taps[source, target] = (*taps.get((source, target), ()), tap)
        for (source, target), joined in taps.items():
            draw_tap(axes, (source, 2 * target + 0.5), (1, 0), joined)
        for y, step, name in ((1, 1, "source row"), (0, 2, "target row")):
            places = [(step * n + 0.5 * (step - 1), y) for n in range(8 // step)]
            draw_nodes(axes, places, range(len(places)), "white", 7)
            for n, (x, _) in enumerate(places):
                axes.text(x, 1.4 * y - 0.2, n, fontsize=8.5, ha="center", va="center")
            axes.text(-0.6, y, name, fontsize=8.5, ha="right", va="center")
        kinds = sorted(set(taps.values()), key=lambda joined: (len(joined), joined))
        for x, joined in zip(np.arange(-2.4, 8, 2.15), kinds, strict=False):
            draw_tap(axes, (x, x + 0.55), (-0.62, -0.62), joined)
            name = "tap " * (len(joined) == 1) + ", ".join(map(str, joined))
            axes.text(x + 0.7, -0.62, name, fontsize=8.5, va="center")
        finish(axes, title, (-2.6, 8), (-0.75, 1.35))
    save(figure, "graph-incidence")


def draw_tap(axes: Axes, xs: Point, ys: Point, taps: tuple[int, ...]) -> None:
    """Draw a line in the colour of its tap, or dashed in those of two."""
    for style, tap in zip(("-", (0, (2.5, 2.5))), taps, strict=False):
        axes.plot(xs, ys, color=(ORANGE, BLUE, GREEN)[tap], lw=1.8, ls=style)


class TinyAttention(nn.Module):
    """Causal attention of two heads with two channels each."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(4, 4) for _ in range(4))

    def forward(self, tokens: Any) -> Any:
        """Attend among (batch, tokens, 4) and project what comes out."""
        q, k, v = (f(tokens).unflatten(2, (2, 2)).transpose(1, 2) for f in (self.q, self.k, self.v))
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(seen.transpose(1, 2).flatten(2))


def draw_attention() -> None:
    """Draw what one weight behind attention reads, under both settings."""
    layers = {"q": (0.0, 0.0, ORANGE), "k": (5.2, 0.0, BLUE), "v": (10.4, 0.0, GREEN)}
    layers["out"] = (5.2, -5.4, "black")
    settings: tuple[Attention, ...] = ("all", "values")
    figure, panels = plt.subplots(1, 2, figsize=(10.6, 4.4))
    for axes, attention in zip(panels, settings, strict=True):
        masks = {"out.weight": np.arange(16).reshape(4, 4) == 3}
        mge = st.encode(TinyAttention(), (4, 4), masks, attention=attention)
        offsets = zip(mge.plan.node_layers, mge.plan.layer_offsets, strict=False)
        starts = {layer.name: start for layer, start in offsets}
        target = starts["out"] + 2
        read = mge.to_scipy().tocsc()[:, [target]].indices.tolist()
        nodes: dict[int, Point] = {}
        for name, (left, top, colour) in layers.items():
            for y in (top - 1.45, top - 3.45) if top == 0 else ():
                axes.add_patch(plt.Rectangle((left - 0.5, y), 4, 1.9, fc="#f1f1f1", ec="none"))
            nodes |= {starts[name] + n: (left + n % 4, top - n // 4) for n in range(16)}
            y, title = (0.75, 1.5) if top == 0 else (top - 4.1, top - 4.85)
            axes.text(left + 1.5, title, name, fontsize=10, ha="center", color=colour)
            for n in range(4):
                axes.text(left + n, y, f"t{n}", fontsize=8, ha="center", color=GREY)
        draw_nodes(axes, nodes, nodes, "white", 8)
        for name, (_, _, colour) in layers.items():
            chosen = [u for u in [*read, target] if 0 <= u - starts[name] < 16]
            draw_links(axes, nodes, [(u, target) for u in chosen], colour, 1)
            draw_nodes(axes, nodes, chosen, colour, 8)
        for text, y in (("head 0", -0.5), ("head 1", -2.5), ("channel 0", -5.4)):
            axes.text(-0.8 if y > -5 else 4.5, y, text, fontsize=9, ha="right", va="center")
        finish(axes, f'attention="{attention}": {len(read)} edges', (-3.2, 14), (-10.5, 2.2))
    save(figure, "graph-attention")


def draw_classes() -> None:
    """Draw the classes of row pairs that walks of two steps join."""
    conv = nn.Conv2d(1, 1, 3, padding=1)
    drawings = {
        "3 taps, then 3 taps": [conv, nn.Conv2d(1, 1, 3, padding=1)],
        "3 taps with stride 2, then 3 taps": [nn.Conv2d(1, 1, 3, 2, 1), conv],
        "3 taps, then global pooling": [conv, nn.AdaptiveAvgPool2d(1), nn.Conv2d(1, 1, 1)],
    }
    figure, panels = plt.subplots(1, 3, figsize=(9.6, 4), width_ratios=(10, 8, 7))
    for axes, (title, layers) in zip(panels, drawings.items(), strict=True):
        model = nn.Sequential(nn.Conv2d(1, 1, 1), *layers)
        _, step, next_step = st.encode(model, (1, 10, 10)).bundles
        classes = walk_classes([(step.rows.from_targets, next_step.rows.from_sources)])
        walks = np.add.reduceat(classes.multiplicities, classes.starts[:-1])
        for y, x, group in zip(classes.firsts, classes.lasts, classes.labels, strict=True):
            axes.add_patch(plt.Rectangle((x, y), 1, 1, fc=PALE[group], ec="white", lw=1.5))
            axes.text(x + 0.5, y + 0.5, walks[group], fontsize=9, ha="center", va="center")
        width = int(classes.lasts.max()) + 1
        axes.add_patch(plt.Rectangle((0, 0), width, 10, fill=False, ec=GREY, lw=0.8))
        axes.set_title(f"{title}:\n{len(walks)} classes", fontsize=10)
        axes.set(xlim=(-0.1, width + 0.1), ylim=(10.1, -0.1), aspect="equal")
        axes.set_xticks(np.arange(width) + 0.5, range(width))
        axes.set_yticks(np.arange(10) + 0.5, range(10))
        axes.set_xlabel("row in the last layer")
        axes.tick_params(length=0, labelsize=8)
        axes.spines[:].set_visible(False)
    panels[0].set_ylabel("row in the first layer")
    save(figure, "graph-classes")


def draw_motifs() -> None:
    """Draw the connected graphs on four nodes, and the three kinds of closed walks of four steps."""
    figure = plt.figure(figsize=(9.6, 3.9))
    grid = figure.add_gridspec(2, 6, height_ratios=(1, 1.25))
    square = {0: (0, 1), 1: (1, 1), 2: (1, 0), 3: (0, 0)}
    ring = list(nx.cycle_graph(4).edges)
    motifs = {
        "+ 1  S": nx.star_graph(3).edges,
        "+ 1  P": nx.path_graph(4).edges,
        "− 3  C4": ring,
        "− 2  paw": [(0, 2), (0, 3), (2, 3), (1, 2)],
        "+ 4  diamond": [*ring, (0, 2)],
        "− 6  K4": nx.complete_graph(4).edges,
    }
    for number, (title, edges) in enumerate(motifs.items()):
        axes = figure.add_subplot(grid[0, number])
        draw_links(axes, square, edges, BLUE, 2)
        draw_nodes(axes, square, square, "white", 8)
        finish(axes, title, (-0.6, 1.6), (-0.25, 1.25), aspect="equal")
    walks = {
        "a ≠ c": {"a": (0, 0.5), "b": (1, 1), "d": (2, 0), "c": (3, 0.5)},
        "a = c, b ≠ d": {"b": (0, 0.5), "a": (1.5, 1), "c": (1.5, 0), "d": (3, 0.5)},
        "a = c, b = d": {"a": (0.7, 1), "b": (2.3, 1), "c": (0.7, 0), "d": (2.3, 0)},
    }
    for number, (title, nodes) in enumerate(walks.items()):
        axes = figure.add_subplot(grid[1, 2 * number : 2 * number + 2])
        for x in {x for x, _ in nodes.values()}:
            axes.add_patch(plt.Rectangle((x - 0.3, -0.4), 0.6, 1.8, fc="#f1f1f1", ec=GREY, lw=0.8))
        draw_links(axes, nodes, ("ab", "bc", "cd", "da"), ORANGE)
        draw_names(axes, nodes)
        finish(axes, f"layers: {title}", (-0.6, 3.6), (-0.5, 1.5))
    save(figure, "graph-motifs")


def draw_blocks() -> None:
    """Draw sets of tree edges before and after a further edge closes a cycle."""
    tree, further = ["rz", "ru", "us", "wd", "ct", "za", "zb", "ac", "av", "bw"], ["vc", "vw"]
    graph = nx.Graph([*tree, *further])
    cut_nodes = list(nx.articulation_points(graph))
    levels = nx.single_source_shortest_path_length(graph, "r")
    columns = {"r": 4.4, "z": 3.2, "u": 6, "a": 2, "b": 4.4, "s": 6}
    columns |= {"v": 2.7, "c": 1.3, "w": 4.4, "d": 5.2, "t": 1.3}
    nodes = {name: (x, 4 - levels[name]) for name, x in columns.items()}
    low, high = ["ac", "av", "za"], ["bw", "zb"]
    stages: dict[str, tuple[dict[str, list[str]], list[str]]] = {
        "the edge v – w is tried": ({BLUE: low[:2], ORANGE: high[:1]}, []),
        "both sets climb to the same top z": ({BLUE: low, ORANGE: high}, []),
        "merged: bridges black, cut nodes grey": ({GREEN: low + high}, cut_nodes),
    }
    figure, panels = plt.subplots(1, 3, figsize=(10.6, 3.2))
    for axes, (title, (sets, filled)) in zip(panels, stages.items(), strict=True):
        draw_links(axes, nodes, tree, "black", 1.5)
        for colour, edges in sets.items():
            draw_links(axes, nodes, edges, colour, 4)
        draw_links(axes, nodes, further, PINK)
        draw_names(axes, nodes, filled)
        for level in range(5):
            axes.text(0.6, 4 - level, f"level {level}", fontsize=8, ha="right", va="center")
        finish(axes, title, (-0.4, 6.5), (-0.4, 4.4))
    save(figure, "graph-blocks")


def draw_links(axes: Axes, nodes: Any, pairs: Any, colour: str, width: float = 1.8) -> None:
    """Draw edges between nodes given by name."""
    for first, second in pairs:
        axes.plot(*zip(nodes[first], nodes[second], strict=True), color=colour, lw=width)


def draw_nodes(axes: Axes, nodes: Any, chosen: Any, colour: str, size: float) -> None:
    """Draw some of the nodes given by name."""
    places = np.array([nodes[node] for node in sorted(chosen)]).reshape(-1, 2)
    axes.plot(*places.T, "o", ms=size, mfc=colour, mec="black", mew=0.8, zorder=3)


def draw_names(axes: Axes, nodes: dict[str, Point], filled: Any = ()) -> None:
    """Draw nodes with their names inside; some are cut nodes."""
    draw_nodes(axes, nodes, nodes.keys() - set(filled), "white", 14)
    draw_nodes(axes, nodes, filled, "#c8c8c8", 14)
    for name, (x, y) in nodes.items():
        axes.text(x, y - 0.02, name, fontsize=10, ha="center", va="center", zorder=4)


def finish(axes: Axes, title: str, xlim: Point, ylim: Point, **options: Any) -> None:
    """Name a panel and set its limits."""
    axes.set_title(title, fontsize=10)
    axes.set(xlim=xlim, ylim=ylim, **options)
    axes.axis("off")


def save(figure: Figure, name: str) -> None:
    """Write a figure, without a date."""
    figure.tight_layout(pad=0.4)
    figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    matplotlib.use("svg")
    plt.rcParams["svg.hashsalt"] = "graph"
    figures = (draw_example, draw_incidence, draw_attention, draw_classes, draw_motifs, draw_blocks)
    for draw in figures:
        draw()
