"""The networks of a study as arrays, and their means over seeds for many draws at once.

All of `ranking` works on these arrays: the tables on one draw, the networks as they are
(`StudyArrays.as_observed`), and the bootstrap on hundreds. Axes, in this order: metric, draw, pair
(an architecture with a dataset), sparsity, algorithm. A *setting* is a pair with a sparsity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sparsetopo.analysis.ranking.strategies import Mixture
from sparsetopo.analysis.ranking.tie_breaking import Floats, Ints, rounded
from sparsetopo.analysis.tables.table import cell_strings


@dataclass(frozen=True)
class StudyArrays:
    """The networks of a study, sorted so that the seeds of a group are neighbours.

    A group holds the networks that differ in their seed only. Names are sorted; arrays have one entry for each network,
    except where a shape is given.

    Attributes
    ----------
    pairs
        Shape (pairs, 2): number of the architecture and of the dataset.
    keys
        Shape (4, networks): number of each network's architecture, dataset, sparsity, algorithm.
    group
        Flat index into (pairs, sparsities, algorithms), never decreasing.
    order
        Row of the table that holds the network.
    single
        Strategy: the column that it orders by.
    mixtures
        Strategy: its scaled metrics, shape (metrics, networks), and `Mixture.without`.
    """

    architectures: tuple[str, ...]
    datasets: tuple[str, ...]
    sparsities: tuple[str, ...]
    algorithms: tuple[str, ...]
    pairs: Ints
    keys: Ints
    group: Ints
    order: Ints
    accuracy: Floats
    drop: Floats
    single: Mapping[str, Floats]
    mixtures: Mapping[str, tuple[Floats, str | None]]

    @property
    def strategies(self) -> list[str]:
        """Names in the order of the tables."""
        return [*self.mixtures, *self.single]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of pairs, sparsities, algorithms."""
        return len(self.pairs), len(self.sparsities), len(self.algorithms)

    @property
    def starts(self) -> Ints:
        """First network of each group that has any."""
        return np.flatnonzero(np.r_[True, np.diff(self.group) > 0])

    @property
    def sizes(self) -> Ints:
        """Number of networks of each group that has any."""
        return np.diff(np.r_[self.starts, len(self.group)])

    def as_observed(self) -> Ints:
        """The draw that takes every network once; shape (1, networks)."""
        return np.arange(len(self.group))[None]

    def seeds(self) -> Ints:
        """Number of networks of each group; shape (pairs, sparsities, algorithms)."""
        return np.bincount(self.group, minlength=int(np.prod(self.shape))).reshape(self.shape)

    def pairs_of(self, architecture: int) -> Ints:
        """Numbers of the pairs of an architecture, in the order of the datasets."""
        return np.flatnonzero(self.pairs[:, 0] == architecture)

    def numbers(self, algorithms: Sequence[str]) -> Ints:
        """Numbers of some algorithms, in the order of their names."""
        return np.array([self.algorithms.index(name) for name in sorted(set(algorithms))])

    def means(self, values: Floats, drawn: Ints) -> Floats:
        """Means over the seeds of each group, without the missing values, rounded (`rounded`).

        `values` have the shape (metrics, networks), and the networks `drawn` (draws, networks), in the order of the
        groups. The means have the shape (metrics, draws, pairs, sparsities, algorithms); NaN where there is no value.
        """
        starts, sizes = self.starts, self.sizes
        total = np.zeros((len(values), len(drawn), len(starts)))
        lost, count = np.zeros_like(total), np.zeros_like(total)
        for seed in range(int(sizes.max())):
            there = sizes > seed
            own = values[:, drawn[:, starts[there] + seed]]
            known = ~np.isnan(own)
            # Kahan's sum: `lost` is what the total so far has lost to rounding.
            term = np.where(known, own - lost[..., there], 0.0)
            before = total[..., there]
            total[..., there] = before + term
            lost[..., there] = np.where(known, total[..., there] - before - term, lost[..., there])
            count[..., there] += known
        result = np.full((*total.shape[:-1], int(np.prod(self.shape))), np.nan)
        with np.errstate(invalid="ignore"):
            result[..., self.group[starts]] = rounded(total / count)
        return result.reshape(*total.shape[:-1], *self.shape)


def study_arrays(
    table: pd.DataFrame, mixtures: Sequence[Mixture], single_columns: Mapping[str, str]
) -> StudyArrays:
    """Sort the networks and number the names.

    The tables of the mixtures have the same rows as `table`, in the same order. `single_columns` is {strategy: column}.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"architecture": "net", "dataset": "d", "sparsity": 0.5, "algorithm": ["b", "a", "a"],
    ...      "accuracy": [0.8, 0.6, 0.7], "accuracy_drop": [0.1, 0.3, 0.2]}
    ... )
    >>> arrays = study_arrays(table, [], {})
    >>> arrays.means(arrays.accuracy[None], arrays.as_observed())  # of a and b
    array([[[[[0.65, 0.8 ]]]]])
    """
    names = cell_strings(table, ["architecture", "dataset", "sparsity", "algorithm"])
    levels: list[tuple[str, ...]] = []
    codes = []
    for name in names:
        key = float if name == "sparsity" else str
        levels.append(tuple(sorted(names[name].unique(), key=key)))
        codes.append(pd.Index(levels[-1]).get_indexer(pd.Index(names[name])))
    keys = np.array(codes, np.intp)
    pairs, pair = np.unique(keys[:2], axis=1, return_inverse=True)
    group = (pair.ravel() * len(levels[2]) + keys[2]) * len(levels[3]) + keys[3]
    order = np.argsort(group, kind="stable")

    def column(name: str) -> Floats:
        return table[name].to_numpy(np.float64)[order]

    return StudyArrays(
        architectures=levels[0],
        datasets=levels[1],
        sparsities=levels[2],
        algorithms=levels[3],
        pairs=pairs.T,
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
