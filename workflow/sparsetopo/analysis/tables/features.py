"""Features of a regression: metrics made comparable across graphs of different size.

The library returns raw metrics (counts, means). The authors' released table divides most of them
by the number of nodes or of edges; `scale` does the same. `min_max` then brings every feature of
a sample to 0..1, because the metrics differ by ten orders of magnitude and the regressors'
penalties do not.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.tables.metrics import PAPER_METRICS, SCALINGS, Metric
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError


def scale(table: pd.DataFrame, metrics: Mapping[str, Metric] = PAPER_METRICS) -> pd.DataFrame:
    """Return `table` with its raw metric columns replaced by the scaled ones.

    Parameters
    ----------
    table
        Columns nodes, edges, and every key of `metrics` as raw values.
    metrics
        Scaling of each metric: divided by "nodes", by "edges", or "none". Default: the sixteen of
        the paper.

    Returns
    -------
    DataFrame
        A copy. A metric scaled by the edges of a graph that has none is missing (NaN).

    Raises
    ------
    DataError
        Missing columns, an unknown scaling, or a graph without nodes.
    """
    require_columns(table, ["nodes", "edges", *metrics])
    if (table["nodes"] <= 0).any():
        raise DataError(
            "the result table has a graph with no nodes; every network has at least its inputs."
        )
    nodes = table["nodes"].astype(np.float64)
    edges = table["edges"].astype(np.float64)
    divisors: dict[str, pd.Series | float] = {
        "nodes": nodes,
        "edges": edges.where(edges > 0),
        "none": 1.0,
    }
    scaled = table.copy()
    for key, metric in metrics.items():
        beyond_first = metric.scaling == "nodes_beyond_first"
        scaling, offset = ("nodes", 1.0) if beyond_first else (metric.scaling, 0.0)
        if scaling not in divisors:
            raise DataError(
                f"the metric '{key}' has the scaling '{metric.scaling}'; "
                f"known: {', '.join(SCALINGS)}."
            )
        scaled[key] = (table[key].astype(np.float64) - offset) / divisors[scaling]
    return scaled


def min_max(
    values: NDArray[np.float64], reference: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Bring every column to 0..1 over the rows of `reference` (default: of `values` itself).

    Parameters
    ----------
    values
        Shape (rows, features).
    reference
        Shape (other rows, features). Values outside its range come out below 0 or above 1.

    Returns
    -------
    ndarray
        Shape (rows, features). A feature that is constant over the reference becomes 0 everywhere.
    """
    source = values if reference is None else reference
    lowest = source.min(axis=0)
    width = source.max(axis=0) - lowest
    constant = ~(width > 0)
    scaled = (values - lowest) / np.where(constant, 1.0, width)
    scaled[:, constant] = 0.0
    return scaled
