"""The stratified split: shares of the classes, on random labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparsetopo.datasets.split import stratified_split
from sparsetopo.errors import DataError


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(4, 40), min_size=1, max_size=6),
    fraction=st.floats(0.3, 0.7),
    seed=st.integers(0, 1000),
)
def test_parts_are_disjoint_complete_and_proportional(sizes, fraction, seed):
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    train, test = stratified_split(labels, fraction, random)
    assert sorted([*train, *test]) == list(range(len(labels)))
    assert len(test) == round(fraction * len(labels))
    taken = np.bincount(labels[test], minlength=len(sizes))
    assert np.all(np.abs(taken - fraction * np.array(sizes)) < 1)
    assert np.all(np.diff(test) > 0)
    assert np.all(np.diff(train) > 0)


def test_every_image_is_as_likely_to_be_tested():
    labels = np.repeat([0, 1], [10, 30])
    counts = np.zeros(40)
    random = np.random.default_rng(0)
    for _ in range(2000):
        counts[stratified_split(labels, 0.2, random)[1]] += 1
    # Binomial(2000, 0.2): standard deviation 17.9, here 5 of them.
    assert np.all(np.abs(counts - 400) < 90)


def test_a_class_without_training_images_is_refused():
    labels = np.array([0] * 10 + [1])
    with pytest.raises(DataError, match=r"leaves class 1 \(1 images\) with [01] test and"):
        stratified_split(labels, 0.5, np.random.default_rng(0))
