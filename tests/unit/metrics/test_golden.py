"""Every metric on the golden networks, whose values come from two independent slow programs."""

import json
from pathlib import Path

import numpy as np
import pytest

from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.registry import METRIC_SETS

GOLDEN = Path(__file__).parents[2] / "golden"
CASES = ["dense_tiny", "depthwise", "mlp", "nonsquare", "tiny_maxpool", "tiny_res_proj"]


@pytest.mark.parametrize("case", CASES)
def test_golden_values(case, array_graph):
    arrays = np.load(GOLDEN / case / "graph.npz")
    expected = json.loads((GOLDEN / case / "expected.json").read_text())
    values = topometrics(array_graph(arrays["sizes"], arrays["edges"], arrays["w"]))
    assert set(values) == set(METRIC_SETS["paper"])
    for name, value in values.items():
        assert type(value) is type(expected[name]), name
        if isinstance(value, int):
            assert value == expected[name], name
        else:
            assert value == pytest.approx(expected[name], rel=1e-5), name


def test_every_golden_case_is_tested():
    assert sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()) == CASES
