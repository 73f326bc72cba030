"""Cells of positions that are alike, against the definition, and core numbers from them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from tests.attention_graphs import VIT_TINY, attention_graph
from tests.random_graphs import graphs
from tests.unit.metrics.implicit.traversal.test_cores import assert_as_igraph
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.implicit.traversal import cells as cells_of_positions
from sparsetopo.metrics.implicit.traversal.cells import cells

SMALL_VIT = replace(VIT_TINY, channels=6, heads=2, grid=(3, 4), patch=2, depth=2, classes=4)


@pytest.fixture
def always(monkeypatch):
    """Cells are used wherever they are found."""
    monkeypatch.setattr(cells_of_positions, "_PAIRS_A_POSITION", 0)
    monkeypatch.setattr(cells_of_positions, "_CELLS_A_POSITION", 1)


def cells_of(mge):
    return cells(mge.plan.node_layers, mge.bundles)


def test_patch_tokens_are_alike_but_for_the_class_token():
    mge = attention_graph(SMALL_VIT)
    alike = cells_of(mge)
    # Pixels of a patch, patches, tokens of every other layer, and the classes.
    assert [len(samples) for samples in alike.samples] == [4, 1] + [2] * 8 + [1]
    tokens = alike.labels[2]
    assert (tokens[1:] == tokens[1]).all()
    assert tokens[0] != tokens[1]
    pixels = alike.labels[0].reshape(6, 8)
    np.testing.assert_array_equal(pixels, np.tile(pixels[:2, :2], (3, 4)))
    assert_as_igraph(mge)


def test_causal_tokens_all_differ():
    assert (
        cells_of(attention_graph(replace(SMALL_VIT, pattern="causal", class_token=False))) is None
    )


def test_no_cells_where_no_tap_joins_many_positions():
    network = nn.Sequential(nn.Conv2d(2, 3, 1), nn.Conv2d(3, 2, 1))
    assert cells_of(encode(network, (2, 5, 5))) is None


def test_a_collision_of_hashes_is_noticed(always, monkeypatch):
    """If all multisets had one sum, the cells found would not be alike, and none are used."""
    monkeypatch.setattr(
        cells_of_positions, "_hashed", lambda values, stream: np.zeros(len(values), np.uint64)
    )
    assert cells_of(attention_graph(SMALL_VIT)) is None


def test_entries_count_the_neighbours_of_a_cell(always):
    """Between two cells as many edges as between their positions, and each position has its share."""
    mge = attention_graph(SMALL_VIT)
    alike = cells_of(mge)
    edges = 0
    for half in alike.halves:
        kept = np.diff(half.lists.starts).reshape(half.num_taps, -1).sum(axis=1)
        far_sizes = np.bincount(alike.labels[half.far])
        edges += (kept[half.columns.taps] * half.columns.times * far_sizes[half.columns.ends]).sum()
    assert edges == 2 * mge.num_edges


@pytest.mark.middle
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(mge=graphs())
def test_random_networks(mge):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells_of_positions, "_PAIRS_A_POSITION", 0)
        patch.setattr(cells_of_positions, "_CELLS_A_POSITION", 1)
        assert_as_igraph(mge)
