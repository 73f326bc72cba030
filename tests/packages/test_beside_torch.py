"""The installed package with torch: the Python of README, the command line, and the types that a program sees."""

import json
import re

from tests.packages.conftest import ROOT

PREPARATION = """
import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(3, 4, 3, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 8 * 8, 10)
)
images, labels = torch.rand(40, 3, 32, 32), torch.arange(40) % 10
"""
END = """
import igraph, pyarrow.parquet, sparsetopo
graph = mge.to_igraph()
assert graph.ecount() == mge.num_edges == pyarrow.parquet.read_metadata("edges.parquet").num_rows
assert graph.vcount() == mge.num_nodes == 3 * 32 * 32 + 4 * 8 * 8 + 10
print(sparsetopo.__file__)
"""
TYPED = """
from typing import assert_type

import sparsetopo as st
from torch import nn

mge = st.encode(nn.Linear(3, 2), input_shape=(3,))
assert_type(mge, st.MGE)
metrics = st.topometrics(mge, ["n2"])
assert_type(metrics, dict[str, int | float])
print(round(metrics["n2"], 2), mge.num_edges + 1)
"""
MISTAKEN = """
st.topometrics(mge, threads="2")
print(mge.edges)
"""


def readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## As a library$(.*?)^## ", text, re.M | re.S)
    return re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)


def test_the_python_of_the_readme_runs(beside_torch, alone):
    code = PREPARATION + "".join(readme()) + END
    done = beside_torch.run("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(alone.packages))


def test_the_program_measures_a_network(beside_torch):
    words = [
        "measure",
        "Resnet-20",
        "--input",
        "1x8x8",
        "--classes",
        "10",
        "--metrics",
        "sink,n1",
        "--format",
        "json",
    ]
    done = beside_torch.run("-m", "sparsetopo", *words)
    assert done.returncode == 0, done.stderr
    assert '"sink"' in done.stdout


def test_the_program_ranks_by_the_released_networks(beside_torch):
    words = "rank Conv-6 --input 1x8x8 --classes 10 --algorithms uniform,er --sparsity 0.9 --metrics sink --format json"
    done = beside_torch.run("-m", "sparsetopo", *words.split())
    assert done.returncode == 0, done.stderr
    assert {row["name"] for row in json.loads(done.stdout)} == {"uniform", "er"}


def test_a_typed_program_is_checked_against_the_package(beside_torch, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(TYPED + MISTAKEN, encoding="utf-8")
    done = beside_torch.run("-m", "mypy", "--strict", "--cache-dir", tmp_path, program)
    faults = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(faults) == 2, done.stdout + done.stderr
    assert re.search('"threads" .* has incompatible type "str"', faults[0])
    assert '"MGE" has no attribute "edges"' in faults[1]
