"""Rank-biased overlap against hand-computed values, a brute-force sum, and its properties."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.analysis.ranking.rbo import chance_rbo, extrapolated_rbo, mean_rbo, position_weights
from sparsetopo.errors import DataError

permutations = st.integers(1, 8).flatmap(
    lambda n: st.tuples(st.permutations(range(n)), st.permutations(range(n)))
)
persistence = st.floats(0.05, 0.95)


def _infinite_sum(first, second, p, depth=2000):
    """(1 - p) * sum of p^(d-1) A_d with the last agreement continued, summed term by term."""
    total, n = 0.0, len(first)
    for d in range(1, depth):
        k = min(d, n)
        total += (1 - p) * p ** (d - 1) * len(set(first[:k]) & set(second[:k])) / k
    return total


def test_hand_computed():
    # Agreements of abc and bac are 0, 1, 1: .5^3 + 1 * (.5^2 + .5^3) = .5 at p = .5.
    assert extrapolated_rbo("abc", "bac", 0.5) == pytest.approx(0.5)
    # abc and acb: 1, 1/2, 1: p^3 + 3 (p + p^2/2 + p^3) at p = 1/4 is 58/64.
    assert extrapolated_rbo("abc", "acb", 0.25) == pytest.approx(58 / 64)
    # Three items whose first two are exchanged: mean of 1/4, 1/2, 3/4 (each equals p).
    assert mean_rbo("abc", "bac") == pytest.approx(0.5)


@given(permutations, persistence)
def test_equals_the_infinite_sum(pair, p):
    first, second = pair
    assert extrapolated_rbo(first, second, p) == pytest.approx(_infinite_sum(first, second, p))


@given(permutations, persistence)
def test_properties(pair, p):
    first, second = pair
    value = extrapolated_rbo(first, second, p)
    assert value == pytest.approx(extrapolated_rbo(second, first, p))
    assert extrapolated_rbo(first, first, p) == pytest.approx(1)
    assert extrapolated_rbo(first, [item + 100 for item in second], p) == 0
    assert 0 <= value <= 1 + 1e-12
    assert math.isclose(value, 1) == (list(first) == list(second))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_chance_is_the_mean_over_all_orders(n):
    every = [mean_rbo(range(n), order) for order in itertools.permutations(range(n))]
    assert chance_rbo(n) == pytest.approx(sum(every) / len(every))


@given(permutations)
def test_weights_of_positions_give_the_overlap(pair):
    weights = position_weights(len(pair[0]))
    overlap = sum(weights[max(pair[0].index(item), pair[1].index(item))] for item in pair[0])
    assert overlap == pytest.approx(mean_rbo(*pair))


def test_refusals():
    with pytest.raises(DataError, match="same length, not 2 and 3"):
        extrapolated_rbo("ab", "abc", 0.5)
    with pytest.raises(DataError, match="same length, not 0 and 0"):
        extrapolated_rbo("", "", 0.5)
    with pytest.raises(DataError, match="names an item twice: a, a"):
        extrapolated_rbo("ab", "aa", 0.5)
    with pytest.raises(DataError, match="between 0 and 1, not 1"):
        extrapolated_rbo("ab", "ab", 1.0)
