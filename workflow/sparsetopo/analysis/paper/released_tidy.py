"""Tidy the authors' released results into the four small files of ``resources/released``.

In a clone of this repository, with one of theirs beside it::

    python -m sparsetopo.analysis.paper.released_tidy ../mge-snn resources/released

What is done to the tables stands in ``resources/released/README.md``. Equal inputs give equal bytes.
"""

import argparse
import lzma
import os
import sys
from pathlib import Path

from sparsetopo.analysis.paper.released_checksums import write_checksums
from sparsetopo.analysis.paper.released_columns import TABLES, tidied_columns
from sparsetopo.analysis.paper.released_layout import read_files
from sparsetopo.analysis.tables.paper_grid import ALGORITHMS
from sparsetopo.errors import SparsetopoError
from sparsetopo.files import atomic_path

WHOLE_NETWORKS = "unrolled"
"""The table that is small enough to be kept as it was released, with every row, column and digit."""
_PRESET = 6


def tidied_files(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    """Contents of the tidied files, by name, from released results in any layout of `released_layout`.

    Raises
    ------
    DataError, FileFormatError
        As `released_layout.read_files`.
    """
    released = read_files(folder)
    contents = {}
    for name in TABLES:
        if name == WHOLE_NETWORKS:
            path = Path(released.names[name])
            content = path.read_bytes()
            content = lzma.decompress(content) if path.suffix == ".xz" else content
        else:
            table = released.tables[name]
            # Nothing reads the other algorithms' layers, which are two fifths of the rows.
            table = table.loc[table["pruning"].isin(ALGORITHMS), tidied_columns(name)]
            # Nine digits: what a 32-bit float holds. The 17 of the released text take three times the room.
            text = table.to_csv(index=False, float_format="%.9g", lineterminator="\n")
            content = text.encode()
        contents[f"{name}.csv.xz"] = lzma.compress(content, preset=_PRESET)
    return contents


def tidy(source: str | os.PathLike[str], destination: str | os.PathLike[str]) -> None:
    """Write the tidied files of released results, and their checksums, into a folder."""
    contents = tidied_files(source)
    for name, content in contents.items():
        with atomic_path(Path(destination) / name) as temporary:
            temporary.write_bytes(content)
    write_checksums(destination, contents)


def main() -> None:
    """Tidy the folder that the command line names; what cannot be read is refused in one sentence."""
    parser = argparse.ArgumentParser(description="Tidy the released results.")
    parser.add_argument("source", help="clone of github.com/eliacunegatti/mge-snn")
    parser.add_argument("destination", help="folder of the tidied files")
    given = parser.parse_args()
    try:
        tidy(given.source, given.destination)
    except SparsetopoError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
