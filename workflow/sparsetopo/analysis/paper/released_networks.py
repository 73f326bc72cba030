"""The released networks as a table that the installed package carries, for predictions by the study of the paper.

What an analysis needs of ``resources/released``, which a clone has and a wheel has not. It is made again by::

    python -m sparsetopo.analysis.paper.released_networks

A test compares it with the released files. They, and so this table, are the authors' work, under their licence
(Apache-2.0, ``packaged/LICENSE``): Cunegatti, Farina, Bucur and Iacca, https://github.com/eliacunegatti/mge-snn.
"""

import lzma
from pathlib import Path

import pandas as pd

from sparsetopo.analysis.paper.released import read_released
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL
from sparsetopo.files import atomic_path

FILE = Path(__file__).parent / "packaged" / "networks.csv.xz"

COLUMNS = (
    *CELL,
    *("achieved_sparsity", "accuracy", "accuracy_drop", "nodes", "edges"),
    *PAPER_METRICS,
)

NAME = "the 1,251 released networks of Cunegatti et al. 2024"

COMPARABLE = (
    "how comparable: the released metrics are of trained weights (which strength, spectral_gap and spectral_radius "
    "read), motif4 is an estimate there, and the released graphs are wired wrongly behind a convolution of stride 2 "
    "(in all of its architectures but Conv-6): docs/fidelity.md. The overlap is that of released metrics with released "
    "accuracies, and says nothing of what these differences cost"
)
"""What to know before a network of today is compared with these."""


def released_networks() -> pd.DataFrame:
    """One row a released network: cell, sparsity, accuracy, drop, and raw metrics, as in `Released.networks`.

    Examples
    --------
    >>> table = released_networks()
    >>> len(table), int(table["nodes"].notna().sum())
    (1258, 1251)
    """
    return pd.read_csv(FILE, dtype={"sparsity": "str"}, float_precision="round_trip")


def write_released_networks(path: Path = FILE) -> None:
    """Write the table from the released files of this repository; equal files give equal bytes."""
    table = read_released().networks[list(COLUMNS)]
    text = table.to_csv(index=False, lineterminator="\n")
    with atomic_path(path) as temporary:
        temporary.write_bytes(lzma.compress(text.encode(), preset=9))


if __name__ == "__main__":
    write_released_networks()
