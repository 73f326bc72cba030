"""A new metric is one new file: added to a copy of the library, it is measured, collected, labelled and size-free.

The file is the example of CONTRIBUTING.md, so that the example works.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sparsetopo

LIBRARY = Path(sparsetopo.__file__).parent
REPOSITORY = LIBRARY.parents[1]
EXAMPLE = re.search(
    r"```python\n(METRICS = .*?)```", (REPOSITORY / "CONTRIBUTING.md").read_text(), re.DOTALL
)[1]

SETUP = """
import functools
import numpy as np
import pandas as pd
from sparsetopo.layers import rolled, topometric_records
import sparsetopo.layers.measure as layers_measure
from sparsetopo.analysis.tables.collect_layers import collect_layers
from sparsetopo.analysis.tables.feature_sets import feature_sets
from sparsetopo.analysis.tables.metrics import study_metrics
from sparsetopo.analysis.tables.result_rows import network_row
from sparsetopo.files import write_json
from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.registry import LAYER_METRICS, NETWORK_METRICS

topometrics = functools.partial(topometrics, explicit=True)  # nothing to compile
layers_measure.topometrics = topometrics
cell = {"dataset": "digits", "architecture": "mlp", "algorithm": "snip", "sparsity": "0.9", "seed": 0}
specification = {"specification": {"cell": cell}}
weights = {"fc1": np.ones((4, 3)), "fc2": np.ones((2, 4))}
masks = {name: np.ones(w.shape, dtype=bool) for name, w in weights.items()}
"""

OF_A_NETWORK = """
from sparsetopo.plots.importance import plot_importance
from sparsetopo.analysis.importance import importance_table

graph = rolled(weights["fc1"], masks["fc1"])
values = topometrics(graph, "all")
assert "hub_degree" not in topometrics(graph)
assert values["hub_degree"] == 4, values
write_json("topometrics.json", specification | {"nodes": 7, "edges": 12, "topometrics": values})
write_json("result.json", specification | {"status": "finished", "accuracy": 0.5, "best_accuracy": 0.5})
network_row.__globals__["read_metadata"] = lambda path: specification | {
    "achieved_sparsity": 0.0, "collapsed_layers": []
}
row = network_row("mask", "result.json", "topometrics.json")
table = pd.DataFrame([row | {"seed": seed, "accuracy_drop": seed / 9} for seed in range(3)])
table["hub_degree"] = [4, 5, 7]
metrics = study_metrics(table.columns)
assert "hub_degree" in metrics
sets = feature_sets(table, metrics=metrics)
assert sets["MGE"].table["hub_degree"].tolist() == [4 / 7, 5 / 7, 1.0]
assert sets["MGE-size-free"].table["hub_degree"].tolist() == [4.0, 5.0, 7.0]
figure = plot_importance(importance_table(table, metrics))
labels = {text.get_text() for axes in figure.axes for text in axes.get_yticklabels()}
assert "largest degree" in labels, labels
"""

OF_LAYERS_ONLY = """
assert "hub_degree" not in NETWORK_METRICS
assert "hub_degree" not in topometrics(rolled(weights["fc1"], masks["fc1"]), "all")
records = topometric_records(weights, masks)
assert [record["hub_degree"] for record in records] == [4, 4, 4, 4], records
ramanujan = [{"layer": 0, "name": "fc1", "weights": 12, "parameters": 12, "density": 1.0}]
write_json("layers.json", specification | {"topometrics": records, "ramanujan": ramanujan})
layers, _ = collect_layers(["layers.json"])
assert layers["hub_degree"].tolist() == [4, 4, 4, 4]
assert LAYER_METRICS["hub_degree"].label == "largest degree"
networks = pd.DataFrame([cell | {"accuracy_drop": 0.1, "achieved_sparsity": 0.9, "nodes": 9, "edges": 20, "n1": 2.0}])
sets = feature_sets(networks, layers, study_metrics(networks.columns))
assert "hub_degree" not in sets["MGE"].columns
assert sets["rolled"].table["hub_degree"].item() == (4 / 7 + 4 / 6) / 2
assert sets["rolled-size-free"].table["hub_degree"].item() == 4.0
"""


@pytest.fixture
def library(tmp_path):
    """A copy of the library, to which files can be added."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LIBRARY, tmp_path / "workflow/sparsetopo", ignore=ignored)
    shutil.copytree(REPOSITORY / "resources", tmp_path / "resources")
    return tmp_path / "workflow"


def run(library, code):
    environment = {**os.environ, "PYTHONPATH": str(library), "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code],
        cwd=library.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("graphs", "code"), [('["network", "layer"]', OF_A_NETWORK), ('["layer"]', OF_LAYERS_ONLY)]
)
def test_a_new_metric_is_one_file(library, graphs, code):
    assert '"graphs": ["network", "layer"]' in EXAMPLE
    source = EXAMPLE.replace('["network", "layer"]', graphs)
    (library / "sparsetopo/metrics/entries/hubs.py").write_text(source)
    run(library, code)
