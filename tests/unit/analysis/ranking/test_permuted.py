"""The mixture with its weights permuted: the first is as fitted, the others know nothing."""

import numpy as np
import pandas as pd
from tests.unit.analysis.ranking.ranking_study import two_datasets, with_gaps

from sparsetopo.analysis.ranking.cases import RankingSettings, rank_networks
from sparsetopo.analysis.ranking.permuted import permuted_weights
from sparsetopo.analysis.tables.metrics import PAPER_METRICS

POOLS = {"scored": ["snip", "grasp", "synflow", "prospr"], "random": ["uniform", "er", "erk"]}


def test_the_first_is_as_fitted(networks):
    table = with_gaps(two_datasets(networks))
    found = permuted_weights(table, PAPER_METRICS, POOLS, permutations=0)
    settings = RankingSettings(checks=False, permutations=0, resamples=0)
    ranking = rank_networks(table, PAPER_METRICS, POOLS, settings=settings).ranking
    columns = ["pool", "architecture", "sparsity", "strategy", "rbo"]
    expected = ranking.loc[ranking["strategy"] == "mixture", columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[columns], expected)


def test_weights_are_permuted_alike_everywhere(networks):
    """Of two metrics there are two orders of the weights; the second is the first with both swapped."""
    table = two_datasets(networks)
    metrics = {key: PAPER_METRICS[key] for key in ("disconnected", "spectral_gap")}
    found = permuted_weights(table, metrics, POOLS, permutations=12, seed=4)
    rbo = found.pivot(
        index=["pool", "architecture", "sparsity"], columns="permutation", values="rbo"
    ).to_numpy()
    same = np.array([np.allclose(rbo[:, 0], own) for own in rbo.T])
    assert 1 < same.sum() < 13
    other = rbo[:, ~same]
    assert np.allclose(other, other[:, :1])
    again = permuted_weights(table, metrics, POOLS, permutations=12, seed=4)
    pd.testing.assert_frame_equal(again, found)


def test_the_merit_is_the_metrics(networks):
    found = permuted_weights(two_datasets(networks))
    assert found["permutation"].nunique() == 21
    means = found.groupby("permutation")["rbo"].mean()
    assert means[0] > means[1:].quantile(0.9)
