"""Draws of the seeds, and the intervals that they give."""

import itertools

import numpy as np
import pandas as pd
import pytest
from tests.unit.analysis.ranking.ranking_study import POOLS, arrays_of

from sparsetopo.analysis.ranking.arrays import study_arrays
from sparsetopo.analysis.ranking.bootstrap import draw_seeds, interval, resampled_overlaps
from sparsetopo.analysis.ranking.strategies import single_columns


def test_draws_stay_within_their_group(study):
    arrays = arrays_of(study)
    drawn = draw_seeds(arrays, 400, np.random.default_rng(2))
    assert (arrays.group[drawn] == arrays.group).all()
    # Every network is drawn, as often as any of its group.
    counts = np.bincount(drawn.ravel(), minlength=len(arrays.group)) / len(drawn)
    assert counts == pytest.approx(1, abs=0.25)


def test_neither_workers_nor_the_number_of_draws_change_a_draw(study):
    arrays = arrays_of(study)
    pools = [POOLS["all"]]
    calls = []
    many = resampled_overlaps(arrays, pools, 55, 0, 1, lambda *done: calls.append(done))[0]
    assert calls == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(many, resampled_overlaps(arrays, pools, 55, 0, workers=2)[0])
    np.testing.assert_array_equal(many[:50], resampled_overlaps(arrays, pools, 50, 0)[0])
    assert not np.array_equal(many, resampled_overlaps(arrays, pools, 55, 1)[0], equal_nan=True)


def test_the_interval_of_two_algorithms_by_hand():
    """Two seeds each, one order in some draws and the other in the rest: all draws enumerated."""
    table = pd.DataFrame(
        {
            "algorithm": ["a", "a", "b", "b"],
            "dataset": "d",
            "architecture": "net",
            "sparsity": "0.5",
            "seed": [0, 1, 0, 1],
            "accuracy": [0.9, 0.5, 0.8, 0.6],
            "accuracy_drop": [0.1, 0.5, 0.2, 0.4],
            "nodes": 10,
            "edges": [9, 9, 5, 5],
        }
    )
    scaled, single = single_columns(table)
    arrays = study_arrays(scaled, [], single)
    outcomes = []
    for first, second in itertools.product(itertools.product([0.9, 0.5], repeat=2), repeat=2):
        a, b = np.mean(first), np.mean([{0.9: 0.8, 0.5: 0.6}[x] for x in second])
        # a before b (a tie goes by name) is the order of the edges: overlap 1, else 1/2.
        outcomes.append(1.0 if a >= b - 1e-12 else 0.5)
    draws = resampled_overlaps(arrays, ["ab"], 4000, 0)[0].ravel()
    assert set(draws) == {0.5, 1.0}
    assert draws.mean() == pytest.approx(np.mean(outcomes), abs=0.02)
    assert interval(draws) == (0.5, 1.0, 4000)


def test_interval_of_draws_that_are_missing():
    values = np.r_[np.linspace(0, 1, 101), np.nan]
    assert interval(values) == pytest.approx((0.025, 0.975, 101))
    low, high, known = interval(np.array([np.nan]))
    assert np.isnan([low, high]).all()
    assert known == 0
