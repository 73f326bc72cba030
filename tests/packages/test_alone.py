"""``pip install sparsetopo`` alone, without torch: it makes graphs of masks and a plan, and measures them."""

import json

# The bound is that of docs/installing.md, in MB, for the packages and what Python compiles of them, on Linux.
LARGEST_MB = 480
NOT_NEEDED = {"torch", "igraph", "networkx", "pydantic", "jsonschema", "pandas", "matplotlib"}

MEASURE = """
import json
import numpy as np
import sparsetopo as st
from sparsetopo.graphs import mge_from_masks
from sparsetopo.graphs.plan import Axis, Block, NodeLayer, Plan

layers = NodeLayer("input", 3, 1, 1), NodeLayer("linear", 2, 1, 1)
block = Block("weight", 0, 1, (1, 2, 3, 1, 1), 0, (6, 3, 1, 1, 1), 0, None, 0, 0, 0)
plan = Plan((3,), False, layers, (Axis.of([0], [0], [0]),), (), (block,), {"weight": (2, 3)}, (1,))
mask = np.array([[True, True, False], [True, False, False]])
mge = mge_from_masks(plan, {"weight": np.ones((2, 3))}, {"weight": mask})
mge.save("network.safetensors")
again = st.MGE.load("network.safetensors")
print(json.dumps({"edges": again.num_edges, "file": st.__file__, **st.topometrics(again)}))
"""


def packages(environment):
    done = environment.run("-m", "pip", "list", "--format", "json")
    return {entry["name"] for entry in json.loads(done.stdout)}


def test_it_brings_what_is_needed_only(alone):
    assert not packages(alone) & NOT_NEEDED
    sizes = [path.stat().st_size for path in alone.packages.rglob("*") if path.is_file()]
    assert sum(sizes) / 1e6 < LARGEST_MB


def test_it_measures_a_graph_of_masks_and_a_plan(alone):
    done = alone.run("-c", MEASURE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("file").startswith(str(alone.packages))
    # By hand: of three edges a-d, a-e, b-d all are bridges; c stands alone. 5 nodes; a and d have degree 2.
    assert found["edges"] == 3
    assert found["cut_edges"] == 3
    assert found["components"] == 2
    assert found["cut_nodes"] == 2


def test_it_reads_its_own_tables(alone):
    done = alone.run(
        "-c",
        "from sparsetopo.analysis.tables.published_accuracies import read_published_accuracies as read\n"
        "print(len(read().sparse))",
    )
    assert int(done.stdout) > 400, done.stderr


def test_what_is_missing_is_named_in_one_sentence(alone):
    done = alone.run(alone.folder / "bin" / "sparsetopo", "measure", "Resnet-20")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install 'sparsetopo[cli]'" in done.stderr
    done = alone.run("-c", "import sparsetopo as st; st.encode")
    assert done.stderr.splitlines()[-1] == (
        "sparsetopo.errors.MissingPackageError: sparsetopo.encode needs torch, which is not installed: "
        "pip install 'sparsetopo[torch]'."
    )
