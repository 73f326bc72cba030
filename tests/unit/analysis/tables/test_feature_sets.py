"""Sets of features: what is size-free does not change when a graph is doubled; same rows, joins."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from sparsetopo.analysis.tables.feature_sets import (
    ENCODINGS,
    SIZE_FEATURES,
    feature_sets,
    size_free,
)
from sparsetopo.analysis.tables.features import scale
from sparsetopo.analysis.tables.layer_features import layer_features
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL
from sparsetopo.errors import DataError
from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.registry import LAYER_METRICS

# Nothing scales a gap of eigenvalues that come in pairs; of components see the test below.
NOT_INTENSIVE = {"spectral_gap", "components", "component_size"}


class Copies:
    """A layered graph of `copies` disjoint copies of one."""

    def __init__(self, sizes, edges, copies):
        self.layer_sizes = [size * copies for size in sizes]
        begin = np.cumsum([0, *sizes])
        layer = np.repeat(np.arange(len(sizes)), sizes)
        nodes = sum(self.layer_sizes)
        pairs, weights = [], []
        for u, v, weight in edges:
            for copy in range(copies):
                # Node u of its layer is at the layer's new base, behind the earlier copies.
                pairs.append(
                    [begin[layer[x]] * (copies - 1) + copy * sizes[layer[x]] + x for x in (u, v)]
                )
                weights.append(weight)
        rows, columns = np.array(pairs).T
        self.matrix = csr_array(
            (np.array(weights, np.float32), (rows, columns)), shape=(nodes, nodes)
        )

    def to_scipy(self):
        return self.matrix


@st.composite
def graphs(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    layer = np.repeat(np.arange(len(sizes)), sizes)
    pairs = [(u, v) for u, v in itertools.combinations(range(sum(sizes)), 2) if layer[u] < layer[v]]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    return sizes, [(u, v, draw(st.sampled_from([0.25, 1.0, 3.0]))) for u, v in chosen]


def measured(sizes, edges, copies):
    graph = Copies(sizes, edges, copies)
    values = topometrics(graph, list(PAPER_METRICS))
    counts = {"nodes": sum(graph.layer_sizes), "edges": graph.matrix.nnz}
    return scale(pd.DataFrame([{**counts, **values}]), size_free(PAPER_METRICS)).iloc[0]


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_two_copies_of_a_graph_have_the_size_free_values_of_one(graph):
    once, twice = measured(*graph, 1), measured(*graph, 2)
    assert twice["nodes"] == 2 * once["nodes"]
    for key in set(PAPER_METRICS) - NOT_INTENSIVE:
        assert twice[key] == pytest.approx(once[key], rel=1e-9, abs=1e-12), key


@pytest.mark.parametrize("length", [2, 5, 9])
def test_the_components_of_a_connected_graph_do_not_tell_its_size(length):
    chain = measured([1] * length, [(node, node + 1, 1.0) for node in range(length - 1)], 1)
    assert (chain["components"], chain["component_size"]) == (0, 1)
    apart = measured([1] * length, [(node, node + 1, 1.0) for node in range(length - 1)], 3)
    assert apart["components"] == pytest.approx(2 / (3 * length))


def test_the_papers_scaling_tells_the_size_and_the_gap_cannot_be_mended():
    chain = [2, 1, 1], [(0, 2, 1.0), (1, 2, 3.0), (2, 3, 1.0)]
    once, twice = (
        scale(
            pd.DataFrame([{"nodes": 4 * k, "edges": 3 * k, **topometrics(Copies(*chain, k))}]),
            PAPER_METRICS,
        ).iloc[0]
        for k in (1, 2)
    )
    for key in ("n1", "n2", "k_core", "strength"):
        assert twice[key] == pytest.approx(once[key] / 2)
    assert once["spectral_gap"] > 1
    assert twice["spectral_gap"] == pytest.approx(0, abs=1e-9)


def test_layers_are_scaled_as_networks_are():
    assert set(LAYER_METRICS) - {"motif"} == set(LAYER_METRICS) & set(PAPER_METRICS)
    layers, whole = size_free(LAYER_METRICS), size_free(PAPER_METRICS)
    assert layers["motif"].scaling == whole["motif4"].scaling == "edges"
    for key in set(layers) - {"motif"}:
        assert layers[key].scaling == whole[key].scaling
        assert (layers[key].category, layers[key].label) == (
            LAYER_METRICS[key].category,
            LAYER_METRICS[key].label,
        )


@pytest.fixture
def collected(networks):
    """The networks as the workflow collects them."""
    return networks.assign(achieved_sparsity=networks["sparsity"].astype(float) - 0.001)


def layer_rows(networks):
    """Two layers a network and encoding, with random raw metrics."""
    random = np.random.default_rng(3)
    rows = []
    for cell in networks[list(CELL)].to_dict("records"):
        for encoding, layer in itertools.product(["rolled", "rolled_channel"], [0, 1]):
            values = {key: random.uniform(1, 9) for key in LAYER_METRICS}
            sizes = {"nodes": int(random.integers(10, 99)), "edges": int(random.integers(10, 99))}
            rows.append({**cell, "encoding": encoding, "layer": layer, **sizes, **values})
    return pd.DataFrame(rows)


def test_all_sets_and_what_is_in_them(collected):
    layers = layer_rows(collected)
    sets = feature_sets(collected, layers)
    assert tuple(sets) == tuple(name for name in ENCODINGS if name != "MGE-trained")
    assert {name: len(features.columns) for name, features in sets.items()} == {
        "MGE": 16,
        "rolled": 10,
        "rolled-channel": 10,
        "size": 3,
        "MGE-size-free": 16,
        "rolled-size-free": 10,
        "rolled-channel-size-free": 10,
    }
    for name, features in sets.items():
        assert features.name == name
        assert list(features.table.columns) == [*CELL, "accuracy_drop", *features.columns]
        assert len(features.table) == len(collected)
        assert features.table["accuracy_drop"].tolist() == collected["accuracy_drop"].tolist()
    keys = list(PAPER_METRICS)
    pd.testing.assert_frame_equal(sets["MGE"].table[keys], scale(collected)[keys])
    assert sets["size"].columns == SIZE_FEATURES
    np.testing.assert_allclose(
        sets["size"].table["density"], 1.001 - collected["sparsity"].astype(float)
    )
    expected = layer_features(layers, "rolled_channel").set_index(list(CELL))
    found = sets["rolled-channel"].table.set_index(list(CELL))
    assert found.loc[expected.index, "motif"].tolist() == expected["motif"].tolist()
    free = sets["rolled-size-free"].table.iloc[5]
    own = layers[
        (layers[list(CELL)] == free[list(CELL)]).all(axis=1) & (layers.encoding == "rolled")
    ]
    assert free["k_core"] == pytest.approx(own["k_core"].mean())
    assert free["components"] == pytest.approx(((own["components"] - 1) / own["nodes"]).mean())
    assert tuple(feature_sets(collected)) == ("MGE", "size", "MGE-size-free")


def test_metrics_of_the_trained_weights_are_a_set_of_their_own(collected):
    assert "MGE-trained" not in feature_sets(collected)
    both = collected.assign(strength_trained=2 * collected["strength"], weights="initial")
    sets = feature_sets(both)
    first, trained = sets["MGE"], sets["MGE-trained"]
    assert first.columns == trained.columns
    for column in first.columns:
        factor = 2 if column == "strength" else 1
        np.testing.assert_allclose(trained.table[column], factor * first.table[column])


def test_size_is_compared_on_the_networks_that_have_all_metrics(collected):
    collected.loc[3, "n2"] = np.nan
    collected.loc[8, "edges"] = 0  # what is divided by E is missing
    layers = layer_rows(collected.drop(index=5))
    sets = feature_sets(collected, layers)
    for name in ("MGE", "size", "MGE-size-free"):
        table = sets[name].table[list(sets[name].columns)]
        lacking = table.isna().any(axis=1)
        assert np.flatnonzero(lacking).tolist() == [3, 8], name
    lacking = sets["rolled"].table[list(LAYER_METRICS)].isna().all(axis=1)
    assert np.flatnonzero(lacking).tolist() == [5]


def test_sparsities_that_were_read_as_numbers_join(collected):
    layers = layer_rows(collected)
    layers["sparsity"] = layers["sparsity"].astype(float)
    sets = feature_sets(collected, layers)
    assert not sets["rolled"].table.isna().any(axis=None)


def test_some_metrics_and_own_ones(collected):
    own = {
        "k_core": PAPER_METRICS["k_core"],
        "mine": replace(PAPER_METRICS["motif4"], name="mine", label="mine"),
    }
    collected["mine"] = 7.0
    sets = feature_sets(collected, metrics=own)
    assert sets["MGE"].columns == sets["MGE-size-free"].columns == ("k_core", "mine")
    free = sets["MGE-size-free"].table
    assert free["k_core"].tolist() == collected["k_core"].tolist()
    assert free["mine"].tolist() == (7.0 / collected["edges"]).tolist()


def test_refusals(collected):
    with pytest.raises(DataError, match=r"lacks the column\(s\) achieved_sparsity"):
        feature_sets(collected.drop(columns="achieved_sparsity"))
    layers = layer_rows(collected)
    with pytest.raises(DataError, match="no row of encoding 'rolled_channel'"):
        feature_sets(collected, layers[layers["encoding"] == "rolled"])
    with pytest.raises(DataError, match="in the table of layers twice"):
        feature_sets(collected, pd.concat([layers, layers[:1]]))
