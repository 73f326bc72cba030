"""The null distribution against all renamings, one by one."""

import itertools

import numpy as np
import pytest

from sparsetopo.analysis.ranking.null import EXACT_LIMIT, null_outcomes, null_summary
from sparsetopo.analysis.ranking.rbo import chance_rbo, mean_rbo

RANDOM = np.random.default_rng(5)


def _positions(datasets, sparsities, algorithms):
    orders = [RANDOM.permutation(algorithms) for _ in range(datasets * sparsities)]
    return np.argsort(orders, axis=-1).reshape(datasets, sparsities, algorithms)


def _renamed(positions, names):
    """Order of the items after item i has taken the name names[i]."""
    return [names[item] for item in np.argsort(positions)]


def test_equals_all_renamings():
    truth, one, two = (_positions(2, 3, 4) for _ in range(3))
    outcomes, exact = null_outcomes(truth, [one, two], np.ones(truth.shape, bool), 7, ["x"])
    assert exact
    assert outcomes.shape == (24, 2, 3)
    expected = [
        [
            [
                np.mean(
                    [
                        mean_rbo(list(np.argsort(truth[d, s])), _renamed(strategy[d, s], names))
                        for d in range(2)
                    ]
                )
                for s in range(3)
            ]
            for strategy in (one, two)
        ]
        for names in itertools.permutations(range(4))
    ]
    np.testing.assert_allclose(outcomes, expected, atol=1e-12)
    assert outcomes.mean(axis=0) == pytest.approx(chance_rbo(4))


def test_a_strategy_that_never_changes_has_a_wide_null_of_its_mean():
    """All sparsities share a renaming, so nothing averages out where the truth never changes."""
    order = np.tile(np.arange(5), (1, 6, 1))
    same, _ = null_outcomes(order, [order], np.ones(order.shape, bool), 1, ["x"])
    changing = _positions(1, 6, 5)
    other, _ = null_outcomes(changing, [order], np.ones(order.shape, bool), 1, ["x"])
    at_one = same[:, 0, 0].std()
    assert same[:, 0].mean(axis=1).std() == pytest.approx(at_one)
    assert other[:, 0].mean(axis=1).std() < 0.7 * at_one


def test_equal_data_sets_are_one_trial():
    truth, own = _positions(1, 2, 5), _positions(1, 2, 5)
    there = np.ones(truth.shape, bool)
    one, _ = null_outcomes(truth, [own], there, 1, ["x"])
    three, _ = null_outcomes(
        *(np.repeat(truth, 3, axis=0), [np.repeat(own, 3, axis=0)]),
        np.repeat(there, 3, axis=0),
        1,
        ["x"],
    )
    np.testing.assert_allclose(three, one, atol=1e-12)


def test_drawn_outcomes_agree_with_enumerated_ones():
    truth, own = _positions(2, 1, 8), _positions(2, 1, 8)
    there = np.ones(truth.shape, bool)
    every, exact = null_outcomes(truth, [own], there, 0, ["x"])
    assert exact
    assert len(every) == 40_320 <= EXACT_LIMIT
    # A ninth algorithm that is last for all: too many orders, nearly the same overlaps.
    nine = [
        np.concatenate([positions, np.full((2, 1, 1), 8)], axis=2) for positions in (truth, own)
    ]
    drawn, exact = null_outcomes(nine[0], [nine[1]], np.ones((2, 1, 9), bool), 20_000, ["x"])
    assert not exact
    assert drawn.mean() == pytest.approx(chance_rbo(9), abs=0.005)
    assert drawn.var() == pytest.approx(every.var(), rel=0.2)
    again, _ = null_outcomes(nine[0], [nine[1]], np.ones((2, 1, 9), bool), 20_000, ["x"])
    np.testing.assert_array_equal(drawn, again)
    other, _ = null_outcomes(nine[0], [nine[1]], np.ones((2, 1, 9), bool), 20_000, ["y"])
    assert not np.array_equal(drawn, other)


def test_who_is_not_ranked_takes_no_name():
    """One of four is missing at the second sparsity, and a third has one algorithm only."""
    truth, own = _positions(1, 3, 4), _positions(1, 3, 4)
    there = np.array([[[1, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0]]], bool)
    for positions in (truth, own):
        for sparsity in (1, 2):
            known = np.flatnonzero(there[0, sparsity])
            positions[0, sparsity] = 99
            positions[0, sparsity, known] = np.argsort(RANDOM.random(len(known)))
    outcomes, exact = null_outcomes(truth, [own], there, 0, ["x"])
    assert exact
    assert np.isnan(outcomes[:, 0, 2]).all()
    three = [mean_rbo("abc", order) for order in itertools.permutations("abc")]
    np.testing.assert_allclose(np.sort(outcomes[:, 0, 1]), np.sort(three * 4), atol=1e-12)


def test_summary_by_hand():
    outcomes = np.arange(1, 101) / 100
    assert null_summary(outcomes, 0.9, exact=True) == pytest.approx((0.505, 0.95, 0.11))
    assert null_summary(outcomes, 0.9, exact=False) == pytest.approx((0.505, 0.95, 12 / 101))
    assert null_summary(outcomes, 2.0, exact=False)[2] == pytest.approx(1 / 101)


def test_p_values_of_random_strategies_are_uniform():
    truth = np.tile(np.arange(7), (1, 1, 1))
    there = np.ones(truth.shape, bool)
    found = []
    for _ in range(40):
        own = _positions(1, 1, 7)
        outcomes, exact = null_outcomes(truth, [own], there, 0, ["x"])
        observed = mean_rbo(range(7), list(np.argsort(own[0, 0])))
        found.append(null_summary(outcomes[:, 0, 0], observed, exact)[2])
    assert 0.3 < np.mean(found) < 0.7
    assert min(found) < 0.2
    assert max(found) > 0.8
