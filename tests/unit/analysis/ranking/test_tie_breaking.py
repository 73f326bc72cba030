"""What ties, and where ties go."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.analysis.ranking.tie_breaking import (
    positions_with_ties_by_name,
    rounded,
    rounded_sum,
    tied,
)

SCORES = st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan, None]), min_size=1, max_size=6)


@given(SCORES, st.booleans())
def test_positions_against_sorted_names(values, largest_first):
    """None: not ranked."""
    present = np.array([value is not None for value in values])
    scores = np.array([np.nan if value is None else value for value in values])
    sign = -1 if largest_first else 1
    ranked = sorted(
        np.flatnonzero(present),
        key=lambda n: (-np.inf if np.isnan(scores[n]) else sign * scores[n], n),
    )
    positions = positions_with_ties_by_name(scores, present, largest_first=largest_first)
    assert np.argsort(positions)[: len(ranked)].tolist() == ranked
    for number in range(len(values)):
        same = [other for other in ranked if str(scores[other]) == str(scores[number])]
        assert tied(scores, present)[number] == (present[number] and len(same) > 1)


@given(st.lists(st.floats(1e-9, 1e9), min_size=2, max_size=6), st.randoms())
def test_means_do_not_depend_on_the_order_of_summation(values, random):
    shuffled = random.sample(values, len(values))
    one, other = np.array([sum(values), sum(shuffled)]) / len(values)
    result = rounded(np.array([one, other]))
    assert result == pytest.approx([one, other], rel=1e-11)
    # They may still fall on two sides of a rounding boundary, one unit of the 12th digit apart.
    assert abs(result[0] - result[1]) <= 1.1e-11 * abs(one)


def test_rounding_makes_equal_means_tie():
    equal = np.array([(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3])
    assert equal[0] != equal[1]
    assert np.ptp(rounded(equal)) == 0
    special = np.array([0.0, -0.0, np.nan, 1e300, -1e-300, 123456789012.5, 7.0])
    np.testing.assert_array_equal(rounded(special)[[0, 1, 2, 6]], special[[0, 1, 2, 6]])
    assert rounded(special)[3:6] == pytest.approx(special[3:6], rel=1e-11)
    assert str(rounded_sum(np.array([[0.1, -0.1 - 1e-15]]), axis=1)[0]) == "0.0"
