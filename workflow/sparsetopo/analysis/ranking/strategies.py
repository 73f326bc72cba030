"""The strategies of a study: the paper's, and further ones that check them.

The paper fits the weights of its mixture on the accuracies that are then ranked, and some of its metrics reveal the
size of a graph. The further strategies are mixtures, too: ``size`` of nodes, edges and density only;
``mixture_size_free`` of metrics scaled so that they do not reveal the size; ``mixture_other_datasets`` and
``mixture_other_algorithms`` with weights fitted on the other datasets or algorithms (left out if there is only one).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.feature_sets import SIZE_FEATURES
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import RAMANUJAN_COLUMNS
from sparsetopo.analysis.tables.table import CELL, cell_strings, require_columns
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import Metric

MIXTURE, SIZE, SIZE_FREE = "mixture", "size", "mixture_size_free"
OTHER_DATASETS, OTHER_ALGORITHMS = "mixture_other_datasets", "mixture_other_algorithms"

SINGLE_COLUMNS: Mapping[str, str] = {"edges": "edges"}
"""Strategy: the column it orders by. Edges order as density does, since the nodes are given."""


@dataclass(frozen=True)
class Mixture:
    """A strategy that orders by a weighted sum of metrics (`mixture.mixture_scores`).

    The table has a row a network, with the metrics scaled. `without` None: the weights are fitted on all networks.
    "dataset" or "algorithm": those of a network on the networks of other datasets or algorithms.
    """

    name: str
    table: pd.DataFrame
    metrics: tuple[str, ...]
    without: str | None = None


def study_mixtures(
    networks: pd.DataFrame,
    metrics: Mapping[str, Metric],
    size_free: pd.DataFrame | None = None,
    *,
    checks: bool = True,
) -> tuple[pd.DataFrame, list[Mixture]]:
    """Return `networks` with the metrics scaled, and the mixtures, the paper's first.

    Arguments and errors are those of `cases.rank_networks`; `checks` says whether to add the strategies that the paper
    does not have.
    """
    require_columns(networks, [*CELL, "accuracy", "accuracy_drop", "nodes", "edges", *metrics])
    networks = networks.reset_index(drop=True)
    table, keys = scale(networks, metrics), tuple(metrics)
    mixtures = [Mixture(MIXTURE, table, keys)]
    if not checks:
        return table, mixtures
    if size_free is not None:
        _require_same_rows(networks, size_free)
        mixtures.append(
            Mixture(SIZE_FREE, size_free, tuple(key for key in keys if key in size_free))
        )
    if table["dataset"].nunique() > 1:
        mixtures.append(Mixture(OTHER_DATASETS, table, keys, "dataset"))
    if table["algorithm"].nunique() > 1:
        mixtures.append(Mixture(OTHER_ALGORITHMS, table, keys, "algorithm"))
    require_columns(networks, ["achieved_sparsity"])
    density = 1 - networks["achieved_sparsity"]
    mixtures.append(Mixture(SIZE, networks.assign(density=density), SIZE_FEATURES))
    return table, mixtures


def single_columns(networks: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Choose the strategies that order by one column: `SINGLE_COLUMNS`, and the `RAMANUJAN_COLUMNS` that there are.

    Returns `networks` with these columns as numbers (an infinite value is missing), and {strategy: column}.
    """
    strategies = dict(SINGLE_COLUMNS)
    strategies |= {name: name for name in RAMANUJAN_COLUMNS.values() if name in networks}
    columns = list(strategies.values())
    require_columns(networks, columns)
    numbers = networks[columns].astype(np.float64).replace([np.inf, -np.inf], np.nan)
    return networks.assign(**numbers), strategies


def ranked_pools(
    networks: pd.DataFrame, pools: Mapping[str, Sequence[str]] | None
) -> dict[str, list[str]]:
    """Pools of at least two algorithms; by default, and if none is left, one of all: "all".

    A table with a single algorithm keeps that pool; the status of its rankings says what is wrong. An algorithm without
    a row is a DataError.

    Examples
    --------
    >>> networks = pd.DataFrame({"algorithm": ["snip", "er", "snip"]})
    >>> ranked_pools(networks, {"one": ["er"]})
    {'all': ['er', 'snip']}
    """
    require_columns(networks, ["algorithm"])
    known = sorted(networks["algorithm"].unique())
    chosen = {
        name: sorted(set(algorithms))
        for name, algorithms in (pools or {"all": known}).items()
        if len(set(algorithms)) > 1
    }
    chosen = chosen or {"all": known}
    for name, algorithms in chosen.items():
        unknown = sorted(set(algorithms) - set(known))
        if unknown:
            raise DataError(
                f"the result table has no row of the algorithm(s) {', '.join(unknown)} to rank, "
                f"which the pool '{name}' names; it has {', '.join(known)}."
            )
    return chosen


def _require_same_rows(networks: pd.DataFrame, other: pd.DataFrame) -> None:
    require_columns(other, list(CELL))
    cells = [cell_strings(table).to_numpy() for table in (networks, other)]
    if len(networks) != len(other) or (cells[0] != cells[1]).any():
        raise DataError(
            f"the size-free metrics ({len(other)} rows) must be of the same networks, in the same "
            f"order, as the result table ({len(networks)} rows)."
        )
