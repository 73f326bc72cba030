"""From tables of layers to one row a network, against plain loops over the rows."""

import math

import numpy as np
import pandas as pd
import pytest

from sparsetopo.analysis.layer_features import (
    LAYER_METRICS,
    RAMANUJAN_COLUMNS,
    layer_features,
    ramanujan_means,
)
from sparsetopo.analysis.tables import CELL
from sparsetopo.errors import DataError

DIVISORS = {"edges": "edges", "nodes": "nodes"}


@pytest.fixture
def layers() -> pd.DataFrame:
    """Two networks of three layers, both encodings; the last layer of the second has no edge."""
    random = np.random.default_rng(0)
    rows = []
    for seed in (0, 1):
        for encoding in ("rolled", "rolled_channel"):
            for layer in range(3):
                edges = 0 if seed == layer - 1 == 1 else int(random.integers(5, 50))
                row = dict(zip(CELL, ("snip", "digits", "Resnet-20", "0.9", seed), strict=True))
                row |= {"encoding": encoding, "layer": layer, "name": f"conv{layer}"}
                row |= {"nodes": int(random.integers(10, 40)), "edges": edges}
                row |= {key: float(random.random()) for key in LAYER_METRICS}
                rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("encoding", ["rolled", "rolled_channel"])
def test_means_of_scaled_metrics(layers, encoding):
    result = layer_features(layers, encoding)
    assert list(result.columns) == [*CELL, *LAYER_METRICS]
    for row in result.to_dict("records"):
        own = [
            layer
            for layer in layers.to_dict("records")
            if layer["seed"] == row["seed"] and layer["encoding"] == encoding
        ]
        for key, metric in LAYER_METRICS.items():
            total = 0.0
            for layer in own:
                divisor = layer[DIVISORS[metric.scaling]] if metric.scaling in DIVISORS else 1.0
                total += layer[key] / divisor if divisor else 0.0
            assert row[key] == pytest.approx(total / 3, rel=1e-12)


def test_missing_layer_metrics_count_as_zero(layers):
    layers.loc[0, "strength"] = math.nan
    known = layers.loc[[1, 2], "strength"] / layers.loc[[1, 2], "edges"]
    assert layer_features(layers, "rolled")["strength"][0] == pytest.approx(known.sum() / 3)


def test_ramanujan_means_skip_missing():
    rows = [
        dict(zip(CELL, ("snip", "digits", "Resnet-20", "0.9", 0), strict=True))
        | {"layer": layer, "density": density, "delta_r": 1.0, "delta_r_imdb": imdb}
        | {"lambda_imsg": math.nan}
        for layer, (density, imdb) in enumerate([(0.2, 3.0), (0.4, math.nan), (0.9, 5.0)])
    ]
    means = ramanujan_means(pd.DataFrame(rows)).iloc[0]
    assert list(RAMANUJAN_COLUMNS.values()) == list(means.index[len(CELL) :])
    assert means["layer_density"] == pytest.approx(0.5)
    assert means["delta_r_imdb"] == 4.0
    assert math.isnan(means["lambda_imsg"])


def test_what_is_refused(layers):
    with pytest.raises(DataError, match="no row of encoding 'unrolled'; it has rolled"):
        layer_features(layers, "unrolled")
    with pytest.raises(DataError, match=r"lacks the column\(s\) strength"):
        layer_features(layers.drop(columns="strength"), "rolled")
    with pytest.raises(DataError, match=r"layer 0 of snip/digits/Resnet-20/0\.9/0"):
        layer_features(pd.concat([layers, layers.head(1)]), "rolled")
