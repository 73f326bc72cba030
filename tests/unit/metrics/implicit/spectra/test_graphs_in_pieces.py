"""Adjacency eigenvalues of graphs in pieces: alike pieces have eigenvalues that lie close together."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.random_graphs import random_masks
from torch import nn

import sparsetopo
from sparsetopo.graphs import MGE
from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.explicit.backend import ExplicitPrimitives
from sparsetopo.metrics.implicit import backend
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives


def in_pieces(seed, density=0.1):
    """Three groups with some 25 kept weights: 1824 nodes, a hundred pieces or more."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(6, 9, 3, padding=1, groups=3, bias=False),
        nn.Conv2d(9, 6, 2, padding=1, groups=3, bias=False),
        nn.Conv2d(6, 2, 1, bias=False),
    )
    return encode(network, (6, 8, 8), random_masks(network, density, seed))


# Of 1,500 such graphs, the two where an iteration on all pieces together erred most: it saw a gap of
# 1e-7 and 3e-8 of the largest eigenvalue.
@pytest.mark.parametrize("seed", [359, 822])
@pytest.mark.parametrize("dropped", ["removed", "kept with weight 0"])
def test_gaps_are_those_of_all_eigenvalues(seed, dropped):
    graph = in_pieces(seed)
    if dropped == "kept with weight 0":  # joined by edges that spectra do not see
        weights = {
            name: np.where(mask, graph.weights[name], 0) for name, mask in graph.masks.items()
        }
        full = {name: np.ones_like(mask) for name, mask in graph.masks.items()}
        graph = MGE(graph.plan, weights, full)
        assert ImplicitPrimitives(graph).num_components < 10
    matrix = graph.to_scipy().toarray().astype(np.float64)
    values = np.linalg.eigvalsh(matrix + matrix.T)[::-1]
    magnitudes = np.sort(np.abs(values))[::-1]
    found = ImplicitPrimitives(graph).adjacency_eigenvalues
    assert found.magnitudes == pytest.approx(magnitudes[:3], rel=1e-12)
    assert found.largest == pytest.approx(values[:2], rel=1e-12)


@pytest.mark.parametrize(
    ("density", "most_edges", "unrolled"),
    [
        (0.1, None, True),
        (0.1, 100, False),  # too many edges to be unrolled
        (1.0, None, False),  # in one piece
    ],
)
def test_only_graphs_in_pieces_with_few_edges_are_unrolled(
    monkeypatch, density, most_edges, unrolled
):
    asked = []
    monkeypatch.setattr(
        ExplicitPrimitives,
        "adjacency_eigenvalues",
        property(lambda self: asked.append(self) or "eigenvalues"),
    )
    monkeypatch.setattr(backend, "adjacency_eigenvalues", lambda *_: "iterated")
    if most_edges is not None:
        monkeypatch.setattr(backend, "_FEW_EDGES", most_edges)
    found = ImplicitPrimitives(in_pieces(359, density)).adjacency_eigenvalues
    assert found == ("eigenvalues" if unrolled else "iterated")
    assert len(asked) == int(unrolled)


CHECK = """
import sys
from threadpoolctl import threadpool_info
from sparsetopo.graphs.mge import MGE
from sparsetopo.metrics.measure import topometrics

found = {}

def watch(frame, event, argument):
    if event == "call" and frame.f_code.co_name == "outer_eigenvalues":
        for library in threadpool_info():
            if library["user_api"] == "blas":
                found[library["filepath"]] = library["num_threads"]

graph = MGE.load(sys.argv[1])
assert "scipy.linalg" not in sys.modules
sys.setprofile(watch)
topometrics(graph, ["spectral_gap"])
sys.setprofile(None)
assert set(found.values()) == {1}, found
"""


def test_a_blas_library_that_unrolling_brings_is_limited_too(tmp_path):
    in_pieces(359).save(tmp_path / "graph.safetensors", {})
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "2")
    library = Path(sparsetopo.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(tmp_path / "graph.safetensors")],
        env={**os.environ, **threads, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
