"""Permutations that move whole clusters."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparsetopo.analysis.regression.permutation import (
    cluster_numbers,
    cluster_permutations,
    p_value,
    permutable_clusters,
)
from sparsetopo.errors import DataError

CLUSTERS = st.lists(st.integers(0, 5), min_size=1, max_size=15).map(np.array)


def test_a_cluster_is_what_differs_in_its_seed_only(networks):
    numbers = cluster_numbers(networks)
    assert len(set(numbers)) == 70
    for number in set(numbers):
        rows = networks[numbers == number]
        assert sorted(rows["seed"]) == [0, 1]
        for column in ("algorithm", "dataset", "architecture", "sparsity"):
            assert rows[column].nunique() == 1
    with pytest.raises(DataError, match=r"lacks the column\(s\) dataset"):
        cluster_numbers(networks.drop(columns="dataset"))


@given(CLUSTERS, st.integers(0, 3))
def test_clusters_move_whole_to_clusters_of_their_size(clusters, seed):
    for permutation in cluster_permutations(clusters, 4, seed):
        assert sorted(permutation) == list(range(len(clusters)))
        takes = clusters[permutation]
        for cluster in set(clusters):
            own = permutation[clusters == cluster]
            origin = set(takes[clusters == cluster])
            assert len(origin) == 1
            assert len(own) == np.count_nonzero(clusters == origin.pop())
            assert list(own) == sorted(own)  # the order of rows inside stays


@given(CLUSTERS)
def test_what_can_be_permuted_is_permuted(clusters):
    sizes = Counter(Counter(clusters.tolist()).values())
    movable = sum(count for count in sizes.values() if count > 1)
    assert permutable_clusters(clusters) == movable
    moved = (cluster_permutations(clusters, 60) != np.arange(len(clusters))).any()
    assert moved == (movable > 0)


def test_all_orders_are_equally_likely():
    clusters = np.array([0, 1, 1, 2, 3])  # three of one row, one of two
    drawn = Counter(map(tuple, cluster_permutations(clusters, 6000).tolist()))
    singles = [0, 3, 4]
    expected = {(a, 1, 2, b, c) for a, b, c in itertools.permutations(singles)}
    assert set(drawn) == expected
    # Binomial: 1,000 with a standard deviation of 29.
    assert all(abs(count - 1000) < 130 for count in drawn.values())


def test_the_stream_is_named():
    clusters = np.arange(30)
    first = cluster_permutations(clusters, 3, "0.9", 0)
    assert np.array_equal(first, cluster_permutations(clusters, 3, "0.9", 0))
    assert not np.array_equal(first, cluster_permutations(clusters, 3, "0.9", 1))


def test_p_value():
    null = np.array([0.1, 0.2, 0.3, 0.4])
    assert p_value(0.5, null) == 1 / 5
    assert p_value(0.3, null) == 3 / 5
    assert p_value(0.3 + 1e-13, null) == 3 / 5  # equal but for rounding
    assert p_value(0.0, null) == 1


def test_clusters_stay_in_their_group():
    clusters = np.repeat(np.arange(6), 2)
    groups = np.repeat([0, 0, 1], 4)
    drawn = cluster_permutations(clusters, 500, "x", groups=groups)
    assert (groups[drawn] == groups).all()
    first, last = (len(set(map(tuple, part.tolist()))) for part in (drawn[:, :8], drawn[:, 8:]))
    assert (first, last) == (24, 2)


def test_one_network_a_cluster_permutes_rows():
    cells = pd.DataFrame(
        {"algorithm": list("abcd"), "dataset": "d", "architecture": "r", "sparsity": "0.9"}
    )
    clusters = cluster_numbers(cells)
    assert permutable_clusters(clusters) == 4
    drawn = {tuple(row) for row in cluster_permutations(clusters, 2000).tolist()}
    assert len(drawn) == 24
