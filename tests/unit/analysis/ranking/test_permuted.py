"""The mixture with its weights exchanged: the first is as fitted, the others know nothing."""

import numpy as np
import pandas as pd
from tests.unit.analysis.ranking.ranking_study import two_datasets, with_gaps

from sparsetopo.analysis.importance import importance_table
from sparsetopo.analysis.ranking.mixture import mixture_weights
from sparsetopo.analysis.ranking.permuted import permuted_weights
from sparsetopo.analysis.ranking.ranking import ranking_table, rankings_table
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.seeding import generator

POOLS = {"scored": ["snip", "grasp", "synflow", "prospr"], "random": ["uniform", "er", "erk"]}


def test_equals_the_tables_with_the_columns_of_weights_exchanged(networks):
    table = with_gaps(two_datasets(networks))
    found = permuted_weights(table, PAPER_METRICS, POOLS, permutations=2, seed=4)
    scaled = scale(table)
    weights = mixture_weights(importance_table(scaled))
    random = generator("permuted weights", 4)
    orders = [np.arange(16), random.permutation(16), random.permutation(16)]
    for permutation, order in enumerate(orders):
        exchanged = pd.DataFrame(
            weights.to_numpy()[:, order], index=weights.index, columns=weights.columns
        )
        for pool, algorithms in POOLS.items():
            slow = ranking_table(rankings_table(scaled, exchanged, algorithms=algorithms))
            slow = slow[slow["strategy"] == "mixture"].reset_index(drop=True)
            own = found[(found["pool"] == pool) & (found["permutation"] == permutation)]
            columns = ["architecture", "sparsity", "strategy", "rbo"]
            pd.testing.assert_frame_equal(own[columns].reset_index(drop=True), slow[columns])


def test_the_merit_is_the_metrics(networks):
    found = permuted_weights(two_datasets(networks))
    assert found["permutation"].nunique() == 21
    means = found.groupby("permutation")["rbo"].mean()
    assert means[0] > means[1:].quantile(0.9)
