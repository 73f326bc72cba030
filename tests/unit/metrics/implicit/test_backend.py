"""The backend as a whole: threads, what is computed, impossible metrics, light and safe processes."""

import itertools
import json
import math
import os
import re
import subprocess
import sys
import warnings
from functools import cached_property

import numpy as np
import pytest
import torch
from tests.random_graphs import random_masks
from torch import nn

from sparsetopo.architectures import build
from sparsetopo.errors import EncodingError, MetricError
from sparsetopo.graphs import MGE
from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.implicit import backend
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
from sparsetopo.metrics.implicit.workers import Workers
from sparsetopo.metrics.measure import evaluate, topometrics
from sparsetopo.metrics.primitives import Primitives
from sparsetopo.metrics.registry import NETWORK_METRICS


@pytest.fixture(scope="module")
def resnet() -> MGE:
    torch.manual_seed(0)
    model = build("Resnet-20", (3, 16, 16), 10)
    return encode(model, (3, 16, 16), random_masks(model, 0.1))


def fresh(mge: MGE) -> MGE:
    return MGE(mge.plan, mge.weights, mge.masks)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_takes_most_memory_is_computed_while_no_other_result_is_there(
    resnet, monkeypatch, threads
):
    primitives, present = ImplicitPrimitives(fresh(resnet)), []
    iterate = backend.adjacency_eigenvalues

    def watched(*arguments):
        present.append({name for name in cached if name in vars(primitives)})
        return iterate(*arguments)

    cached = [
        name
        for name, member in vars(ImplicitPrimitives).items()
        if isinstance(member, cached_property)
    ]
    monkeypatch.setattr(backend, "_FEW_EDGES", 0)
    monkeypatch.setattr(backend, "adjacency_eigenvalues", watched)
    evaluate(primitives, NETWORK_METRICS.values(), threads=threads)
    assert present == [{"weighted_degrees", "_weighted_graph"}]


class Dense(nn.Module):
    """Every layer reads all before it, so that four layers are pairwise joined."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(2 * n, 2, 3, padding=1, bias=False) for n in range(1, 5)
        )

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


def test_no_bit_depends_on_the_number_of_threads(resnet):
    results = [topometrics(fresh(resnet), "all", threads=threads) for threads in (1, 2, 5)]
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("name", "density"),
    [
        ("Resnet-20", 0.02),
        pytest.param("Resnet-20", 0.1, marks=pytest.mark.slow),
        pytest.param("Resnet-32", 0.05, marks=pytest.mark.slow),
        pytest.param("Wide-Resnet-28-2", 0.02, marks=pytest.mark.slow),
        pytest.param("Conv-6", 0.02, marks=pytest.mark.slow),
    ],
)
def test_paper_networks_against_the_explicit_graph(name, density):
    torch.manual_seed(1)
    model = build(name, (3, 32, 32), 10)
    mge = encode(model, (3, 32, 32), random_masks(model, density, seed=1))
    found, expected = topometrics(mge, "all"), topometrics(mge, "all", explicit=True)
    for metric, value in expected.items():
        if isinstance(value, int):
            assert found[metric] == value, metric
        else:
            assert found[metric] == pytest.approx(value, rel=1e-5), metric


def test_only_what_is_needed_is_computed(resnet):
    for names, computed in (
        (["n1"], set()),
        (["sink"], {"in_degrees", "out_degrees"}),
        (["spectral_radius"], {"weighted_degrees", "laplacian_largest_eigenvalue"}),
    ):
        primitives = ImplicitPrimitives(fresh(resnet))
        for name in names:
            for need in NETWORK_METRICS[name].needs:
                getattr(primitives, need)
        public = {name for name in vars(primitives) if not name.startswith("_")}
        assert public - {"graph", "layer_sizes", "num_nodes", "num_edges"} == computed


def test_the_backend_offers_what_the_protocol_lists():
    members = {name for name in vars(Primitives) if not name.startswith("_")}
    primitives = ImplicitPrimitives(encode(nn.Sequential(nn.Linear(3, 2)), (3,)))
    assert all(hasattr(primitives, name) for name in members)


def test_motif4_where_four_layers_are_joined():
    mge = encode(Dense(), (2, 5, 5))
    with pytest.raises(MetricError, match=r"'motif4' cannot be computed.*pairwise joined"):
        topometrics(mge, ["n2", "motif4"])
    for threads in (1, 2):
        with pytest.warns(UserWarning, match="pairwise joined") as caught:
            found = topometrics(fresh(mge), threads=threads)
        assert len(caught) == 1
        assert math.isnan(found.pop("motif4"))
        expected = topometrics(mge, explicit=True)
        assert isinstance(expected.pop("motif4"), int)
        assert found["n2"] == expected["n2"]
        assert found["cut_nodes"] == expected["cut_nodes"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        topometrics(mge, ["n2", "k_core"])


def test_motif4_tells_layers_of_one_module_apart_and_what_to_do():
    """All steps of a GRU are layers of one name."""
    mge = encode(nn.GRU(2, 3, batch_first=True), (4, 2))
    with pytest.raises(MetricError) as caught:
        topometrics(mge, ["motif4"])
    said = re.search(
        r"four of its (\d+) node layers are pairwise joined, (.*), counted from 0: leave this metric out, or .*"
        r"explicit=True\), .* each of its ([\d,]+) edges\.$",
        str(caught.value),
    )
    layers, edges = int(said[1]), int(said[3].replace(",", ""))
    assert (layers, edges) == (len(mge.layer_sizes), mge.num_edges)
    named = [(int(n), name) for n, name in re.findall(r"(\d+) \('(.*?)'\)", said[2])]
    assert len({number for number, _ in named}) == 4
    assert all(mge.plan.node_layers[number].name == name for number, name in named)
    joined = {(bundle.source, bundle.target) for bundle in mge.bundles}
    assert set(itertools.combinations(sorted(number for number, _ in named), 2)) <= joined
    assert topometrics(mge, ["motif4"], explicit=True)["motif4"] > 0


def test_no_edges_at_all():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 1))
    masks = {
        name: np.zeros(tuple(p.shape), bool) for name, p in network.named_parameters() if p.ndim > 1
    }
    mge = encode(network, (1, 6, 6), masks)
    assert topometrics(mge, threads=2) == topometrics(mge, explicit=True)


def test_too_many_nodes_and_threads_that_are_none(monkeypatch):
    mge = encode(nn.Sequential(nn.Linear(3, 2)), (3,))
    with pytest.raises(ValueError, match="threads is 0, but must be a whole number"):
        topometrics(mge, threads=0)
    monkeypatch.setattr(backend, "_MOST_NODES", 4)
    with pytest.raises(EncodingError, match=r"has 5 nodes.*at most 4"):
        topometrics(mge)


def test_pieces_may_hand_out_pieces():
    with Workers(3) as workers:
        outer = [
            lambda n=n: sum(workers.run([lambda m=m: n * m for m in range(20)])) for n in range(50)
        ]
        assert workers.run(outer) == [190 * n for n in range(50)]


def test_an_error_in_a_piece_is_the_caller_s():
    def fail():
        raise KeyError("piece")

    with Workers(2) as workers, pytest.raises(KeyError, match="piece"):
        workers.run([lambda: 1, fail, lambda: 2])


JOB = """
import sys
from sparsetopo.graphs.mge import MGE
from sparsetopo.metrics.measure import topometrics
from sparsetopo.files import write_json
write_json(sys.argv[2], topometrics(MGE.load(sys.argv[1])))
heavy = [name for name in ("torch", "pandas", "sklearn", "matplotlib", "igraph", "networkx") if name in sys.modules]
assert not heavy, heavy
"""


@pytest.mark.middle
def test_processes_share_a_cold_cache(resnet, tmp_path):
    """Two jobs compile at once into one empty cache; a third finds it whole and right."""
    resnet.save(tmp_path / "mge.safetensors")
    environment = {**os.environ, "SPARSETOPO_CACHE": str(tmp_path / "cache")}

    def start(number):
        command = [sys.executable, "-c", JOB, str(tmp_path / "mge.safetensors")]
        return subprocess.Popen(
            [*command, str(tmp_path / f"{number}.json")], env=environment, stderr=subprocess.PIPE
        )

    for batch in ([0, 1], [2]):
        for process in [start(number) for number in batch]:
            _, errors = process.communicate()
            assert process.returncode == 0, errors.decode()
    values = [json.loads((tmp_path / f"{number}.json").read_text()) for number in range(3)]
    assert values[0] == values[1] == values[2] == topometrics(resnet)
    assert list((tmp_path / "cache").rglob("*.nbc"))
