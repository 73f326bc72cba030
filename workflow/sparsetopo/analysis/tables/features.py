"""Features of a regression: metrics made comparable across graphs of different size.

The library returns raw metrics (counts, means). The authors' released table divides most of them
by the number of nodes or edges, and so does `scale`. `min_max` then brings every feature of
a sample to 0..1: the metrics differ by ten orders of magnitude, but the regressors' penalties treat them alike.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import require_columns
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import SCALINGS, Feature


def scale(table: pd.DataFrame, metrics: Mapping[str, Feature] = PAPER_METRICS) -> pd.DataFrame:
    """Return `table` with its raw metric columns replaced by the scaled ones.

    Parameters
    ----------
    table
        Columns nodes, edges, and every key of `metrics` as raw values.
    metrics
        Their `scaling` says by what each is divided. Default: the sixteen of the paper.

    Returns
    -------
    DataFrame
        A copy. A metric divided by the edges of a graph that has none is missing (NaN).

    Raises
    ------
    DataError
        Missing columns, or a graph without nodes.

    Examples
    --------
    >>> table = pd.DataFrame({"nodes": [10, 20], "edges": [0, 50], "sink": [1, 4], "cut_edges": [0, 5]})
    >>> scale(table, {name: PAPER_METRICS[name] for name in ("sink", "cut_edges")}).to_numpy().tolist()
    [[10.0, 0.0, 0.1, nan], [20.0, 50.0, 0.2, 0.1]]
    """
    require_columns(table, ["nodes", "edges", *metrics])
    if (table["nodes"] <= 0).any():
        raise DataError(
            "the result table has a graph with no nodes; every network has at least its inputs."
        )
    nodes = table["nodes"].astype(np.float64)
    edges = table["edges"].astype(np.float64)
    divisors: Mapping[str | None, pd.Series | float] = {
        "nodes": nodes,
        "edges": edges.where(edges > 0),
        None: 1.0,
    }
    scaled = table.copy()
    for key, metric in metrics.items():
        divisor, subtracted = SCALINGS[metric.scaling]
        scaled[key] = (table[key].astype(np.float64) - subtracted) / divisors[divisor]
    return scaled


def min_max(
    values: NDArray[np.float64], reference: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Bring every column to 0..1 over the rows of `reference` (default: of `values` itself).

    Values outside the range of the reference come out below 0 or above 1. A feature that is constant over it becomes 0
    everywhere.

    Examples
    --------
    >>> min_max(np.array([[1.0, 7.0], [3.0, 7.0], [2.0, 7.0]])).tolist()
    [[0.0, 0.0], [1.0, 0.0], [0.5, 0.0]]
    """
    source = values if reference is None else reference
    lowest = source.min(axis=0)
    width = source.max(axis=0) - lowest
    constant = ~(width > 0)
    scaled = (values - lowest) / np.where(constant, 1.0, width)
    scaled[:, constant] = 0.0
    return scaled
