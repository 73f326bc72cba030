"""Every form of the explicit graph, against the matrix that is unrolled without bundles."""

import csv
import json
import sys

import igraph
import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.random_graphs import masked_networks
from tests.unit.graphs.export.forms import (
    HYPOTHESIS,
    assert_edges,
    convolution,
    joined,
    layer_of_node,
    without_edges,
)
from tests.unit.graphs.test_golden import CASES, load_case

from sparsetopo.errors import (
    EncodingError,
    FileFormatError,
    MissingPackageError,
    UnknownNameError,
)
from sparsetopo.graphs.encode import encode
from sparsetopo.graphs.export import (
    WRITERS,
    edge_blocks,
    graphml_file,
)


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


@pytest.mark.parametrize("name", WRITERS)
def test_equal_graphs_give_equal_bytes(name, tmp_path):
    for number in (1, 2):
        convolution().export(tmp_path / f"{number}.{name}")
    assert (tmp_path / f"1.{name}").read_bytes() == (tmp_path / f"2.{name}").read_bytes()


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
        MissingPackageError, match=r"\.parquet needs pyarrow.*'sparsetopo\[parquet\]'"
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
