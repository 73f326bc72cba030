"""Does a Ramanujan metric say more than the density of its layer (figures 2 and 5 of the paper).

Two correlations answer this: of the metric with the density of its layer, and of the metric with
the accuracy drop, beside that of the mean layer density. Pearson's r sees linear relations only,
Spearman's (Pearson's r of ranks) every monotonic one. Both rest on the rows that have a value: the
metrics do not exist for layers with few weights, which are most layers of very sparse networks.

Source: Cunegatti et al. 2024, section 4.1, and their appendix on Ramanujan metrics.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from sparsetopo.analysis.importance import pearson
from sparsetopo.analysis.tables.layer_features import RAMANUJAN_COLUMNS, ramanujan_means
from sparsetopo.analysis.tables.table import CELL, cell_strings, require_columns
from sparsetopo.errors import DataError

RAMANUJAN_METRICS = ("delta_r", "delta_r_imdb", "lambda_imsg")
"""Difference of bound, its iterative mean, and iterative mean weighted spectral gap."""
DENSITY, DROP = "density", "accuracy_drop"
"""What a metric is compared with: the values of the column "against"."""
ALL = "all"
"""In a column that names a group: rows are pooled over that column."""

_GROUPINGS = (
    ("architecture", "dataset"),
    ("architecture", "sparsity"),
    ("architecture",),
    ("sparsity",),
    ("algorithm",),
    (),
)
_GROUP = ("architecture", "dataset", "sparsity", "algorithm")


def ramanujan_table(layers: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """Correlate Ramanujan metrics with layer density, and with the accuracy drop.

    Parameters
    ----------
    layers
        One row per layer of a network: the cell's columns, layer, density (kept weights / all),
        delta_r, delta_r_imdb, lambda_imsg; NaN where missing.
    networks
        One row per network: the cell's columns and accuracy_drop.

    Returns
    -------
    DataFrame
        against, metric, architecture, dataset, sparsity, algorithm ("all" where pooled), rows,
        missing, pearson_r, spearman_r, status.
        against "density": of layers. against "accuracy_drop": of networks, with each metric's mean
        over the layers that have it, and with the metric "layer_density" for comparison. rows: how
        many have both numbers; missing: the others, including networks without a drop or without
        layers. A correlation that does not exist is NaN, and status says why.

    Raises
    ------
    DataError
        Missing columns, a layer or network with several rows, or infinite values.
    """
    require_columns(networks, [*CELL, DROP])
    require_columns(layers, [*CELL, "layer", *RAMANUJAN_COLUMNS])
    _refuse_infinite(layers, list(RAMANUJAN_COLUMNS))
    _refuse_infinite(networks, [DROP])
    pairs = networks[[DROP]].assign(**cell_strings(networks))[[*CELL, DROP]]
    if pairs.duplicated(list(CELL)).any():
        first = pairs.loc[pairs.duplicated(list(CELL)), list(CELL)].iloc[0]
        raise DataError(f"the network {'/'.join(first)} has several rows; it may have only one.")
    # Sorted, so that the last bits of the results do not depend on the order of the rows.
    layers = layers.assign(**cell_strings(layers))
    layers = layers.sort_values([*CELL, "layer"], ignore_index=True)
    pairs = pairs.merge(ramanujan_means(layers), how="outer", on=list(CELL)).sort_values(list(CELL))
    of_layers = _correlate(layers, DENSITY, RAMANUJAN_METRICS)
    of_networks = _correlate(pairs, DROP, ("layer_density", *RAMANUJAN_METRICS))
    return pd.concat([of_layers, of_networks], ignore_index=True)


def correlations(metric: pd.Series, other: pd.Series) -> tuple[float, float, int, str]:
    """Return Pearson's and Spearman's r over the rows that have both, their number, and a status.

    Tied values share their mean rank. The status is that of `importance.pearson`, with the names of the series.

    Examples
    --------
    >>> metric, density = pd.Series(np.arange(6.0)), pd.Series([0.0, 0.1, 0.2, 0.3, 0.4, 2.0])
    >>> pearson_r, spearman_r, rows, status = correlations(metric, density)
    >>> round(pearson_r, 3), round(spearman_r, 3), rows, status
    (0.786, 1.0, 6, 'ok')
    """
    from scipy.stats import rankdata

    complete = (metric.notna() & other.notna()).to_numpy()
    x, y = metric[complete], other[complete]
    pearson_r, rows, status = pearson(x, y, (str(metric.name), str(other.name)))
    ranks = pd.Series(rankdata(x)), pd.Series(rankdata(y))
    return pearson_r, pearson(*ranks)[0] if status == "ok" else np.nan, rows, status


def _correlate(table: pd.DataFrame, against: str, metrics: Sequence[str]) -> pd.DataFrame:
    records = []
    for group, rows in _groups(table):
        for metric in metrics:
            pearson_r, spearman_r, used, status = correlations(rows[metric], rows[against])
            records.append(
                {
                    "against": against,
                    "metric": metric,
                    **group,
                    "rows": used,
                    "missing": len(rows) - used,
                    "pearson_r": pearson_r,
                    "spearman_r": spearman_r,
                    "status": status,
                }
            )
    return pd.DataFrame(records)


def _groups(table: pd.DataFrame) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield (names of the group, its rows): names sorted, sparsities by size."""
    for grouping in _GROUPINGS:
        pooled = dict.fromkeys(_GROUP, ALL)
        if not grouping:
            yield pooled, table
            continue
        parts = [
            ({**pooled, **dict(zip(grouping, map(str, names), strict=True))}, rows)
            for names, rows in table.groupby(list(grouping), sort=False)
        ]
        yield from sorted(parts, key=lambda part: _order(part[0]))


def _order(group: dict[str, str]) -> tuple[str, str, float, str]:
    sparsity = 0.0 if group["sparsity"] == ALL else float(group["sparsity"])
    return group["architecture"], group["dataset"], sparsity, group["algorithm"]


def _refuse_infinite(table: pd.DataFrame, columns: Sequence[str]) -> None:
    for column in columns:
        count = int(np.isinf(table[column].to_numpy(np.float64)).sum())
        if count:
            raise DataError(
                f"the column '{column}' has {count} infinite value(s); write a value that does not exist as missing."
            )
