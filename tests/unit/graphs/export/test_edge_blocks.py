"""Edge blocks against the matrix that is unrolled without bundles."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from scipy.sparse import coo_array
from tests.random_graphs import masked_networks
from tests.unit.graphs.export.forms import (
    HYPOTHESIS,
    assert_edges,
    convolution,
    joined,
    traced_peak,
)
from torch import nn

from sparsetopo.graphs import MGE
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.export import (
    edge_blocks,
)
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan


@given(masked_networks(), st.booleans(), st.sampled_from([1, 2, 7, 50, 1000]))
@settings(max_examples=150, **HYPOTHESIS)
def test_blocks_of_random_networks(drawn, identity_shortcuts, max_edges):
    network, masks = drawn
    mge = encode(network, network.input_shape, masks, identity_shortcuts)
    blocks = list(mge.edge_blocks(max_edges))
    assert all(0 < len(block.weights) <= max_edges for block in blocks)
    assert len(blocks) <= 2 * mge.num_edges / max_edges + 1
    edges = joined(blocks)
    assert_edges(mge, *edges)
    for one, other in zip(edges, joined(mge.edge_blocks(10**6)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_order_of_the_edges():
    """By layers, tap, source channel, target channel, row pair, column pair, as documented."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 3, (2, 3), padding=(0, 1), bias=False), nn.Conv2d(3, 2, 1, bias=False)
    )
    mask = {"0.weight": torch.rand(3, 2, 2, 3) < 0.6}
    mge = encode(net, (2, 3, 4), mask)
    expected = [
        (c * 18 + (y + ky) * 6 + x + kx, 36 + o * 8 + y * 4 + x)
        for ky, kx, c, o in np.ndindex(2, 3, 2, 3)
        if mask["0.weight"][o, c, ky, kx]
        for y, x in np.ndindex(2, 4)
    ]
    expected += [(36 + c * 8 + p, 60 + o * 8 + p) for c, o in np.ndindex(3, 2) for p in range(8)]
    sources, targets, _ = joined(mge.edge_blocks(5))
    assert list(zip(sources.tolist(), targets.tolist(), strict=True)) == expected


def long_axis_plan(size):
    """One channel of size x size nodes, of which the last two positions of the last row are read."""
    rows, columns = Axis((size - 1,), (0,), (0,)), Axis((size - 2, size - 1), (0, 0), (0, 1))
    block = Block("w", 0, 1, (1, 1, 1, 1, 1), 0, (1, 1, 1, 1, 1), 0, None, 0, 0, 1)
    layers = (NodeLayer("input", 1, size, size), NodeLayer("w", 1, 1, 2))
    return Plan(
        (1, size, size), False, layers, (rows, columns), (), (block,), {"w": (1, 1, 1, 1)}, (1,)
    )


@pytest.mark.parametrize(("size", "dtype"), [(46340, np.int32), (46342, np.int64)])
def test_node_ids_beyond_the_range_of_int32(size, dtype, tmp_path):
    """46342 * 46342 is just above 2**31."""
    weights = {"w": np.full((1, 1, 1, 1), 0.5, np.float32)}
    mge = MGE(long_axis_plan(size), weights, {"w": weights["w"] > 0})
    (block,) = mge.edge_blocks()
    assert block.sources.dtype == block.targets.dtype == dtype
    assert block.sources.tolist() == [size**2 - 2, size**2 - 1]
    assert block.targets.tolist() == [size**2, size**2 + 1]
    mge.export(tmp_path / "graph.npz")
    mge.export(tmp_path / "graph.parquet")
    with np.load(tmp_path / "graph.npz") as arrays:
        assert arrays["targets"].tolist() == block.targets.tolist()
    assert parquet.read_table(tmp_path / "graph.parquet")["target"].to_pylist() == [
        size**2,
        size**2 + 1,
    ]


def test_node_dtype_holds_every_id():
    assert edge_blocks.node_dtype(2**31) == np.int32
    assert edge_blocks.node_dtype(2**31 + 1) == np.int64


def test_memory_does_not_grow_with_the_edges(monkeypatch, tmp_path):
    mge = convolution(outputs=16, size=64)  # 1.7 million edges, 20 MB as arrays
    assert mge.num_edges > 1_500_000
    assert traced_peak(lambda: [None for _ in mge.edge_blocks(10_000)]) < 1_500_000
    small_blocks = MGE.edge_blocks
    monkeypatch.setattr(MGE, "edge_blocks", lambda self: small_blocks(self, 10_000))
    for name in ("npz", "parquet"):
        assert traced_peak(lambda: mge.export(tmp_path / f"graph.{name}")) < 2_500_000  # noqa: B023
    groups = parquet.ParquetFile(tmp_path / "graph.parquet").num_row_groups
    assert groups == sum(1 for _ in mge.edge_blocks())


@pytest.mark.parametrize("max_edges", [0, -1])
def test_blocks_without_room_are_refused_before_iterating(max_edges):
    with pytest.raises(ValueError, match=f"max_edges={max_edges}"):
        convolution().edge_blocks(max_edges)


def test_blocks_build_the_matrix():
    """The example of an edge list put to use, with a block size that divides nothing."""
    mge = convolution()
    shape = (mge.num_nodes, mge.num_nodes)
    total = sum(
        coo_array((weights, (sources, targets)), shape=shape)
        for sources, targets, weights in mge.edge_blocks(37)
    )
    assert (total != mge.to_scipy()).nnz == 0
