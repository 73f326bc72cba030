"""Controls: a mask shuffled within each layer."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning import ALGORITHMS, COMMON_OPTIONS, prune
from sparsetopo.pruning.controls import SHUFFLES, shuffled


def test_the_options_are_described_as_they_are():
    assert tuple(COMMON_OPTIONS["shuffle"]["enum"]) == SHUFFLES
    assert all(schema["default"] in schema["enum"] for schema in COMMON_OPTIONS.values())


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_layer_keeps_its_number(algorithm, small_network, small_data):
    plain = prune(small_network, algorithm, "0.6", small_data, seed=2)
    mixed = prune(small_network, algorithm, "0.6", small_data, seed=2, shuffle="layer")
    assert mixed != plain
    assert mixed.layer_kept == plain.layer_kept
    assert (plain.metadata["shuffle"], mixed.metadata["shuffle"]) == ("none", "layer")
    assert prune(small_network, algorithm, "0.6", small_data, seed=2, shuffle="layer") == mixed


def test_it_is_the_unshuffled_mask_permuted(small_network, small_data):
    """Another seed, label or layer has another permutation; growing sparsities stay nested."""
    plain = prune(small_network, "snip", "0.6", small_data)
    again = shuffled(plain, "layer", algorithm="snip", seed=0)
    assert prune(small_network, "snip", "0.6", small_data, shuffle="layer") == again
    for other in ({"seed": 1}, {"seed": 0, "stream_labels": ("data",)}):
        different = shuffled(plain, "layer", algorithm="snip", **other)
        assert any(not np.array_equal(different[name], again[name]) for name in plain)
    masks = [
        prune(small_network, "snip", s, small_data, shuffle="layer") for s in ("0.3", "0.6", "0.9")
    ]
    for larger, smaller in pairwise(masks):
        assert all(not np.any(smaller[name] & ~larger[name]) for name in larger)


@given(st.integers(0, 2**32), st.integers(1, 60))
@settings(deadline=None)
def test_it_is_one_permutation(seed, size):
    """A lone weight goes where its complement has its hole: what is kept does not matter."""
    lone = np.zeros(size, dtype=bool)
    lone[0] = True
    result = shuffled({"a": lone}, "layer", algorithm="x", seed=seed)["a"]
    assert result.sum() == 1
    rest = shuffled({"a": ~lone}, "layer", algorithm="x", seed=seed)["a"]
    np.testing.assert_array_equal(rest, ~result)  # the same permutation whatever is kept


def test_the_permutation_is_uniform():
    """Chi-square of where one of ten weights goes, over 2,000 seeds (0.1 % critical value, 9 df)."""
    lone = np.arange(10) == 3
    places = [
        int(np.argmax(shuffled({"a": lone}, "layer", algorithm="x", seed=s)["a"]))
        for s in range(2000)
    ]
    counts = np.bincount(places, minlength=10)
    assert ((counts - 200) ** 2 / 200).sum() < 27.9


def test_unknown_shuffle(small_network):
    with pytest.raises(SparsetopoError, match="shuffle must be one of none, layer, got 'network'"):
        prune(small_network, "uniform", 0.5, shuffle="network")
