"""Tables of all layers of a network against the metrics of each layer."""

import numpy as np
import pytest

from sparsetopo.errors import EncodingError, MaskError, UnknownNameError
from sparsetopo.layers import (
    LayerKind,
    bge_topometrics,
    ramanujan_metrics,
    ramanujan_records,
    rolled,
    rolled_channel,
    topometric_records,
)
from sparsetopo.metrics import measure


@pytest.fixture
def network():
    """(weights, masks, kinds): a convolution, an empty depthwise one, and a linear layer."""
    random = np.random.default_rng(0)
    shapes = {"conv1": (6, 3, 3, 3), "depthwise": (6, 1, 3, 3), "linear": (4, 6)}
    weights = {name: random.normal(size=shape) for name, shape in shapes.items()}
    masks = {name: random.random(shape) < 0.6 for name, shape in shapes.items()}
    masks["depthwise"][:] = False
    weights["norm"] = np.ones(6)
    return weights, masks, {"depthwise": LayerKind(groups=6)}


def test_one_record_for_every_encoding_and_layer(network):
    weights, masks, kinds = network
    records = topometric_records(weights, masks, kinds)
    places = [(record["encoding"], record["layer"], record["name"]) for record in records]
    names = list(enumerate(["conv1", "depthwise", "linear"]))
    assert places == [(e, *place) for e in ("rolled", "rolled_channel") for place in names]
    for record in records:
        build = {"rolled": rolled, "rolled_channel": rolled_channel}[record["encoding"]]
        name = record["name"]
        graph = build(weights[name], masks[name], kinds.get(name, LayerKind()))
        assert record["nodes"] == graph.num_nodes
        assert record["edges"] == graph.num_edges
        assert record.items() >= bge_topometrics(graph).items()
    assert [record["nodes"] for record in records] == [27 + 6, 54 + 6, 6 + 4, 3 + 6, 12, 10]


def test_scaled_records_and_larger_motifs(network):
    weights, masks, kinds = network
    given = {"encodings": ["rolled"], "motif_size": 4}
    raw = topometric_records(weights, masks, kinds, **given)
    scaled = topometric_records(weights, masks, kinds, scaled=True, **given)
    assert scaled[1]["motif"] is None
    for before, after in zip(raw, scaled, strict=True):
        metrics = {name: before[name] for name in list(before)[5:]}
        expected = measure.scaled(metrics, before["nodes"], before["edges"])
        assert after.items() >= expected.items()


def test_ramanujan_records(network):
    weights, masks, kinds = network
    records = ramanujan_records(weights, masks, kinds)
    assert [record["name"] for record in records] == ["conv1", "depthwise", "linear"]
    assert [record["parameters"] for record in records] == [162, 54, 24]
    for layer, record in enumerate(records):
        name = record["name"]
        graph = rolled(weights[name], masks[name], kinds.get(name, LayerKind()))
        assert record["layer"] == layer
        assert record["weights"] == masks[name].sum()
        assert record.items() >= ramanujan_metrics(graph).items()
    assert records[1]["density"] == 0
    assert records[1]["delta_r"] is None


def test_what_does_not_fit_is_refused_by_name(network):
    weights, masks, _ = network
    with pytest.raises(UnknownNameError, match="'unrolled'; known are rolled, rolled_channel"):
        topometric_records(weights, masks, encodings=["unrolled"])
    with pytest.raises(EncodingError, match="layer 'extra'"):
        ramanujan_records(weights, {**masks, "extra": np.ones((2, 2), bool)})
    with pytest.raises(MaskError, match="'linear'"):
        ramanujan_records(weights, {**masks, "linear": np.ones((2, 2), bool)})


def test_the_package_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, sparsetopo.layers; "
        "heavy = {'torch', 'numpy', 'scipy', 'numba', 'pandas', 'sklearn', 'matplotlib'}; "
        "print(sorted(heavy & sys.modules.keys())); "
        "from sparsetopo.layers import ramanujan_records; print('torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["[]", "False"]
