"""Means over layers, against loops over networks and layers."""

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.tables.layer_features import (
    RAMANUJAN_COLUMNS,
    layer_features,
    ramanujan_means,
)
from sparsetopo.analysis.tables.metrics import PAPER_METRICS
from sparsetopo.analysis.tables.table import CELL
from sparsetopo.errors import DataError
from sparsetopo.metrics.registry import LAYER_METRICS, Feature

CELLS = [
    (algorithm, "digits", architecture, sparsity, seed)
    for algorithm in ("snip", "er")
    for architecture in ("Resnet-20", "Resnet-32")
    for sparsity in ("0.9", "0.98")
    for seed in (0, 1)
]


@pytest.fixture
def layers():
    """Both encodings of 16 networks of 3 or 5 layers; one layer in six has no edge."""
    random = np.random.default_rng(5)
    records = []
    for cell in CELLS:
        for encoding in ("rolled", "rolled_channel"):
            for layer in range(3 if cell[2] == "Resnet-20" else 5):
                edges = 0 if random.uniform() < 1 / 6 else int(random.integers(1, 500))
                metrics = {key: random.uniform(0, 50) for key in LAYER_METRICS}
                place = {"encoding": encoding, "layer": layer, "nodes": 40 + layer, "edges": edges}
                records.append({**dict(zip(CELL, cell, strict=True)), **place, **metrics})
    return pd.DataFrame(records)


@pytest.fixture
def ramanujan():
    random = np.random.default_rng(6)
    table = pd.DataFrame(CELLS, columns=list(CELL)).merge(
        pd.DataFrame({"layer": range(4)}), how="cross"
    )
    for column in RAMANUJAN_COLUMNS:
        table[column] = random.uniform(size=len(table))
    table.loc[table["density"] < 0.3, ["delta_r", "lambda_imsg"]] = np.nan
    table.loc[table["sparsity"] == "0.98", "delta_r_imdb"] = np.nan
    return table


def _of(table, cell):
    return table[(table[list(CELL)] == list(cell)).all(axis=1)]


@pytest.mark.parametrize("encoding", ["rolled", "rolled_channel"])
def test_equals_a_loop_over_networks_and_layers(layers, encoding):
    table = layer_features(layers.sample(frac=1, random_state=0), encoding)
    assert table.columns.tolist() == [*CELL, *LAYER_METRICS]
    assert sorted(table[list(CELL)].itertuples(index=False, name=None)) == sorted(CELLS)
    for row in table.to_dict("records"):
        own = _of(layers[layers["encoding"] == encoding], [row[column] for column in CELL])
        for key, metric in LAYER_METRICS.items():
            values = []
            for layer in own.to_dict("records"):
                divisor = {"none": 1, "nodes": layer["nodes"], "edges": layer["edges"]}
                by = divisor[metric.scaling]
                values.append(layer[key] / by if by else 0.0)
            assert row[key] == pytest.approx(sum(values) / len(values), rel=1e-12)


def test_metrics_are_scaled_as_those_of_a_whole_network():
    for key in LAYER_METRICS.keys() & PAPER_METRICS.keys():
        assert LAYER_METRICS[key].scaling == PAPER_METRICS[key].scaling
    assert LAYER_METRICS["motif"].scaling == PAPER_METRICS["motif4"].scaling
    assert len(LAYER_METRICS) == 10


def test_a_missing_metric_of_a_layer_counts_as_zero(layers):
    layers["edges"] = 100
    before = layer_features(layers, "rolled").set_index(list(CELL))["spectral_gap"]
    layers.loc[layers["layer"] == 0, "spectral_gap"] = np.nan
    after = layer_features(layers, "rolled").set_index(list(CELL))["spectral_gap"]
    assert after.notna().all()
    for cell in CELLS:
        own = _of(layers[layers["encoding"] == "rolled"], cell)["spectral_gap"]
        assert after[cell] == pytest.approx(own.sum() / len(own))
        assert after[cell] < before[cell]


def test_a_metric_of_ones_own_is_scaled_as_it_says(layers):
    layers["loops"] = layers["nodes"] * 2.0
    table = layer_features(layers, "rolled", {"loops": Feature("local", "nodes", "loops")})
    assert table.columns.tolist() == [*CELL, "loops"]
    assert (table["loops"] == 2.0).all()


def test_ramanujan_means_skip_layers_that_lack_a_metric(ramanujan):
    table = ramanujan_means(ramanujan.sample(frac=1, random_state=0))
    assert table.columns.tolist() == [*CELL, *RAMANUJAN_COLUMNS.values()]
    assert len(table) == len(CELLS)
    for row in table.to_dict("records"):
        own = _of(ramanujan, [row[column] for column in CELL])
        for source, name in RAMANUJAN_COLUMNS.items():
            values = [value for value in own[source] if value == value]
            if values:
                assert row[name] == pytest.approx(sum(values) / len(values), rel=1e-12)
            else:
                assert np.isnan(row[name])
    assert (table["delta_r_imdb"].isna() == (table["sparsity"] == "0.98")).all()
    assert table["layer_density"].notna().all()


def test_faulty_tables_are_refused(layers, ramanujan):
    with pytest.raises(DataError, match="no row of encoding 'MGE'; it has rolled, rolled_channel"):
        layer_features(layers, "MGE")
    with pytest.raises(DataError, match=r"lacks the column.s. motif, nodes|nodes, motif"):
        layer_features(layers.drop(columns=["motif", "nodes"]), "rolled")
    twice = pd.concat([layers, layers[:1]])
    with pytest.raises(
        DataError, match=r"^1 layer.s. .* the first is layer 0 of snip/digits/Resnet-20/0.9/0\.$"
    ):
        layer_features(twice, "rolled")
    # The same layer in both encodings is not a repetition.
    assert len(layer_features(layers, "rolled_channel")) == len(CELLS)
    with pytest.raises(DataError, match=r"lacks the column.s. density"):
        ramanujan_means(ramanujan.drop(columns="density"))
    with pytest.raises(DataError, match=r"^2 layer.s. are in the table of layers twice"):
        ramanujan_means(pd.concat([ramanujan, ramanujan[:2]]))
    with pytest.raises(DataError, match="no nodes"):
        layer_features(layers.assign(nodes=0), "rolled")
