"""Rankings one by one, from groups of rows of a table: an independent check of the arrays."""

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.rbo import mean_rbo

SETTING = ["architecture", "dataset", "sparsity"]


def orders(table, mixtures, single, algorithms):
    """Ranked names by (strategy, architecture, dataset, sparsity); arguments as of `study_arrays`."""
    accuracy = seed_means(table, ["accuracy"], algorithms)["accuracy"].dropna()
    keys = {"truth": -accuracy}
    for mixture in mixtures:
        own = mixture.table.assign(accuracy_drop=table["accuracy_drop"].to_numpy())
        keys[mixture.name] = mixture_scores(own, mixture, accuracy.index)
    for name, column in single.items():
        keys[name] = -seed_means(table, [column], algorithms)[column]
    found = {}
    for name, key in keys.items():
        rows = key.reindex(accuracy.index).rename("key").fillna(-np.inf).reset_index()
        rows = rows.sort_values([*SETTING, "key", "algorithm"])
        for setting, group in rows.groupby(SETTING):
            found[name, *setting] = group["algorithm"].tolist()
    return found


def overlaps(found):
    """Mean overlap with the truth over the datasets, by (strategy, architecture, sparsity)."""
    values = {}
    for (strategy, architecture, dataset, sparsity), order in found.items():
        truth = found["truth", architecture, dataset, sparsity]
        own = values.setdefault((strategy, architecture, sparsity), [])
        own += [mean_rbo(truth, order)] if len(truth) > 1 else []
    return {key: np.mean(own) if own else np.nan for key, own in values.items()}


def seed_means(table, columns, algorithms):
    """Means over seeds to 12 digits; index (architecture, dataset, sparsity, algorithm)."""
    chosen = table[table["algorithm"].isin(algorithms)]
    means = chosen.groupby([*SETTING, "algorithm"])[list(columns)].mean()
    return means.map(lambda value: float(f"{value:.11e}"))


def mixture_scores(table, mixture, index):
    """Weighted sums of the metrics, scaled to 0..1 in each architecture and dataset."""
    algorithms = index.unique("algorithm")
    means = seed_means(table, mixture.metrics, algorithms).loc[index]
    group = means.groupby(level=["architecture", "dataset"])
    least, width = group.transform("min"), group.transform("max") - group.transform("min")
    scaled = ((means - least) / width.where(width > 0, np.inf)).where(means.notna(), 0.5)
    weights, scores = {}, []
    for key, row in scaled.iterrows():
        cell = dict(zip(index.names, key, strict=True))
        left_out = cell.get(mixture.without)
        sides = []
        for column in ("architecture", "sparsity"):
            side = (left_out, column, cell[column])
            if side not in weights:
                seen = table[table[mixture.without] != left_out] if mixture.without else table
                weights[side] = correlations(seen[seen[column] == cell[column]], mixture.metrics)
            sides.append(weights[side])
        scores.append(float(row @ (sides[0] + sides[1]) / 2))
    return pd.Series(scores, index=index).round(12) + 0.0


def correlations(rows, metrics):
    """Pearson's r of each metric with the drop; 0 where it does not exist."""
    found = {}
    for metric in metrics:
        known = rows[[metric, "accuracy_drop"]].dropna().to_numpy(np.float64)
        spread = (
            np.ptp(known, axis=0) / np.abs(known).max(axis=0) if len(known) > 2 else np.zeros(2)
        )
        found[metric] = np.corrcoef(known.T)[0, 1] if (spread > 1e-12).all() else 0.0
    return pd.Series(found)
