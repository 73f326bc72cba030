"""Memory that explicit graphs need, and imports they bring."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.graphs.export.forms import convolution, traced_peak

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.export import (
    igraph_graph,
    memory,
    networkx_graph,
)


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
