"""From tables of layers to one row a network: what a regression or a ranking can use.

Source: Cunegatti et al. 2024, sections 4.1 and 4.2; how layers are averaged follows from their
tables (see `docs/findings.md`).
"""

from collections.abc import Mapping

import pandas as pd

from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import Metric
from sparsetopo.analysis.tables.table import CELL, require_columns
from sparsetopo.errors import DataError

LAYER_METRICS: Mapping[str, Metric] = {
    "motif": Metric("neighbour", "edges", "motifs"),
    "n1": Metric("neighbour", "edges", "1-hop neighbours"),
    "k_core": Metric("strength", "edges", "mean core number"),
    "strength": Metric("strength", "edges", "mean node strength"),
    "components": Metric("global", "none", "components"),
    "component_size": Metric("global", "nodes", "mean component size"),
    "cut_edges": Metric("global", "edges", "cut edges"),
    "cut_nodes": Metric("global", "edges", "cut nodes"),
    "spectral_gap": Metric("expansion", "none", "spectral gap"),
    "spectral_radius": Metric("expansion", "none", "spectral radius"),
}
"""The ten metrics of a layer's graph, scaled as the paper's regressions scale them."""

RAMANUJAN_COLUMNS: Mapping[str, str] = {
    "density": "layer_density",
    "delta_r": "delta_r",
    "delta_r_imdb": "delta_r_imdb",
    "lambda_imsg": "lambda_imsg",
}
"""Column of the table of layers: name of its mean over a network's layers."""


def layer_features(
    layers: pd.DataFrame, encoding: str, metrics: Mapping[str, Metric] = LAYER_METRICS
) -> pd.DataFrame:
    """Average the scaled metrics of a network's layers.

    Parameters
    ----------
    layers
        One row a network, encoding and layer: the cell's columns, encoding, layer, nodes, edges,
        and the raw metrics.
    encoding
        "rolled" or "rolled_channel".
    metrics
        Scaling of each metric.

    Returns
    -------
    DataFrame
        One row a network: the cell's columns and the metrics. A metric that is missing in a layer
        (as all those divided by E are where there is no edge) counts as 0 there.

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
    """Average layer density and the Ramanujan metrics over a network's layers.

    Parameters
    ----------
    layers
        One row a network and layer: the cell's columns, layer, and the keys of
        `RAMANUJAN_COLUMNS`.

    Returns
    -------
    DataFrame
        One row a network: the cell's columns and the values of `RAMANUJAN_COLUMNS`. Layers that
        miss a metric are left out of its mean; a network all of whose layers miss it misses it.

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
