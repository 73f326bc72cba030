"""GraphML, for tools that draw or read small graphs."""

from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.export.edge_blocks import edges

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

# A file of 0.75 million edges has 72 MB, and networkx needs 9 s and 1.8 GB of memory to read it.
MAX_EDGES = 1_000_000

HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="layer" for="node" attr.name="layer" attr.type="int"/>
<key id="weight" for="edge" attr.name="weight" attr.type="double"/>
<graph id="mge" edgedefault="directed">
"""
TAIL = "</graph>\n</graphml>\n"


def write_graphml(mge: "MGE", path: Path) -> None:
    """Write the file; nine significant digits restore every float32 exactly."""
    if mge.num_edges > MAX_EDGES:
        raise EncodingError(
            f"the graph has {mge.num_edges:,} edges, but .graphml is for at most {MAX_EDGES:,}: "
            "export to .parquet or .npz instead."
        )
    layer_of_node = (layer for n, size in enumerate(mge.layer_sizes) for layer in repeat(n, size))
    with open(path, "w", encoding="utf-8", newline="\n") as handle:
        handle.write(HEAD)
        handle.writelines(
            f'<node id="{node}"><data key="layer">{layer}</data></node>\n'
            for node, layer in enumerate(layer_of_node)
        )
        handle.writelines(
            f'<edge source="{source}" target="{target}">'
            f'<data key="weight">{weight:.9g}</data></edge>\n'
            for source, target, weight in edges(mge)
        )
        handle.write(TAIL)
