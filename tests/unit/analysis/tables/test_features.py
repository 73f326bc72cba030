"""Scaled features against the definitions, and the metric tables against each other."""

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.tables.features import min_max, scale
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import CATEGORIES, METRICS, Feature


def test_every_metric_is_divided_as_published(networks):
    scaled = scale(networks)
    by_nodes = {"sink", "source", "disconnected", "component_size"}
    unscaled = {"r_out", "r_in", "components", "spectral_gap", "spectral_radius"}
    assert len(PAPER_METRICS) == 16
    for key in PAPER_METRICS:
        if key in by_nodes:
            expected = networks[key] / networks["nodes"]
        elif key in unscaled:
            expected = networks[key]
        else:
            expected = networks[key] / networks["edges"]
        np.testing.assert_allclose(scaled[key], expected, rtol=1e-15)
    assert scaled["edges"].equals(networks["edges"])


def test_no_edges_makes_edge_scaled_metrics_missing(networks):
    networks.loc[3, "edges"] = 0
    scaled = scale(networks).loc[3]
    assert scaled[["n1", "strength", "motif4", "cut_edges"]].isna().all()
    assert scaled[["sink", "disconnected", "components", "spectral_gap"]].notna().all()


def test_own_metrics(networks):
    networks["mine"] = 10.0
    own = {"mine": Feature("local", "nodes", "mine")}
    assert scale(networks, own)["mine"].tolist() == (10.0 / networks["nodes"]).tolist()
    with pytest.raises(DataError, match=r"lacks the column.s. other"):
        scale(networks, {"other": Feature("local", "nodes", "other")})
    with pytest.raises(DataError, match="no nodes"):
        scale(networks.assign(nodes=0))


def test_min_max():
    values = np.array([[1.0, 5.0, 2e-9], [3.0, 5.0, 4e-9], [2.0, 5.0, 3e-9]])
    np.testing.assert_allclose(min_max(values), [[0, 0, 0], [1, 0, 1], [0.5, 0, 0.5]])
    np.testing.assert_allclose(min_max(values, values[:2]), min_max(values))
    np.testing.assert_allclose(min_max(values, values[1:])[0], [-1, 0, -1])


def test_the_papers_metrics_come_from_the_registry():
    assert list(PAPER_METRICS)[5:8] == ["n1", "n2", "motif4"]  # the paper's order
    for metric in PAPER_METRICS.values():
        assert metric.category in CATEGORIES
        assert "network" in metric.graphs
        assert metric.second_reading_of is None
    assert METRICS["spectral_gap_signed"].second_reading_of == "spectral_gap"


def test_importing_the_package_is_light():
    import subprocess
    import sys

    code = (
        "import sys, sparsetopo.analysis, sparsetopo.plots;"
        "assert not {'pandas', 'sklearn', 'numpy', 'matplotlib', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_values_stay_missing(networks):
    networks["n2"] = np.nan
    assert isinstance(scale(networks), pd.DataFrame)
    assert scale(networks)["n2"].isna().all()
