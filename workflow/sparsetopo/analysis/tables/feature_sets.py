"""Sets of features that the drop is regressed on: the paper's encodings, and what to hold beside them.

The paper compares three graph encodings. Two things that it does not check are made here: how far a
regressor gets that sees the size of a network only ("size"), and how far the metrics get once they
are scaled so that they do not tell the size ("...-size-free").
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import LAYER_METRICS, layer_features
from sparsetopo.analysis.tables.metrics import PAPER_METRICS, Metric
from sparsetopo.analysis.tables.table import CELL, check_table, require_columns, sparsity_strings

logger = logging.getLogger(__name__)

LAYER_ENCODINGS: Mapping[str, str] = {"rolled": "rolled", "rolled-channel": "rolled_channel"}
"""Encoding as in the paper's table 3: as in the table of layers."""
PAPER_ENCODINGS = ("MGE", *LAYER_ENCODINGS)
SIZE = "size"
SIZE_FEATURES = ("nodes", "edges", "density")
SIZE_FREE = "-size-free"
ENCODINGS = (*PAPER_ENCODINGS, SIZE, *(f"{encoding}{SIZE_FREE}" for encoding in PAPER_ENCODINGS))

_SIZE_FREE_SCALING: Mapping[str, str] = {
    "sink": "nodes",
    "source": "nodes",
    "disconnected": "nodes",
    "r_out": "none",
    "r_in": "none",
    "n1": "none",
    "n2": "none",
    "motif": "edges",
    "motif4": "edges",
    "k_core": "none",
    "strength": "none",
    # Of a connected graph neither V nor 1/V, but 0 and 1.
    "components": "nodes_beyond_first",
    "component_size": "nodes",
    "cut_edges": "edges",
    "cut_nodes": "nodes",
    "spectral_gap": "none",
    "spectral_radius": "none",
}


@dataclass(frozen=True)
class FeatureSet:
    """Features to regress on.

    Attributes
    ----------
    name
        One of `ENCODINGS`.
    columns
        The features, columns of `table`.
    table
        One row a network: the cell's columns, the target, the features (NaN where missing).
    """

    name: str
    columns: tuple[str, ...]
    table: pd.DataFrame


def size_free(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """Scale metrics so that they do not tell how large the graph is.

    Parameters
    ----------
    metrics
        Of a network or of a layer.

    Returns
    -------
    dict
        The same metrics with scalings that make them intensive: two disjoint copies of a graph have
        the value of one. What the library returns as a mean over nodes (n1, n2, core number,
        strength) is taken as it is: the paper divides it once more by E, after which it is nearly
        1/V. Counts of nodes are divided by V, those of edges and motifs by E. The spectral radius
        is as it is. Three are no intensive quantities, and no divisor makes them one: the spectral
        gap (in two copies each eigenvalue is there twice, and the gap between the first and the
        third magnitude is 0) is as it is; of components those beyond the first are counted, a node,
        and their mean size is divided by V as in the paper: most graphs are connected, and size or
        components/V would then be V or 1/V itself. A metric that is not among the paper's keeps its
        own scaling.
    """
    return {
        key: replace(metric, scaling=_SIZE_FREE_SCALING.get(key, metric.scaling))
        for key, metric in metrics.items()
    }


def feature_sets(
    networks: pd.DataFrame,
    layers: pd.DataFrame | None = None,
    metrics: Mapping[str, Metric] = PAPER_METRICS,
    *,
    target: str = "accuracy_drop",
) -> dict[str, FeatureSet]:
    """Make all sets of features that the tables allow.

    Parameters
    ----------
    networks
        One row a network: the cell's columns, `target`, achieved_sparsity, nodes, edges, and the
        raw metrics.
    layers
        One row a network, encoding and layer, with raw metrics (`layer_features`). None: the sets of
        the layers are left out.
    metrics
        Metrics of a network to use; some of the paper's, or more.

    Returns
    -------
    dict
        {name: set}, in the order of `ENCODINGS`. "MGE": scaled as in the paper. "rolled" and
        "rolled-channel": means over layers, scaled as in the paper; a network without layers misses
        them all, and a regression counts it among its rows left out. "size": nodes, edges, and
        density = 1 - achieved sparsity (kept weights / weights that may be pruned). "...-size-free":
        see `size_free`. "size" and "MGE-size-free" are missing wherever "MGE" is, so that the three
        are compared on the same networks.

    Raises
    ------
    DataError
        Missing columns, an encoding without a row in `layers`, a layer that is there twice, or
        whatever `tables.check_table` refuses.
    """
    require_columns(networks, [*CELL, target, "achieved_sparsity", *metrics])
    check_table(networks, list(metrics), accuracy=False)
    keys = list(metrics)
    base = networks[[*CELL, target]].assign(sparsity=sparsity_strings(networks["sparsity"]))
    paper, free = scale(networks, metrics), scale(networks, size_free(metrics))
    incomplete = paper[keys].isna().any(axis=1)
    size = networks[["nodes", "edges"]].astype(np.float64)
    size["density"] = 1.0 - networks["achieved_sparsity"].astype(np.float64)
    found = {
        "MGE": _beside(base, paper[keys]),
        SIZE: _beside(base, size.mask(incomplete)),
        f"MGE{SIZE_FREE}": _beside(base, free[keys].mask(incomplete)),
    }
    if layers is not None:
        layers = layers.assign(sparsity=sparsity_strings(layers["sparsity"]))
        for name, encoding in LAYER_ENCODINGS.items():
            found[name] = _of_layers(base, layers, encoding, LAYER_METRICS)
            found[f"{name}{SIZE_FREE}"] = _of_layers(
                base, layers, encoding, size_free(LAYER_METRICS)
            )
    columns = {name: tuple(table.columns[base.shape[1] :]) for name, table in found.items()}
    return {
        name: FeatureSet(name, columns[name], found[name]) for name in ENCODINGS if name in found
    }


def _beside(base: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([base, features], axis=1)


def _of_layers(
    base: pd.DataFrame, layers: pd.DataFrame, encoding: str, metrics: Mapping[str, Metric]
) -> pd.DataFrame:
    features = layer_features(layers, encoding, metrics)
    joined = base.merge(features, on=list(CELL), how="left", validate="many_to_one")
    without = int(joined[list(metrics)].isna().all(axis=1).sum())
    if without:
        logger.info("%d network(s) have no row of encoding '%s'", without, encoding)
    return joined
