"""The explicit graph on request: as edge blocks, a graph object, or a file.

Each file format (``docs/formats.md``) is a module with a ``write_*`` function, which `WRITERS` names under the suffix
of its files. Files are streamed from `edge_blocks`.
"""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from sparsetopo.errors import FileFormatError, UnknownNameError
from sparsetopo.files import atomic_path
from sparsetopo.graphs.export.csv_file import write_csv
from sparsetopo.graphs.export.graphml_file import write_graphml
from sparsetopo.graphs.export.npz_file import write_npz
from sparsetopo.graphs.export.parquet_file import write_parquet

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

WRITERS: dict[str, Callable[["MGE", Path], None]] = {
    "csv": write_csv,
    "graphml": write_graphml,
    "npz": write_npz,
    "parquet": write_parquet,
}


def export(mge: "MGE", path: str | PathLike[str], format: str | None = None) -> None:  # noqa: A002
    """Write the graph to a file, as `MGE.export` says; `format` is a key of `WRITERS`."""
    name = Path(path).suffix.removeprefix(".").lower() if format is None else format
    if name not in WRITERS:
        known = ", ".join(sorted(WRITERS))
        what = f"unknown format '{name}'" if name else "no suffix to tell the format by"
        raise UnknownNameError(f"{path}: {what}; known formats: {known}.")
    if Path(path).is_dir():
        raise FileFormatError(f"{path}: is a folder; give the name of a file to write.")
    with atomic_path(path) as temporary:
        WRITERS[name](mge, temporary)
