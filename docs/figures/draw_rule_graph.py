"""Draw the rules of the default study and what each waits for as SVG: `make rulegraph`, to docs/images/rulegraph.svg.

The graph is Snakemake's own (`snakemake --rulegraph`), without the rule that only asks for all results, and without
arrows that follow from others. Where boxes and arrows stand is decided by igraph, so that no graphviz is needed.
"""

import re
import subprocess
import sys
from html import escape
from itertools import pairwise
from pathlib import Path

import igraph
import networkx as nx

from sparsetopo.config.stages import STAGE_VERSIONS

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/images/rulegraph.svg"
HEIGHT, GAP, ROW, MARGIN, LETTER = 26, 28, 42, 8, 7.1  # pixels; LETTER: width of one
# Fill and frame, by what a rule is about.
COLOURS = {
    "networks": ("#d6e8f5", "#0072b2"),
    "graphs": ("#d3efe4", "#009e73"),
    "tables": ("#fbe3d2", "#d55e00"),
}


def rules_of(dot: str) -> nx.DiGraph:
    """The rules in what `snakemake --rulegraph` prints, an edge from each to those that wait for it."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.M))
    edges = re.findall(r"^\s*(\d+) -> (\d+)", dot, re.M)
    graph = nx.DiGraph()
    graph.add_nodes_from(sorted(names.values()))
    graph.add_edges_from(sorted((names[source], names[target]) for source, target in edges))
    graph.remove_nodes_from(["all"])
    return nx.transitive_reduction(graph)


def kind(rule: str) -> str:
    """What a rule is about: a key of `COLOURS`."""
    if rule in STAGE_VERSIONS or rule == "dense":
        return "networks"
    return "graphs" if rule in ("encode", "topometrics") else "tables"


def picture(graph: nx.DiGraph) -> str:
    """The graph as SVG, from left to right."""
    rules, edges = sorted(graph), sorted(graph.edges)
    generations = enumerate(nx.topological_generations(graph))
    column = {rule: place for place, together in generations for rule in together}
    widths = [
        max(LETTER * len(rule) + 18 for rule in rules if column[rule] == place)
        for place in range(max(column.values()) + 1)
    ]
    lefts = [MARGIN + sum(widths[:place]) + GAP * place for place in range(len(widths))]
    layout = igraph.Graph(
        [(rules.index(source), rules.index(target)) for source, target in edges], directed=True
    ).layout_sugiyama(layers=[column[rule] for rule in rules], maxiter=1000)
    # igraph lays out from top to bottom, so its x is a height here. A long edge bends where it passes a column.
    heights = {rule: height for rule, (height, _) in zip(rules, layout, strict=True)}
    bends = [[height for height, _ in bend] for bend in layout.edge_routing]
    everything = [*heights.values(), *(height for bend in bends for height in bend)]

    def y(height: float) -> float:
        return MARGIN + HEIGHT / 2 + ROW * (height - min(everything))

    arrows = []
    for (source, target), bend in zip(edges, bends, strict=True):
        stops = [(lefts[column[source]] + widths[column[source]], y(heights[source]))]
        for place, height in enumerate(bend, column[source] + 1):
            stops += [(lefts[place], y(height)), (lefts[place] + widths[place], y(height))]
        arrows.append(_arrow([*stops, (lefts[column[target]], y(heights[target]))]))
    boxes = [_box(rule, lefts[column[rule]], y(heights[rule]), widths[column[rule]]) for rule in rules]  # fmt: skip
    width, height = lefts[-1] + widths[-1] + MARGIN, y(max(everything)) + HEIGHT / 2 + MARGIN
    described = "; ".join(f"{source} before {target}" for source, target in edges)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="sans-serif" font-size="13">',
            f"<title>Rules of a study</title><desc>{escape(described)}</desc>",
            '<rect width="100%" height="100%" fill="white"/>',
            '<marker id="end" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
            '<path d="M0 0 6 3 0 6z" fill="#777"/></marker>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


def _arrow(stops: list[tuple[float, float]]) -> str:
    """An arrow from the right of one box to the left of another; it is level where it passes a column."""
    path = f"M{stops[0][0]:.0f} {stops[0][1]:.1f}"
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(stops)):
        middle = (x + to_x) / 2
        curve = f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {to_x:.0f} {to_y:.1f}"
        path += f"H{to_x:.0f}" if number % 2 else curve
    return f'<path d="{path}" fill="none" stroke="#777" stroke-width="1.3" marker-end="url(#end)"/>'


def _box(rule: str, left: float, middle: float, width: float) -> str:
    fill, frame = COLOURS[kind(rule)]
    return (
        f'<rect x="{left:.0f}" y="{middle - HEIGHT / 2:.1f}" width="{width:.0f}" height="{HEIGHT}" rx="6" '
        f'fill="{fill}" stroke="{frame}"/><text x="{left + width / 2:.0f}" y="{middle + 4.5:.1f}" '
        f'text-anchor="middle">{rule}</text>'
    )


def rule_graph() -> str:
    """What `snakemake --rulegraph` prints for the default study."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    PICTURE.write_text(picture(rules_of(rule_graph())), encoding="utf-8")
