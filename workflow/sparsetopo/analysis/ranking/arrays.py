"""Rankings as plain arrays, for many draws of the networks at once.

What `ranking.rankings_table` and `ranking.ranking_table` do for one table, `Arrays.overlaps` does
for hundreds of resampled ones, without a table in the loop. Axes, in this order: metric, draw,
place (an architecture with a dataset), sparsity, algorithm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sparsetopo.analysis.importance import correlations
from sparsetopo.analysis.ranking.mixture import MISSING_LEVEL, Mixture, rounded, rounded_sum
from sparsetopo.analysis.ranking.rbo import place_weights
from sparsetopo.analysis.tables.table import sparsity_strings

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Arrays:
    """The networks of a study, sorted so that the seeds of a group are neighbours.

    Attributes
    ----------
    architectures, datasets, sparsities, algorithms
        Names in the order of the axes.
    places
        Shape (places, 2): number of the architecture and of the dataset.
    keys
        Shape (4, networks): architecture, dataset, sparsity, algorithm of each.
    group
        Shape (networks,): flat number in (places, sparsities, algorithms); never decreasing.
    order
        Shape (networks,): row of the table that each was.
    accuracy, drop
        Shape (networks,).
    single
        Strategy: its column, shape (networks,).
    mixtures
        Strategy: its scaled metrics, shape (metrics, networks), and `Mixture.without`.
    """

    architectures: tuple[str, ...]
    datasets: tuple[str, ...]
    sparsities: tuple[str, ...]
    algorithms: tuple[str, ...]
    places: Ints
    keys: Ints
    group: Ints
    order: Ints
    accuracy: Floats
    drop: Floats
    single: Mapping[str, Floats]
    mixtures: Mapping[str, tuple[Floats, str | None]]

    @property
    def strategies(self) -> list[str]:
        """Names, in the order of the strategies' axis."""
        return [*self.mixtures, *self.single]

    @property
    def starts(self) -> Ints:
        """First network of each group that has any."""
        return np.flatnonzero(np.r_[True, np.diff(self.group) > 0])

    def as_observed(self) -> Ints:
        """One draw, of all networks once; shape (1, networks)."""
        return np.arange(len(self.group))[None]

    def seeds(self) -> Ints:
        """Networks of each group; shape (places, sparsities, algorithms)."""
        shape = (len(self.places), len(self.sparsities), len(self.algorithms))
        return np.bincount(self.group, minlength=int(np.prod(shape))).reshape(shape)

    def means(self, values: Floats, drawn: Ints) -> Floats:
        """Means over seeds: values (columns, networks), drawn (draws, networks).

        Returns shape (columns, draws, places, sparsities, algorithms); NaN where there is none.
        """
        own = np.take(values, drawn, axis=1)
        known = ~np.isnan(own)
        starts = self.starts
        sums = np.add.reduceat(np.where(known, own, 0.0), starts, axis=-1)
        with np.errstate(invalid="ignore"):
            averages = rounded(sums / np.add.reduceat(known, starts, axis=-1, dtype=np.intp))
        shape = (len(self.places), len(self.sparsities), len(self.algorithms))
        result = np.full((*own.shape[:-1], int(np.prod(shape))), np.nan)
        result[..., self.group[starts]] = averages
        return result.reshape(*own.shape[:-1], *shape)

    def pool(self, names: Sequence[str]) -> Ints:
        """Places of some algorithms on the axis of algorithms."""
        return np.array([n for n, name in enumerate(self.algorithms) if name in set(names)])


def ranking_arrays(
    table: pd.DataFrame, mixtures: Sequence[Mixture], single_columns: Mapping[str, str]
) -> Arrays:
    """Sort the networks and give every name a number.

    Parameters
    ----------
    table
        One row a network: the cell's columns, accuracy, accuracy_drop, and the single columns.
    mixtures
        Each with a table whose rows are the same networks, in the same order.
    single_columns
        Strategy: column.
    """
    names = table.assign(sparsity=sparsity_strings(table["sparsity"]))
    names = names[["architecture", "dataset", "sparsity", "algorithm"]].astype("str")
    levels: list[tuple[str, ...]] = []
    codes = []
    for name in ("architecture", "dataset", "sparsity", "algorithm"):
        key = float if name == "sparsity" else str
        levels.append(tuple(sorted(names[name].unique(), key=key)))
        codes.append(pd.Index(levels[-1]).get_indexer(pd.Index(names[name])))
    keys = np.array(codes, np.intp)
    places, place = np.unique(keys[:2], axis=1, return_inverse=True)
    group = (place.ravel() * len(levels[2]) + keys[2]) * len(levels[3]) + keys[3]
    order = np.argsort(group, kind="stable")

    def column(name: str) -> Floats:
        return table[name].to_numpy(np.float64)[order]

    return Arrays(
        architectures=levels[0],
        datasets=levels[1],
        sparsities=levels[2],
        algorithms=levels[3],
        places=places.T,
        keys=keys[:, order],
        group=group[order],
        order=order,
        accuracy=column("accuracy"),
        drop=column("accuracy_drop"),
        single={name: column(key) for name, key in single_columns.items()},
        mixtures={
            own.name: (own.table[list(own.metrics)].to_numpy(np.float64).T[:, order], own.without)
            for own in mixtures
        },
    )


def mixture_scores(means: Floats, present: Bools, weights: Floats) -> Floats:
    """`mixture.mixture_scores` of shape (draws, places, sparsities, algorithms).

    Parameters
    ----------
    means
        Shape (metrics, draws, places, sparsities, algorithms).
    present
        The same without metrics: what is ranked, and spans the range of a metric.
    weights
        Like `means`; the last axis may have length 1.
    """
    known = present & ~np.isnan(means)
    least = np.where(known, means, np.inf).min(axis=(-2, -1), keepdims=True)
    width = np.where(known, means, -np.inf).max(axis=(-2, -1), keepdims=True) - least
    varies = width > 0
    with np.errstate(invalid="ignore"):
        scaled = np.where(varies, (means - least) / np.where(varies, width, 1.0), 0.0)
    return rounded_sum(np.where(known, scaled, MISSING_LEVEL) * weights, axis=0)


def mixture_weights(
    arrays: Arrays, metrics: Floats, drawn: Ints, without: str | None = None
) -> Floats:
    """Weights fitted on each draw: shape (metrics, draws, places, sparsities, 1 or algorithms)."""
    everyone = np.ones(len(arrays.drop), bool)
    of_place = arrays.places[:, 0]
    if without is None:
        return _fitted(arrays, metrics, drawn, everyone)[:, :, of_place, :, None]
    key, names = (1, arrays.datasets) if without == "dataset" else (3, arrays.algorithms)
    parts = [
        _fitted(arrays, metrics, drawn, arrays.keys[key] != number)[:, :, of_place]
        for number in range(len(names))
    ]
    if without == "algorithm":
        return np.stack(parts, axis=-1)
    own = [parts[dataset][:, :, place] for place, dataset in enumerate(arrays.places[:, 1])]
    return np.stack(own, axis=2)[..., None]


def _fitted(arrays: Arrays, metrics: Floats, drawn: Ints, used: Bools) -> Floats:
    """(r_architecture + r_sparsity)/2 over the networks used; (metrics, draws, architectures, sparsities)."""
    sides = []
    for key, names in ((0, arrays.architectures), (2, arrays.sparsities)):
        side = np.zeros((len(metrics), len(drawn), len(names)))
        for number in range(len(names)):
            rows = drawn[:, used & (arrays.keys[key] == number)]
            if rows.shape[1]:
                side[..., number] = correlations(np.take(metrics, rows, axis=1), arrays.drop[rows])
        sides.append(np.nan_to_num(side))
    return (sides[0][..., :, None] + sides[1][..., None, :]) / 2


def positions(key: Floats, present: Bools) -> Ints:
    """Places from 0 along the last axis: least first, missing before them, ties as the axis goes."""
    key = np.where(present, np.where(np.isnan(key), -np.inf, key), np.inf)
    order = np.argsort(key, axis=-1, kind="stable")
    return np.argsort(order, axis=-1, kind="stable")


def overlaps(truth: Ints, other: Ints, present: Bools) -> Floats:
    """Rank-biased overlap along the last axis; NaN where fewer than two are present."""
    most = present.shape[-1]
    table = np.zeros((most + 1, most))
    for items in range(1, most + 1):
        table[items, :items] = place_weights(items)
    count = present.sum(axis=-1)
    shared = table[count[..., None], np.maximum(truth, other)]
    return np.where(count < 2, np.nan, np.where(present, shared, 0.0).sum(axis=-1))


def over_datasets(arrays: Arrays, values: Floats) -> Floats:
    """Mean over the datasets of an architecture: (..., places, sparsities) -> (..., architectures, sparsities)."""
    return np.stack(
        [
            defined_mean(values[..., arrays.places[:, 0] == number, :], axis=-2)
            for number in range(len(arrays.architectures))
        ],
        axis=-2,
    )


def defined_mean(values: Floats, axis: int) -> Floats:
    """Mean of those that are not NaN; NaN if none is."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=axis) / known.sum(axis=axis)
