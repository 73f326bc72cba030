"""Selection and rounding against slow references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning.sampling import one_batch, per_class, successive_batches
from sparsetopo.pruning.selection import apportion, largest, largest_per_layer, number_kept

# Few distinct values, so that ties at the threshold are the rule.
LAYERS = st.lists(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(max_dims=4, max_side=4),
        elements=st.sampled_from([-1.0, -0.0, 0.0, 0.5, 2.0, 1e-300]),
    ),
    min_size=1,
    max_size=4,
)


def slow_largest(flat, kept):
    """Sort (descending score, ascending position) pairs in plain Python."""
    order = sorted(range(len(flat)), key=lambda i: (-flat[i], i))
    return [i in set(order[:kept]) for i in range(len(flat))]


@given(LAYERS, st.data())
@settings(deadline=None)
def test_largest_equals_a_stable_sort(layers, data):
    scores = {str(i): layer for i, layer in enumerate(layers)}
    flat = np.concatenate([layer.ravel() for layer in layers])
    kept = data.draw(st.integers(0, flat.size))
    masks = largest(scores, kept)
    assert [masks[name].shape for name in scores] == [layer.shape for layer in layers]
    chosen = np.concatenate([mask.ravel() for mask in masks.values()])
    assert chosen.tolist() == slow_largest(flat.tolist(), kept)


@given(LAYERS, st.data())
@settings(deadline=None)
def test_fewer_kept_is_a_subset(layers, data):
    scores = {str(i): layer for i, layer in enumerate(layers)}
    total = sum(layer.size for layer in layers)
    fewer, more = sorted(data.draw(st.tuples(*[st.integers(0, total)] * 2)))
    small, large = largest(scores, fewer), largest(scores, more)
    assert all(not np.any(small[name] & ~large[name]) for name in scores)


def test_neighbouring_floats_are_told_apart():
    below, above = np.nextafter(1.0, 0.0), np.nextafter(1.0, 2.0)
    assert largest({"a": np.array([below, 1.0, above])}, 1)["a"].tolist() == [False, False, True]
    assert largest({"a": np.array([below, 1.0, above])}, 2)["a"].tolist() == [False, True, True]


def test_largest_per_layer_ignores_the_other_layers():
    scores = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([10.0, 30.0, 20.0])}
    masks = largest_per_layer(scores, {"a": 2, "b": 0})
    assert masks["a"].tolist() == [False, True, True]
    assert not masks["b"].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_must_be_finite(bad):
    with pytest.raises(SparsetopoError, match="1 of 2 pruning scores of layer 'b'"):
        largest({"a": np.zeros(3), "b": np.array([0.0, bad])}, 1)


@pytest.mark.parametrize("kept", [-1, 4])
def test_impossible_numbers_are_a_programming_error(kept):
    with pytest.raises(ValueError, match=f"cannot keep {kept} of 3"):
        largest({"a": np.zeros(3)}, kept)


def test_number_kept():
    assert number_kept(270_896, 0.98) == 5418
    assert number_kept(10, 0.999) == 0


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.data())
def test_apportion_is_exact_capped_and_within_one_of_the_quota(sizes, data):
    densities = data.draw(st.lists(st.floats(0, 1), min_size=len(sizes), max_size=len(sizes)))
    wished = [d * size for d, size in zip(densities, sizes, strict=True)]
    total = round(sum(wished))
    scale = total / sum(wished) if sum(wished) > 0 else 0.0
    quotas = [min(q * scale, size) for q, size in zip(wished, sizes, strict=True)]
    if abs(sum(quotas) - total) > 1e-9:  # a cap was hit: these quotas do not sum to the total
        return
    counts = apportion(quotas, sizes, total)
    assert sum(counts) == total
    for count, quota, size in zip(counts, quotas, sizes, strict=True):
        assert 0 <= count <= size
        assert abs(count - quota) < 1 + 1e-9


def test_apportion_prefers_large_remainders_then_the_first():
    assert apportion([1.2, 1.5, 1.3], [9, 9, 9], 4) == [1, 2, 1]
    assert apportion([0.5, 0.5, 1.0], [9, 9, 9], 2) == [1, 0, 1]
    assert apportion([1.0, 0.4, 0.6], [1, 9, 9], 2) == [1, 0, 1]
    with pytest.raises(ValueError, match="cannot apportion"):
        apportion([1.0, 1.0], [1, 1], 3)


def test_one_batch_has_distinct_images():
    generator = np.random.default_rng(0)
    assert len(set(one_batch(50, 20, generator))) == 20
    assert sorted(one_batch(5, 20, generator)) == [0, 1, 2, 3, 4]


def test_successive_batches_use_every_image_before_any_again():
    batches = successive_batches(1437, 512, 4, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [512] * 4
    order = np.concatenate(batches)
    assert len(set(order[:1437])) == 1437
    small = successive_batches(7, 512, 3, np.random.default_rng(0))
    assert all(sorted(batch) == list(range(7)) for batch in small)


def test_per_class_takes_so_many_of_each_in_class_order():
    labels = np.array([2, 0, 1, 0, 2, 0, 0, 1])
    chosen = per_class(labels, 2, np.random.default_rng(0))
    assert labels[chosen].tolist() == [0, 0, 1, 1, 2, 2]
    assert len(set(chosen)) == 6
    everything = per_class(labels, 25, np.random.default_rng(0))
    assert labels[everything].tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
