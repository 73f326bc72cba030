"""Splits: shuffled folds partition the rows, groups are left out whole."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.analysis.regression.splits import (
    LEFT_OUT,
    VALIDATIONS,
    group_folds,
    shuffled_folds,
    splits_of,
)
from sparsetopo.errors import DataError


def test_shuffled_folds_partition_the_rows():
    splits = shuffled_folds(28, 5, "0.9", 0, 3)
    assert sorted(len(test) for _, test in splits) == [5, 5, 6, 6, 6]
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(28))
    for train, test in splits:
        assert sorted([*train, *test]) == list(range(28))
    again = shuffled_folds(28, 5, "0.9", 0, 3)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(splits, again, strict=True))
    assert not np.array_equal(splits[0][1], shuffled_folds(28, 5, "0.9", 0, 4)[0][1])


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_each_group_is_tested_once_and_never_fitted_on(groups):
    splits = group_folds(pd.Series(groups, dtype="object"))
    assert len(splits) == len(set(groups))
    for name, (train, test) in zip(sorted(set(groups)), splits, strict=True):
        assert [groups[row] for row in test] == [name] * groups.count(name)
        assert [groups[row] for row in train] == [group for group in groups if group != name]


def test_what_is_left_out_follows_from_the_validation():
    cells = pd.DataFrame(
        {
            "dataset": ["d", "d", "e", "e"],
            "architecture": ["r", "q", "q", "q"],
            "algorithm": ["snip", "er", "uniform", "er"],
        }
    )
    tested = {name: [list(test) for _, test in splits_of(name, cells, 2)] for name in LEFT_OUT}
    assert tested == {
        "leave-one-dataset-out": [[0, 1], [2, 3]],
        "leave-one-architecture-out": [[1, 2, 3], [0]],
        "leave-one-algorithm-out": [[1, 3], [0], [2]],
    }
    shuffled = splits_of("shuffled", cells, 2, "subset", 5)
    expected = shuffled_folds(4, 2, "subset", 5)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(shuffled, expected, strict=True))


def test_refusals():
    cells = pd.DataFrame({"dataset": ["d", "e"]})
    with pytest.raises(DataError, match=f"no validation 'loo'; known: {', '.join(VALIDATIONS)}"):
        splits_of("loo", cells, 2)
    with pytest.raises(DataError, match=r"lacks the column\(s\) algorithm"):
        splits_of("leave-one-algorithm-out", cells, 2)
