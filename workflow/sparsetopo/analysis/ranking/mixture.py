"""The topometric mixture: a weighted sum of metrics that predicts which algorithm drops most.

Cunegatti et al. 2024, section 4.3. The metrics are averaged over seeds, scaled to 0..1 per
(architecture, dataset) over all sparsities and the algorithms being ranked, weighted by
(r_architecture + r_sparsity)/2 and summed. The weights are correlations with the accuracy drop
(`importance.importance_table`), so a large sum predicts a large drop. A correlation that does not
exist (a constant metric, say) weighs 0.

The paper fits the weights on the very accuracies that are then ranked. `fit_mixture` with
`without` fits them on the others only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.importance import importance_table
from sparsetopo.analysis.tables.features import min_max
from sparsetopo.analysis.tables.table import require_columns, sparsity_strings
from sparsetopo.metrics.registry import Feature

SIZE_METRICS: Mapping[str, Feature] = {
    "nodes": Feature("size", "none", "nodes"),
    "edges": Feature("size", "none", "edges"),
    "density": Feature("size", "none", "density"),
}
"""What is known of a sparse network without looking at its graph."""
MISSING_LEVEL = 0.5
"""A metric that is missing tells nothing: the middle of the range."""


@dataclass(frozen=True)
class Mixture:
    """A strategy that orders by a weighted sum.

    Attributes
    ----------
    name
        Name of the strategy.
    table
        One row a network: the cell's columns, accuracy_drop, and the scaled metrics.
    metrics
        Columns of `table`.
    without
        None: the weights see all rows. "dataset" or "algorithm": those of a row never saw rows of
        the same one.
    weights
        One column a metric; index (architecture, sparsity), and `without` before them if given.
    """

    name: str
    table: pd.DataFrame
    metrics: tuple[str, ...]
    without: str | None
    weights: pd.DataFrame


def fit_mixture(
    name: str, table: pd.DataFrame, metrics: Mapping[str, Feature], without: str | None = None
) -> Mixture:
    """Fit the weights of a mixture on `table` (see `Mixture`)."""
    importance = importance_table(table, metrics)
    weights = mixture_weights(importance)
    if without is not None:
        keys = ["subset_kind", "subset", "metric"]
        parts = {}
        for value in sorted(table[without].unique()):
            own = importance_table(table[table[without] != value], metrics)
            # What only the left-out rows have (an architecture, say) has no correlation.
            parts[value] = mixture_weights(
                importance[keys].merge(own[[*keys, "pearson_r"]], how="left", on=keys)
            )
        weights = pd.concat(parts, names=[without])
    return Mixture(name, table, tuple(metrics), without, weights)


def mixture_weights(importance: pd.DataFrame) -> pd.DataFrame:
    """Weights of the mixture, (r_architecture + r_sparsity)/2, from `importance.importance_table`.

    Returns
    -------
    DataFrame
        Index (architecture, sparsity), one column a metric. An undefined correlation counts as 0.
    """
    require_columns(importance, ["subset_kind", "subset", "metric", "pearson_r"])
    wide = importance.pivot(index=["subset_kind", "subset"], columns="metric", values="pearson_r")
    wide = wide[list(importance["metric"].unique())].fillna(0.0)
    return pd.concat(
        {
            (architecture, sparsity): (of_architecture + of_sparsity) / 2
            for architecture, of_architecture in wide.loc["architecture"].iterrows()
            for sparsity, of_sparsity in wide.loc["sparsity"].iterrows()
        },
        axis=1,
        names=["architecture", "sparsity"],
    ).T


def mixture_scores(means: pd.DataFrame, weights: pd.DataFrame) -> pd.Series:
    """Weighted sum of the scaled metrics.

    Parameters
    ----------
    means
        Index (architecture, dataset, sparsity, algorithm), one column a metric: means over seeds.
    weights
        One column a metric; indexed by any of the index levels of `means`.
    """
    scaled = means.groupby(level=["architecture", "dataset"], group_keys=False).apply(
        _scale_with_gaps
    )
    levels = [scaled.index.get_level_values(str(level)) for level in weights.index.names]
    own = weights.loc[pd.MultiIndex.from_arrays(levels), list(means.columns)].to_numpy()
    return pd.Series(rounded_sum(scaled.to_numpy() * own, axis=1), index=scaled.index)


def size_table(networks: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of `SIZE_METRICS`: density is 1 - achieved_sparsity, the kept weights."""
    require_columns(networks, ["nodes", "edges", "achieved_sparsity"])
    return networks.assign(
        density=1 - networks["achieved_sparsity"], sparsity=sparsity_strings(networks["sparsity"])
    )


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to 12 significant digits, so that means that differ by the order of summation tie."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = 10.0 ** (11 - np.floor(np.log10(np.abs(values))))
        result = np.round(values * factor) / factor
    return np.where(np.isfinite(result), result, values)


def rounded_sum(terms: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Sum of terms of the order 1, to 12 decimals: large terms may cancel, so not significant ones.

    Adding 0 turns -0 into 0.
    """
    return np.asarray(terms.sum(axis=axis)).round(12) + 0.0


def _scale_with_gaps(group: pd.DataFrame) -> pd.DataFrame:
    known = group.fillna(group.min()).fillna(0.0).to_numpy(np.float64)
    scaled = pd.DataFrame(min_max(known), index=group.index, columns=group.columns)
    return scaled.where(group.notna(), MISSING_LEVEL)
