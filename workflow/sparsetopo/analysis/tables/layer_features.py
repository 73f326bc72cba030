"""From tables of layers to features of networks: means over the layers.

Source: Cunegatti et al. 2024, sections 4.1 and 4.2. How they average layers was found from their tables (see
`docs/findings.md`).
"""

from collections.abc import Mapping

import pandas as pd

from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.table import CELL, require_columns
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import LAYER_METRICS, Feature

RAMANUJAN_COLUMNS: Mapping[str, str] = {
    "density": "layer_density",
    "delta_r": "delta_r",
    "delta_r_imdb": "delta_r_imdb",
    "lambda_imsg": "lambda_imsg",
}
"""By column of the table of layers: the name of its mean over a network's layers."""


def layer_features(
    layers: pd.DataFrame, encoding: str, metrics: Mapping[str, Feature] = LAYER_METRICS
) -> pd.DataFrame:
    """Average the scaled metrics of a network's layers.

    Parameters
    ----------
    layers
        One row a network, encoding ("rolled" or "rolled_channel") and layer: the cell's columns, nodes, edges, and the
        raw metrics. A metric that is missing counts as 0; in a layer without edges these are all metrics that are
        divided by E.

    Returns
    -------
    DataFrame
        One row a network: the cell's columns and the metrics.

    Raises
    ------
    DataError
        Missing columns, no row of that encoding, or a layer that is there twice.
    """
    require_columns(layers, [*CELL, "encoding", "layer", "nodes", "edges", *metrics])
    chosen = layers[layers["encoding"] == encoding]
    if chosen.empty:
        known = ", ".join(sorted(map(str, layers["encoding"].unique())))
        raise DataError(
            f"the table of layers has no row of encoding '{encoding}'; it has {known or 'none'}."
        )
    _refuse_repeated_layers(chosen)
    scaled = scale(chosen, metrics)
    scaled[list(metrics)] = scaled[list(metrics)].fillna(0.0)
    return scaled.groupby(list(CELL), sort=True)[list(metrics)].mean().reset_index()


def ramanujan_means(layers: pd.DataFrame) -> pd.DataFrame:
    """Average layer density and the Ramanujan metrics over a network's layers, one row a network.

    Columns are those of the cell and the values of `RAMANUJAN_COLUMNS`. A mean is taken over the layers that have the
    metric; it is missing if none has it.

    Raises
    ------
    DataError
        Missing columns, or a layer that is there twice.
    """
    require_columns(layers, [*CELL, "layer", *RAMANUJAN_COLUMNS])
    _refuse_repeated_layers(layers)
    means = layers.groupby(list(CELL), sort=True)[list(RAMANUJAN_COLUMNS)].mean()
    return means.rename(columns=dict(RAMANUJAN_COLUMNS)).reset_index()


def _refuse_repeated_layers(layers: pd.DataFrame) -> None:
    twice = layers.duplicated([*CELL, "layer"])
    if twice.any():
        first = layers.loc[twice, [*CELL, "layer"]].iloc[0]
        raise DataError(
            f"{int(twice.sum())} layer(s) are in the table of layers twice, the first is layer "
            f"{first['layer']} of {'/'.join(map(str, first[list(CELL)]))}."
        )
