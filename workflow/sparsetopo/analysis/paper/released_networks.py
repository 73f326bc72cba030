"""The released networks as a table to predict from: what `rank` knows the study of the paper by.

They, and so this table, are the authors' work, under their licence (Apache-2.0, ``resources/released/LICENSE``):
Cunegatti, Farina, Bucur and Iacca, https://github.com/eliacunegatti/mge-snn.
"""

import pandas as pd

from sparsetopo.analysis.paper.released import read_released
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL

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

    It raises what `read_released` does.

    Examples
    --------
    >>> table = released_networks()
    >>> len(table), int(table["nodes"].notna().sum())
    (1258, 1251)
    """
    return read_released().networks[list(COLUMNS)]
