"""Taps that keep the same weights, against a comparison of all of them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.attention_graphs import VIT_TINY, attention_graph

from sparsetopo.metrics.implicit.equal_taps import EMPTY, all_differ, equal_taps

SMALL_VIT = replace(VIT_TINY, channels=6, heads=2, grid=(3, 4), patch=2, depth=2, classes=4)


@pytest.mark.parametrize(
    "changes",
    [{}, {"class_token": False, "patch": 0, "pattern": "windows"}, {"sparsity": 0.99}],
    ids=["patches", "windows", "next to empty"],
)
def test_equal_taps(changes):
    some_equal = False
    for bundle in attention_graph(replace(SMALL_VIT, **changes)).bundles:
        channels = len(bundle.source_channels)
        patterns = np.zeros((len(bundle.kept_per_tap) * channels, len(bundle.target_channels)))
        owners = np.repeat(np.arange(len(patterns)), np.diff(bundle.forward.starts))
        patterns[owners, bundle.forward.ends] = 1
        patterns = patterns.reshape(-1, channels, patterns.shape[1])
        expected = [
            next(n for n, other in enumerate(patterns) if (other == pattern).all())
            if pattern.any()
            else EMPTY
            for pattern in patterns
        ]
        found = equal_taps(bundle)
        np.testing.assert_array_equal(found, expected)
        assert all_differ(found) == (expected == list(range(len(expected))))
        some_equal |= not all_differ(found)
    assert some_equal
