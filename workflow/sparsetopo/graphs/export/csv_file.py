"""Edge list as text: a header, then one line ``source,target,weight`` for each edge."""

from pathlib import Path
from typing import TYPE_CHECKING

from sparsetopo.graphs.export.edge_blocks import edges

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE


def write_csv(mge: "MGE", path: Path) -> None:
    """Write the file; nine significant digits restore every float32 exactly."""
    with open(path, "w", encoding="utf-8", newline="\n") as handle:
        handle.write("source,target,weight\n")
        handle.writelines(
            f"{source},{target},{weight:.9g}\n" for source, target, weight in edges(mge)
        )
