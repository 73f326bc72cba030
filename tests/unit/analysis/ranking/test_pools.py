"""Rankings in arrays against the same work done row by row: as observed, resampled, and random."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.ranking import pandas_oracle
from tests.unit.analysis.ranking.ranking_study import POOLS, prepared

from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.bootstrap import draw_seeds
from sparsetopo.analysis.ranking.pools import pool_overlaps, rank_pools
from sparsetopo.analysis.ranking.strategies import Mixture


def _compare(table, mixtures, single, pools, draws):
    """Compare orders and overlaps of each draw with the oracle's, the first as observed; count them."""
    arrays = study_arrays(table, mixtures, single)
    drawn = draw_seeds(arrays, draws, np.random.default_rng(1))
    drawn = np.concatenate([arrays.as_observed(), drawn])
    compared = 0
    for pool, ranked in zip(pools, rank_pools(arrays, drawn, pools), strict=True):
        fast = pool_overlaps(arrays, ranked)
        for number, rows in enumerate(arrays.order[drawn]):
            own = [replace(mixture, table=mixture.table.iloc[rows]) for mixture in mixtures]
            orders = pandas_oracle.orders(table.iloc[rows], own, single, pool)
            for key, order in orders.items():
                assert _order(arrays, ranked, number, *key) == order, key
            for (strategy, architecture, sparsity), slow in pandas_oracle.overlaps(orders).items():
                if strategy == "truth":
                    continue
                value = fast[
                    number,
                    arrays.strategies.index(strategy),
                    arrays.architectures.index(architecture),
                    arrays.sparsities.index(sparsity),
                ]
                assert value == pytest.approx(slow, abs=1e-12, nan_ok=True)
                compared += 1
    return compared


def _order(arrays, ranked, draw, strategy, architecture, dataset, sparsity):
    pair = (arrays.architectures.index(architecture), arrays.datasets.index(dataset))
    where = (draw, arrays.pairs.tolist().index(list(pair)), arrays.sparsities.index(sparsity))
    own = ranked.truth if strategy == "truth" else ranked.strategies[strategy]
    order = np.argsort(own.positions[where])[: ranked.present[where].sum()]
    return [ranked.algorithms[number] for number in order]


@pytest.mark.middle
def test_equals_the_rankings_of_the_resampled_networks(study):
    table, mixtures, single = prepared(study)
    assert [*(mixture.name for mixture in mixtures), *single] == [
        "mixture", "mixture_size_free", "mixture_other_datasets", "mixture_other_algorithms",
        "size", "edges", "layer_density",
    ]  # fmt: skip
    compared = _compare(table, mixtures, single, list(POOLS.values()), 3)
    settings = 14 if "Conv-6" in set(study["architecture"]) else 10  # architectures with sparsities
    assert compared == 4 * 2 * settings * 7  # draws, pools, strategies


@pytest.mark.parametrize("seed", range(20))
def test_equals_the_rankings_of_random_tables(seed):
    """Few levels of every value, so that ties and constant metrics abound; a fifth is missing."""
    random = np.random.default_rng(seed)
    names = {"architecture": 2, "dataset": 2, "algorithm": 4}
    count = random.integers(20, 60)
    table = pd.DataFrame(
        {key: random.integers(levels, size=count) for key, levels in names.items()}
    )
    table = table.astype(str).assign(sparsity=random.choice(["0.5", "0.9"], count))
    for key in ("accuracy", "one", "two", "edges"):
        values = random.integers(5, size=count) / 4
        table[key] = np.where(random.random(count) < 0.2, np.nan, values)
    table["accuracy_drop"] = 1 - table["accuracy"]
    mixtures = [
        Mixture(str(without), table, ("one", "two"), without)
        for without in (None, "dataset", "algorithm")
    ]
    pool = sorted(table["algorithm"].unique())
    assert _compare(table, mixtures, {"edges": "edges"}, [pool, pool[:2]], 2) > 0
