"""Counts of networks with attention against the unrolled graph: all tokens, causal, in windows; packed or not."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from tests.attention_graphs import VIT_TINY, attention_graph, draw_transformer

from sparsetopo.metrics.explicit.backend import ExplicitPrimitives
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
from sparsetopo.metrics.implicit.traversal import cells

COUNTS = (
    "in_degrees",
    "out_degrees",
    "pairs_within_two_hops",
    "motif_counts",
    "core_numbers",
    "num_components",
    "levels",
    "num_bridges",
    "num_articulation_points",
)
EXAMPLES = 250


def assert_same_counts(mge, names=COUNTS):
    found, expected = ImplicitPrimitives(mge), ExplicitPrimitives(mge)
    for name in names:
        value = getattr(expected, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(getattr(found, name), value, name)
        else:
            assert getattr(found, name) == value, name


def random_transformers(examples, seed):
    random = np.random.default_rng(seed)
    for _ in range(examples):
        yield draw_transformer(lambda options: options[random.integers(len(options))])


@pytest.mark.middle
@pytest.mark.parametrize("always", [False, True], ids=["as estimated", "cells always"])
def test_random_transformers(always, monkeypatch):
    """Every pattern of attention, with cells where they are expected to help, and wherever there are any."""
    if always:
        monkeypatch.setattr(cells, "_PAIRS_A_POSITION", 0)
        monkeypatch.setattr(cells, "_CELLS_A_POSITION", 1)
    seen = Counter()
    for sizes in random_transformers(EXAMPLES, seed=int(always)):
        mge = attention_graph(sizes)
        assert_same_counts(mge)
        alike = cells.cells(mge.plan.node_layers, mge.bundles)
        seen[sizes.pattern] += 1
        seen["class token"] += sizes.class_token
        seen["values only"] += sizes.attention == "values"
        seen["apart"] += not sizes.packed
        seen["cells"] += alike is not None and len(alike.labels[-2]) > len(alike.samples[-2])
    few = {"cells": 0} if not always else {}
    assert all(number >= few.get(name, 20) for name, number in seen.items()), seen


@pytest.mark.parametrize(
    "changes",
    [
        {"grid": (1, 20), "patch": 0, "class_token": False},
        {"grid": (1, 20), "patch": 0, "class_token": False, "pattern": "causal"},
        {"grid": (6, 6), "patch": 0, "class_token": False, "pattern": "windows", "window": 3},
        {"grid": (4, 5), "patch": 3},
        {"grid": (4, 5), "patch": 3, "packed": False, "attention": "values"},
    ],
    ids=["all", "causal", "windows", "class token", "values"],
)
def test_more_tokens(changes):
    sizes = replace(VIT_TINY, channels=12, depth=2, classes=5, sparsity=0.8, **changes)
    assert_same_counts(attention_graph(sizes))
