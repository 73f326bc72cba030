"""Sets of features that the drop is regressed on: the paper's encodings, and two checks.

The paper compares three graph encodings. It does not check how well a regressor does that sees only the size of a
network ("size"), nor how well the metrics do when they are scaled so that they do not tell the size ("...-size-free").
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import layer_features
from sparsetopo.analysis.tables.metrics import PAPER_METRICS, on_trained_weights
from sparsetopo.analysis.tables.table import CELL, check_table, require_columns, sparsity_strings
from sparsetopo.metrics.registry import LAYER_METRICS, Feature, Metric

logger = logging.getLogger(__name__)

LAYER_ENCODINGS: Mapping[str, str] = {"rolled": "rolled", "rolled-channel": "rolled_channel"}
"""By the encoding's name in the paper's table 3: its name in the table of layers."""
PAPER_ENCODINGS = ("MGE", *LAYER_ENCODINGS)
SIZE = "size"
SIZE_FEATURES = ("nodes", "edges", "density")
"""What is known of a sparse network without looking at its graph."""
SIZE_FREE = "-size-free"
MGE_TRAINED = "MGE-trained"
"""The metrics of the graph after training, where "MGE" has those of the initial weights."""
ENCODINGS = (
    *PAPER_ENCODINGS,
    MGE_TRAINED,
    SIZE,
    *(f"{encoding}{SIZE_FREE}" for encoding in PAPER_ENCODINGS),
)


@dataclass(frozen=True)
class FeatureSet:
    """Features to regress on: columns of a table.

    The table has one row a network: the cell's columns, the target, the features (NaN where missing). The name is one
    of `ENCODINGS`.
    """

    name: str
    columns: tuple[str, ...]
    table: pd.DataFrame


def size_free(metrics: Mapping[str, Metric]) -> dict[str, Metric]:
    """Metrics whose scaling is the size-free one of their registry entry.

    Most are intensive then: two disjoint copies of a graph have the value of one. Counts of nodes are divided by V,
    those of edges and motifs by E. Means over nodes (n1, n2, core number, strength) and the spectral radius are taken
    as they are; the paper divides the means by E once more, which makes them nearly 1/V.

    Three metrics cannot be made size-independent by division. The spectral gap is taken as it is, although it is 0 for
    two copies, which have every eigenvalue twice. Of the components those beyond the first are counted, divided by V,
    and the mean size of a component is divided by V as in the paper. Most graphs are connected, so that components/V
    or the size itself would be 1/V or V. Neither do the logarithms of sums over paths: a deeper or a wider
    graph has more paths; they are taken as they are.

    Examples
    --------
    >>> {name: metric.scaling for name, metric in size_free(PAPER_METRICS).items() if name in ("sink", "n1")}
    {'sink': 'nodes', 'n1': 'none'}
    """
    return {name: replace(metric, scaling=metric.size_free) for name, metric in metrics.items()}


def feature_sets(
    networks: pd.DataFrame,
    layers: pd.DataFrame | None = None,
    metrics: Mapping[str, Metric] = PAPER_METRICS,
    *,
    target: str = "accuracy_drop",
) -> dict[str, FeatureSet]:
    """All sets of features that can be made of the tables.

    Parameters
    ----------
    networks
        One row a network: the cell's columns, `target`, achieved_sparsity, nodes, edges, and the
        raw metrics.
    layers
        One row a network, encoding and layer, with raw metrics (`layer_features`); those of
        `LAYER_METRICS` that the table has are used. None: there are no sets of the layers.
    metrics
        Metrics of a network to use.

    Returns
    -------
    dict
        {name: set}, in the order of `ENCODINGS`. "MGE": scaled as in the paper. "rolled" and
        "rolled-channel": means over layers, scaled as in the paper; all are missing for a network
        without layers. "MGE-trained": as "MGE", on the trained weights; only of tables that have
        both. "size": nodes, edges, and density = 1 - achieved sparsity (kept weights / weights that
        may be pruned). "...-size-free": see `size_free`. "size", "MGE-trained" and "MGE-size-free"
        are missing where "MGE" is, so that they are compared on the same networks.

    Raises
    ------
    DataError
        Missing columns, an encoding without a row in `layers`, a layer that is there twice, or
        what `check_table` refuses.
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
    trained = on_trained_weights(networks)
    if not trained.columns.equals(networks.columns):
        found[MGE_TRAINED] = _beside(base, scale(trained, metrics)[keys].mask(incomplete))
    if layers is not None:
        layers = layers.assign(sparsity=sparsity_strings(layers["sparsity"]))
        own = {
            name: metric
            for name, metric in LAYER_METRICS.items()
            if name in layers and metric.second_reading_of is None
        }
        for name, encoding in LAYER_ENCODINGS.items():
            found[name] = _of_layers(base, layers, encoding, own)
            found[f"{name}{SIZE_FREE}"] = _of_layers(base, layers, encoding, size_free(own))
    columns = {name: tuple(table.columns[base.shape[1] :]) for name, table in found.items()}
    return {
        name: FeatureSet(name, columns[name], found[name]) for name in ENCODINGS if name in found
    }


def _beside(base: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([base, features], axis=1)


def _of_layers(
    base: pd.DataFrame, layers: pd.DataFrame, encoding: str, metrics: Mapping[str, Feature]
) -> pd.DataFrame:
    features = layer_features(layers, encoding, metrics)
    joined = base.merge(features, on=list(CELL), how="left", validate="many_to_one")
    without = int(joined[list(metrics)].isna().all(axis=1).sum())
    if without:
        logger.info("%d network(s) have no row of encoding '%s'", without, encoding)
    return joined
