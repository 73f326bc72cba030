"""The explicit graph on request, in every form, against the matrix that is unrolled without bundles."""

import csv
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import igraph
import networkx
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from scipy.sparse import coo_array
from tests.random_graphs import masked_networks
from tests.unit.graphs.test_golden import CASES, load_case
from torch import nn

from sparsetopo.errors import EncodingError, FileFormatError, UnknownNameError
from sparsetopo.graphs import MGE
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.export import (
    WRITERS,
    edge_blocks,
    graphml_file,
    igraph_graph,
    memory,
    networkx_graph,
)
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan

HYPOTHESIS = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


def convolution(outputs=4, size=8):
    torch.manual_seed(0)
    return encode(nn.Conv2d(3, outputs, 3, padding=1, bias=False), (3, size, size))


def without_edges():
    linear = nn.Linear(3, 2)
    return encode(linear, (3,), {"weight": np.zeros((2, 3), bool)})


def assert_edges(mge, sources, targets, weights):
    """Each edge of the matrix exactly once, with its weight up to the rounding of sums."""
    expected = mge.to_scipy()
    sources, targets = np.asarray(sources, np.int64), np.asarray(targets, np.int64)
    order = np.lexsort((targets, sources))
    pairs = np.stack([sources, targets])[:, order]
    np.testing.assert_array_equal(pairs, np.stack(expected.tocoo().coords))
    np.testing.assert_allclose(np.asarray(weights)[order], expected.data, rtol=1e-6)


def layer_of_node(mge):
    return np.repeat(np.arange(len(mge.layer_sizes)), mge.layer_sizes).tolist()


def joined(blocks):
    columns = [np.concatenate(column) for column in zip(*blocks, strict=True)]
    return columns or [np.zeros(0)] * 3


def read_npz(path, mge):
    with np.load(path) as arrays:
        assert arrays["layer_sizes"].tolist() == mge.layer_sizes
        assert {arrays[name].dtype for name in ("sources", "targets")} == {np.dtype(np.int32)}
        assert arrays["weights"].dtype == np.float32
        return arrays["sources"], arrays["targets"], arrays["weights"]


def read_parquet(path, mge):
    table = parquet.read_table(path)
    assert json.loads(table.schema.metadata[b"layer_sizes"]) == mge.layer_sizes
    assert [str(kind) for kind in table.schema.types] == ["int32", "int32", "float"]
    return [table[name].to_numpy() for name in ("source", "target", "weight")]


def read_csv(path, mge):
    with open(path, newline="") as handle:
        header, *rows = csv.reader(handle)
    assert header == ["source", "target", "weight"]
    table = np.array(rows, dtype=object).reshape(-1, 3)
    return table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2].astype(np.float32)


def read_graphml(path, mge):
    by_igraph = igraph.Graph.Read_GraphML(str(path))
    assert by_igraph.is_directed()
    assert by_igraph.vs["id"] == [str(node) for node in range(mge.num_nodes)]
    graph = networkx.read_graphml(path, node_type=int)
    assert isinstance(graph, networkx.DiGraph)
    layers = networkx.get_node_attributes(graph, "layer")
    assert [layers[node] for node in range(mge.num_nodes)] == layer_of_node(mge)
    edges = list(graph.edges(data="weight"))
    weight_of = dict(zip(by_igraph.get_edgelist(), by_igraph.es["weight"], strict=True))
    assert weight_of == {(source, target): weight for source, target, weight in edges}
    return np.array(edges, dtype=float).reshape(-1, 3).T


READERS = {"npz": read_npz, "parquet": read_parquet, "csv": read_csv, "graphml": read_graphml}


def assert_every_form_is_the_graph(mge, folder):
    for name in WRITERS:
        path = folder / f"graph.{name}"
        mge.export(path)
        sources, targets, weights = READERS[name](path, mge)
        assert_edges(mge, sources, targets, weights)
        by_blocks = joined(mge.edge_blocks())[2]
        np.testing.assert_array_equal(np.sort(np.float32(weights)), np.sort(by_blocks))

    graph = mge.to_igraph()
    assert graph.is_directed()
    assert graph.vs["layer"] == layer_of_node(mge)
    pairs = np.array(graph.get_edgelist(), dtype=int).reshape(-1, 2).T
    assert_edges(mge, *pairs, graph.es["weight"])

    graph = mge.to_networkx()
    assert isinstance(graph, networkx.DiGraph)
    assert list(graph.nodes(data="layer")) == list(enumerate(layer_of_node(mge)))
    assert_edges(mge, *np.array(list(graph.edges(data="weight")), dtype=float).reshape(-1, 3).T)


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


@given(drawn=masked_networks(), identity_shortcuts=st.booleans())
@settings(max_examples=30, **HYPOTHESIS)
def test_every_form_of_random_networks(tmp_path_factory, drawn, identity_shortcuts):
    network, masks = drawn
    mge = encode(network, network.input_shape, masks, identity_shortcuts)
    assert_every_form_is_the_graph(mge, tmp_path_factory.mktemp("export"))


@pytest.mark.parametrize("name", CASES)
def test_every_form_of_golden_cases(name, tmp_path):
    model, masks, architecture = load_case(name)
    assert_every_form_is_the_graph(encode(model, architecture["input"], masks), tmp_path)


def test_every_form_without_edges(tmp_path):
    mge = without_edges()
    assert list(mge.edge_blocks()) == []
    assert_every_form_is_the_graph(mge, tmp_path)


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


@pytest.mark.parametrize("name", WRITERS)
def test_equal_graphs_give_equal_bytes(name, tmp_path):
    for number in (1, 2):
        convolution().export(tmp_path / f"{number}.{name}")
    assert (tmp_path / f"1.{name}").read_bytes() == (tmp_path / f"2.{name}").read_bytes()


def long_axis_plan(size):
    """One channel of size x size nodes, of which the last two positions of the last row are read."""
    rows, columns = Axis((size - 1,), (0,), (0,)), Axis((size - 2, size - 1), (0, 0), (0, 1))
    block = Block("w", "conv", 0, 1, 0, 0, 0, 1, 1, 1, 1, (1, 1), 0, 1)
    layers = (NodeLayer("input", 1, size, size), NodeLayer("w", 1, 1, 2))
    return Plan(
        (1, size, size), False, layers, (rows, columns), (block,), {"w": (1, 1, 1, 1)}, (1,)
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


def traced_peak(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


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


@pytest.mark.parametrize(
    ("path", "chosen", "message"),
    [
        ("graph.xlsx", None, "unknown format 'xlsx'; known formats: csv, graphml, npz, parquet"),
        ("graph.npz", "mtx", "unknown format 'mtx'; known formats: csv"),
        ("graph", None, "no suffix .* known formats: csv"),
    ],
)
def test_unknown_formats_are_refused(path, chosen, message, tmp_path):
    with pytest.raises(UnknownNameError, match=message):
        convolution().export(tmp_path / path, chosen)
    assert list(tmp_path.iterdir()) == []


def test_a_format_may_be_named_and_suffixes_may_be_in_capitals(tmp_path):
    mge = convolution()
    mge.export(tmp_path / "edges.txt", format="csv")
    mge.export(str(tmp_path / "new folder/GRAPH.NPZ"))
    assert_edges(mge, *read_csv(tmp_path / "edges.txt", mge))
    assert_edges(mge, *read_npz(tmp_path / "new folder/GRAPH.NPZ", mge))


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "graph.npz").mkdir()
    with pytest.raises(FileFormatError, match=r"graph\.npz: is a folder"):
        convolution().export(tmp_path / "graph.npz")


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_replaced_whole_or_not_at_all(name, tmp_path, monkeypatch):
    path = tmp_path / f"graph.{name}"
    mge = convolution()
    mge.export(path)
    before = path.read_bytes()

    def interrupted(mge, max_edges=100):
        yield next(whole(mge, 10))
        raise KeyboardInterrupt

    whole = edge_blocks.edge_blocks
    monkeypatch.setattr(edge_blocks, "edge_blocks", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mge.export(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_without_pyarrow_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        EncodingError, match=r"\.parquet needs the package pyarrow: pip install pyarrow"
    ):
        convolution().export(tmp_path / "graph.parquet")
    assert list(tmp_path.iterdir()) == []


def test_graphml_is_for_small_graphs(monkeypatch, tmp_path):
    mge = convolution()
    monkeypatch.setattr(graphml_file, "MAX_EDGES", mge.num_edges)
    mge.export(tmp_path / "graph.graphml")
    monkeypatch.setattr(graphml_file, "MAX_EDGES", mge.num_edges - 1)
    with pytest.raises(EncodingError, match=rf"{mge.num_edges:,} edges.*\.parquet or \.npz"):
        mge.export(tmp_path / "other.graphml")
    assert not (tmp_path / "other.graphml").exists()


def graph_bytes(module, mge):
    return module.BYTES_PER_EDGE * mge.num_edges + module.BYTES_PER_NODE * mge.num_nodes


@pytest.mark.parametrize("method", ["to_scipy", "to_igraph", "to_networkx"])
def test_graph_larger_than_memory_is_refused(method, monkeypatch):
    mge = convolution(outputs=16, size=64)
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    message = rf"{mge.num_edges:,} edges and needs [\d,]+ bytes .* 1,000 are available.*\.parquet"

    def refused():
        with pytest.raises(EncodingError, match=message):
            getattr(mge, method)()

    refused()  # what is imported or counted once is not the graph's
    assert traced_peak(refused) < 100_000


@pytest.mark.parametrize(
    ("method", "module"), [("to_igraph", igraph_graph), ("to_networkx", networkx_graph)]
)
def test_a_graph_that_just_fits_is_built(method, module, monkeypatch):
    mge = convolution()
    needed = graph_bytes(module, mge)
    monkeypatch.setattr(memory, "available_memory", lambda: needed)
    assert getattr(mge, method)()
    monkeypatch.setattr(memory, "available_memory", lambda: needed - 1)
    with pytest.raises(EncodingError, match=f"needs {needed:,} bytes"):
        getattr(mge, method)()


MEASURE = """
import sys, tracemalloc, igraph, networkx
from sparsetopo.graphs.mge import MGE
mge = MGE.load(sys.argv[1])
def resident(key):
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])
mge.num_edges
open("/proc/self/clear_refs", "w").write("5")
before = resident("VmRSS")
graph = getattr(mge, sys.argv[2])()
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read from /proc"
)
@pytest.mark.parametrize(
    ("method", "module"), [("to_igraph", igraph_graph), ("to_networkx", networkx_graph)]
)
def test_memory_is_not_underestimated(method, module, tmp_path):
    mge = convolution(outputs=8, size=48)
    mge.save(tmp_path / "mge")
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "mge"), method]
    used = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 0.3 * graph_bytes(module, mge) < used < graph_bytes(module, mge)


def test_importing_the_graph_imports_nothing_heavy():
    heavy = {"scipy", "numba", "igraph", "networkx", "pyarrow", "torch", "pandas"}
    script = "import sys, sparsetopo.graphs.mge; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert heavy.isdisjoint(done.stdout.split())


def test_blocks_build_the_matrix():
    """The example of an edge list put to use, with a block size that divides nothing."""
    mge = convolution()
    shape = (mge.num_nodes, mge.num_nodes)
    total = sum(
        coo_array((weights, (sources, targets)), shape=shape)
        for sources, targets, weights in mge.edge_blocks(37)
    )
    assert (total != mge.to_scipy()).nnz == 0
