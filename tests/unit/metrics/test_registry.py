"""The registry of metrics, the sharing of primitives, and what importing the package costs."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from sparsetopo.errors import MetricError, UnknownNameError
from sparsetopo.metrics.explicit.backend import ExplicitPrimitives
from sparsetopo.metrics.measure import evaluate, scaled, topometrics
from sparsetopo.metrics.primitives import PRIMITIVES, SIZES, WEIGHTED_PRIMITIVES, Primitives
from sparsetopo.metrics.registry import (
    GRAPHS,
    METRIC_SETS,
    METRICS,
    NETWORK_METRICS,
    PAPER_METRICS,
    SCALINGS,
    scan,
)

EDGES = [(0, 2), (0, 3), (1, 3), (2, 4), (3, 4), (0, 4)]
PUBLISHED_SCALING = {
    "sink": "nodes",
    "source": "nodes",
    "disconnected": "nodes",
    "r_out": "none",
    "r_in": "none",
    "n1": "edges",
    "n2": "edges",
    "motif4": "edges",
    "k_core": "edges",
    "strength": "edges",
    "components": "none",
    "component_size": "nodes",
    "cut_edges": "edges",
    "cut_nodes": "edges",
    "spectral_gap": "none",
    "spectral_gap_signed": "none",
    "spectral_radius": "none",
}


class Spy:
    """Counts the members read of a backend."""

    def __init__(self, target):
        self.target, self.reads = target, Counter()

    def __getattr__(self, name):
        self.reads[name] += 1
        return getattr(self.target, name)


@pytest.fixture
def graph(array_graph):
    return array_graph([2, 2, 1], EDGES, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def test_names_and_scalings():
    found = {name: metric.scaling for name, metric in METRICS.items()}
    assert found | PUBLISHED_SCALING == found
    categories = {METRICS[name].category for name in PUBLISHED_SCALING}
    assert categories == {"local", "neighbour", "strength", "global", "expansion"}
    assert all(metric.description for metric in METRICS.values())


def test_needs_are_members_of_the_protocol():
    members = set(vars(Primitives))
    assert set(SIZES) | set(PRIMITIVES) <= members
    assert not set(SIZES) & set(PRIMITIVES)
    assert set(PRIMITIVES) >= WEIGHTED_PRIMITIVES
    for metric in METRICS.values():
        assert set(metric.needs) <= set(PRIMITIVES), metric.name
        assert set(metric.graphs) <= set(GRAPHS)
        assert {metric.scaling, metric.size_free} <= set(SCALINGS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_reads_what_it_declares(name, graph):
    spy = Spy(ExplicitPrimitives(graph))
    METRICS[name].function()(spy)
    assert set(spy.reads) - set(SIZES) == set(METRICS[name].needs)


@pytest.mark.parametrize("names", [["n1"], ["n2", "motif4"], ["spectral_gap", "sink", "r_in"]])
def test_only_wanted_primitives_are_computed(names, graph):
    primitives = ExplicitPrimitives(graph)
    evaluate(primitives, [METRICS[name] for name in names])
    computed = {name for name in vars(primitives) if not name.startswith("_")} - set(SIZES)
    # Motif counts use the degrees.
    degrees = {"in_degrees", "out_degrees"}
    assert computed | degrees == {need for name in names for need in METRICS[name].needs} | degrees


def test_every_primitive_is_read_once(graph):
    spy = Spy(ExplicitPrimitives(graph))
    values = evaluate(spy, NETWORK_METRICS.values())
    assert set(spy.reads.values()) == {1}
    assert values == topometrics(graph, "all")


RECORD = {
    "label": "new metric",
    "category": "new",
    "graphs": ["network"],
    "scaling": "nodes",
    "size_free": "none",
    "needs": ["in_degrees"],
    "description": "of a test",
}


def write(folder, file, name, code="", **changes):
    """Write a file of one metric; a key that is changed to None is left out."""
    record = {key: value for key, value in {**RECORD, **changes}.items() if value is not None}
    (folder / file).write_text(f"METRICS = {{{name!r}: {record!r}}}\n{code}")


def test_an_undeclared_primitive_is_out_of_reach(graph, tmp_path, monkeypatch):
    code = "def sneaky(primitives):\n    return primitives.num_components\n"
    write(tmp_path, "sneaky_family.py", "sneaky", code, needs=[])
    monkeypatch.syspath_prepend(str(tmp_path.parent))
    metric = scan(tmp_path.name, tmp_path)["sneaky"]
    with pytest.raises(AttributeError, match="num_components"):
        evaluate(ExplicitPrimitives(graph), [metric])


def test_a_new_family_is_one_new_file(graph, tmp_path, monkeypatch):
    folder = tmp_path / "families"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "_helper.py").write_text("raise RuntimeError('not a family')\n")
    write(
        folder,
        "density.py",
        "max_in",
        "def max_in(primitives):\n    return int(primitives.in_degrees.max())\n",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = scan("families", folder)
    assert list(found) == ["max_in"]
    assert "families.density" not in sys.modules
    assert evaluate(ExplicitPrimitives(graph), found.values()) == {"max_in": 3}


def test_faulty_files(tmp_path):
    (tmp_path / "one.py").write_text("VALUE = 1\n")
    with pytest.raises(RuntimeError, match=r"one\.py: a file of metrics needs METRICS"):
        scan("families", tmp_path)
    write(tmp_path, "one.py", "same")
    write(tmp_path, "two.py", "same")
    with pytest.raises(RuntimeError, match=r"'same' is declared in families\.one"):
        scan("families", tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scaling": "weights"}, "has scaling 'weights', but it must be one of nodes, edges, none"),
        ({"size_free": "layers"}, "has size_free 'layers', but it must be one of nodes, edges"),
        ({"size_free": None}, "lacks the key 'size_free'; it must have category, scaling, label"),
        ({"label": None}, "lacks the key 'label'"),
        ({"label": ""}, "has label '', but it must be a text that is not empty"),
        ({"unit": "m"}, "has an unknown key 'unit'; .* may have second_reading_of"),
        ({"graphs": []}, r"has graphs \[\], but it must be a list of names among network, layer"),
        ({"graphs": ["edge"]}, r"has graphs \['edge'\]"),
        ({"needs": "in_degrees"}, "has needs 'in_degrees', but it must be a list"),
        ({"needs": ["in_degree"]}, r"has needs \['in_degree'\].* among in_degrees, out_degrees"),
    ],
)
def test_a_faulty_key_is_named_with_what_is_valid(tmp_path, changes, message):
    write(tmp_path, "one.py", "other", **changes)
    with pytest.raises(RuntimeError, match=rf"one\.py: the metric 'other' {message}"):
        scan("families", tmp_path)


def test_a_second_reading_is_of_a_metric(tmp_path):
    write(tmp_path, "one.py", "other", second_reading_of="another")
    with pytest.raises(
        RuntimeError, match=r"'other'.* 'another', which is no metric; known: other"
    ):
        scan("families", tmp_path)
    write(tmp_path, "two.py", "another")
    assert scan("families", tmp_path)["other"].second_reading_of == "another"


def test_a_metric_of_layers_is_not_measured_on_a_network(graph):
    with pytest.raises(MetricError, match="'motif' exists for the graph of a single layer only"):
        topometrics(graph, ["motif"])


def test_selection_keeps_order_and_drops_repeats(graph):
    assert list(topometrics(graph, ["n2", "sink", "n2"])) == ["n2", "sink"]
    assert list(topometrics(graph, "n2")) == ["n2"]
    assert topometrics(graph, []) == {}


def test_words_stand_for_sets_of_metrics(graph):
    paper = set(PUBLISHED_SCALING)
    assert len(PAPER_METRICS) == 16
    assert set(PAPER_METRICS) == paper - {"spectral_gap_signed"}
    assert set(METRIC_SETS["paper"]) == paper
    assert topometrics(graph) == topometrics(graph, "paper") == topometrics(graph, ["paper"])
    assert set(topometrics(graph)) == paper
    assert list(topometrics(graph, "all")) == list(NETWORK_METRICS)
    assert set(topometrics(graph, ["log_paths", "paper"])) == paper | {"log_paths"}


def test_unknown_metric(graph):
    with pytest.raises(
        UnknownNameError, match=r"unknown topometric 'n3'; known: paper, all, sink, source"
    ):
        topometrics(graph, ["n2", "n3"])
    with pytest.raises(UnknownNameError, match="unknown topometric 'n3'"):
        scaled({"n3": 1.0}, 5, 6)


def test_progress(graph):
    calls = []
    topometrics(graph, ["sink", "n2"], lambda *call: calls.append(call))
    assert calls == [("in_degrees", 0, 3), ("out_degrees", 1, 3), ("pairs_within_two_hops", 2, 3)]


def test_published_scaling(graph):
    values = topometrics(graph, PUBLISHED_SCALING)
    published = scaled(values, nodes=5, edges=6)
    divisors = {"nodes": 5, "edges": 6, "none": 1}
    assert published == {name: values[name] / divisors[PUBLISHED_SCALING[name]] for name in values}
    assert published["n1"] == pytest.approx((1 + 6 / 5) / 6)


def test_scaling_without_edges_is_missing(array_graph):
    published = scaled(
        topometrics(array_graph([2, 1], [], []), PUBLISHED_SCALING), nodes=3, edges=0
    )
    missing = {name for name, value in published.items() if value is None}
    assert missing == {name for name, kind in PUBLISHED_SCALING.items() if kind == "edges"}
    assert published["r_in"] == published["spectral_gap"] == 0.0
    assert published["disconnected"] == 1.0


PROBE = """
import json, sys
heavy = "numpy scipy igraph networkx pandas matplotlib torch numba sklearn".split()
loaded = lambda: [name for name in heavy if name in sys.modules]
import sparsetopo.metrics.measure, sparsetopo.metrics.registry
after_import = loaded()
import numpy as np
from scipy.sparse import csr_array
class Graph:
    layer_sizes = [2, 2, 1]
    def to_scipy(self):
        edges = np.array(%s)
        return csr_array((np.ones(len(edges), dtype=np.float32), edges.T), shape=(5, 5))
sparsetopo.metrics.measure.topometrics(Graph())
print(json.dumps([after_import, loaded()]))
"""


def test_imports_stay_light():
    """Names come without numpy, metrics without torch and what only the analysis needs."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE % EDGES], capture_output=True, text=True, check=True
    )
    after_import, after_call = json.loads(run.stdout)
    assert after_import == []
    assert set(after_call).isdisjoint({"torch", "numba", "networkx", "pandas", "sklearn"})
