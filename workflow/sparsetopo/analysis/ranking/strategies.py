"""The strategies of a study: the paper's, and what checks them.

The paper's mixture has its weights fitted on the accuracies that are then ranked, and some of its
metrics tell the size of a graph. So there are further strategies:

- ``size``: a mixture of nodes, edges and density only.
- ``mixture_size_free``: the metrics scaled so that they do not tell the size.
- ``mixture_other_datasets``: a dataset ranked with weights fitted on the others.
- ``mixture_other_algorithms``: each algorithm scored with weights fitted on the others.

The last two are left out where there is nothing to fit on.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.mixture import SIZE_METRICS, Mixture, fit_mixture, size_table
from sparsetopo.analysis.ranking.ranking import MIXTURE, SINGLE_COLUMNS
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import RAMANUJAN_COLUMNS
from sparsetopo.analysis.tables.table import CELL, require_columns, sparsity_strings
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import Metric

SIZE, SIZE_FREE = "size", "mixture_size_free"
OTHER_DATASETS, OTHER_ALGORITHMS = "mixture_other_datasets", "mixture_other_algorithms"


def study_mixtures(
    networks: pd.DataFrame,
    metrics: Mapping[str, Metric],
    size_free: pd.DataFrame | None = None,
    *,
    checks: bool = True,
) -> tuple[pd.DataFrame, list[Mixture]]:
    """Scale the metrics and fit the weights of all mixtures, on all algorithms of the table.

    Parameters
    ----------
    networks, metrics, size_free, checks
        See `ranking_cases.rank_networks`.

    Returns
    -------
    table
        `networks` with the metrics scaled.
    mixtures
        The paper's first.

    Raises
    ------
    DataError
        Missing columns, or `size_free` with other rows.
    """
    require_columns(networks, [*CELL, "accuracy", "accuracy_drop", "nodes", "edges", *metrics])
    networks = networks.reset_index(drop=True)
    table = scale(networks, metrics)
    mixtures = [fit_mixture(MIXTURE, table, metrics)]
    if not checks:
        return table, mixtures
    if size_free is not None:
        _require_same_rows(networks, size_free)
        kept = {key: metric for key, metric in metrics.items() if key in size_free}
        free = size_free.reset_index(drop=True).assign(accuracy_drop=networks["accuracy_drop"])
        mixtures.append(fit_mixture(SIZE_FREE, free, kept))
    if table["dataset"].nunique() > 1:
        mixtures.append(fit_mixture(OTHER_DATASETS, table, metrics, without="dataset"))
    if table["algorithm"].nunique() > 1:
        mixtures.append(fit_mixture(OTHER_ALGORITHMS, table, metrics, without="algorithm"))
    mixtures.append(fit_mixture(SIZE, size_table(networks), SIZE_METRICS))
    return table, mixtures


def single_columns(networks: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Strategies that order by one column, of those that are there: strategy, column.

    Returns
    -------
    table
        `networks` with these columns as numbers; an infinite value is missing.
    strategies
        `ranking.SINGLE_COLUMNS` and what of `layer_features.RAMANUJAN_COLUMNS` there is.
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
    """Pools of two algorithms at least; by default, and if none is left, one of all: "all".

    A table of a single algorithm keeps that pool, so that its rankings say what is wrong with them.

    Raises
    ------
    DataError
        If an algorithm has no row.
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
    cells = [
        table[list(CELL)].assign(sparsity=sparsity_strings(table["sparsity"])).astype("str")
        for table in (networks, other)
    ]
    if len(networks) != len(other) or (cells[0].to_numpy() != cells[1].to_numpy()).any():
        raise DataError(
            f"the size-free metrics ({len(other)} rows) must be of the same networks, in the same "
            f"order, as the result table ({len(networks)} rows)."
        )
