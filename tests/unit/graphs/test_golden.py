"""Golden cases: graph and metrics of the implicit form, against two independent slow methods."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.graphs.encode import encode
from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.registry import METRIC_SETS

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/arch.json"))


class GoldenNet(nn.Module):
    """Network of an arch.json: a chain of layers with projection shortcuts between node layers."""

    def __init__(self, architecture):
        super().__init__()
        self.layers = architecture["layers"]
        for number, layer in enumerate(self.layers):
            if layer["op"] in ("conv", "shortcut"):
                module = nn.Conv2d(
                    layer["in"],
                    layer["out"],
                    _pair(layer["k"]),
                    _pair(layer["s"]),
                    _pair(layer["p"]),
                    groups=layer.get("groups", 1),
                    bias=False,
                )
            elif layer["op"] == "linear":
                module = nn.Linear(layer["in"], layer["out"], bias=False)
            else:
                continue
            self.add_module(f"layer{number}", module)

    def forward(self, x):
        shortcuts = {
            layer["to"]: (n, layer)
            for n, layer in enumerate(self.layers)
            if layer["op"] == "shortcut"
        }
        nodes = [x]
        for number, layer in enumerate(self.layers):
            if layer["op"] == "maxpool":
                x = nn.functional.max_pool2d(x, layer["k"], layer["s"])
            elif layer["op"] == "gap":
                x = x.mean((2, 3), keepdim=True)
            elif layer["op"] == "flatten":
                x = x.flatten(1)
            elif layer["op"] in ("conv", "linear"):
                if layer["op"] == "linear":
                    x = x.flatten(1)
                x = getattr(self, f"layer{number}")(x)
                if len(nodes) in shortcuts:
                    n, shortcut = shortcuts[len(nodes)]
                    x = x + getattr(self, f"layer{n}")(nodes[shortcut["from"]])
                x = x.relu()
                nodes.append(x)
        return x


def _pair(setting):
    return tuple(setting) if isinstance(setting, list) else (setting, setting)


def load_case(name):
    """(model with the case's weights, masks, architecture)."""
    folder = GOLDEN / name
    architecture = json.loads((folder / "arch.json").read_text())
    model, masks = GoldenNet(architecture), {}
    with np.load(folder / "snn.npz") as arrays, torch.no_grad():
        for number, layer in enumerate(architecture["layers"]):
            if "name" in layer:
                getattr(model, f"layer{number}").weight.copy_(
                    torch.from_numpy(arrays[f"W:{layer['name']}"])
                )
                masks[f"layer{number}.weight"] = arrays[f"M:{layer['name']}"]
    return model, masks, architecture


@pytest.mark.parametrize("name", CASES)
def test_golden_graph(name):
    model, masks, architecture = load_case(name)
    mge = encode(model, architecture["input"], masks)
    expected = json.loads((GOLDEN / name / "expected.json").read_text())
    assert mge.num_nodes == expected["nodes"]
    assert mge.num_edges == expected["edges"]
    assert mge.layer_sizes == expected["layer_sizes"]
    matrix = mge.to_scipy().tocoo()
    with np.load(GOLDEN / name / "graph.npz") as graph:
        np.testing.assert_array_equal(np.stack(matrix.coords, axis=1), graph["edges"])
        np.testing.assert_array_equal(matrix.data, graph["w"])
        assert graph["sizes"].tolist() == mge.layer_sizes


@pytest.mark.parametrize("name", CASES)
def test_golden_metrics_of_the_implicit_graph(name):
    model, masks, architecture = load_case(name)
    values = topometrics(encode(model, architecture["input"], masks))
    expected = json.loads((GOLDEN / name / "expected.json").read_text())
    assert set(values) == set(METRIC_SETS["paper"])
    for metric, value in values.items():
        if isinstance(expected[metric], int):
            assert value == expected[metric], metric
        else:
            assert value == pytest.approx(expected[metric], rel=1e-5), metric


def test_golden_cases_are_there():
    assert len(CASES) == 6
