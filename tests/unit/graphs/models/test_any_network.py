"""Random networks of every kind against the oracle by autograd: edges and magnitudes, and all metrics.

A network is named by its seed; `python -m tests.random_models SEED` shows one.
"""

import random
from collections import Counter

import igraph
import numpy as np
import pytest
import torch
from tests.autograd_oracle import oracle_graph
from tests.metric_comparison import assert_same_metrics
from tests.oracle.comparison import assert_same_graph
from tests.random_models import FEATURES, draw_model, draw_weights, feature_table

import sparsetopo as st

# The same seeds always give the same networks.
SMALL, SOME, ALL = 40, 300, 2000
# A network whose units are told apart by the edges that leave them only.
UNORDERED = 163
AT_LEAST = 50


def drawn(seed):
    """(model, masks, whether identity shortcuts are edges, how attention is read)."""
    generator = random.Random(seed)
    torch.manual_seed(seed)
    model = draw_model(generator.choice)
    masks = draw_weights(model, generator.choice, seed)
    return model, masks, generator.choice([True, False]), generator.choice(["all", "all", "values"])


def encoded(seed):
    model, masks, identity_shortcuts, attention = drawn(seed)
    example = None if model.input_shape else model.example
    return st.encode(
        model, model.input_shape, masks, identity_shortcuts, attention=attention, example=example
    )


def compare(seed):
    model, masks, identity_shortcuts, attention = drawn(seed)
    oracle = oracle_graph(model, model.example, masks, identity_shortcuts, attention)
    mge = encoded(seed)
    try:
        reordered = assert_same_graph(mge, oracle)
    except AssertionError:
        # That finds which unit is which by the edges that enter it. Where those of several are the same (permuted steps of
        # a recurrence, windows of attention) only the edges that leave them tell, and another search decides.
        if not are_isomorphic(mge, oracle):
            raise
        return
    # Channels, rows, columns: the nodes of a map have their ids by definition. Those that a map reads may have another
    # order than was thought, if no edge enters them.
    maps = [name for name in reordered if name.startswith("convolution")]
    assert not maps or are_isomorphic(mge, oracle, in_order=maps)


def are_isomorphic(mge, oracle, in_order=()):
    """Whether the units of every node layer, but for those in order, can be renamed so that both have the same edges."""
    if mge.layer_sizes != oracle.sizes:
        return False
    layers = [
        len(oracle.sizes) + node if layer.name in in_order else number
        for number, (layer, start) in enumerate(zip(oracle.layers, mge.layer_offsets, strict=False))
        for node in range(start, start + layer.size)
    ]
    expected = []
    for (source, target), (_, kept) in oracle.edges.items():
        rows, columns = np.nonzero(kept.numpy())
        offsets = mge.layer_offsets[source], mge.layer_offsets[target]
        expected += zip((rows + offsets[0]).tolist(), (columns + offsets[1]).tolist(), strict=True)
    found = np.transpose(mge.to_scipy().tocoo().coords).tolist()
    graphs = [igraph.Graph(len(layers), edges) for edges in (found, expected)]
    return graphs[0].isomorphic_bliss(graphs[1], color1=layers, color2=layers)


def problems(check, seeds):
    """One line for each seed at which a check fails, with the features of that network."""
    found = []
    for seed in seeds:
        try:
            check(seed)
        except Exception as error:
            features = ", ".join(sorted(drawn(seed)[0].features))
            found.append(f"seed {seed} ({features}): {type(error).__name__}: {error}")
    return found


def assert_none(found):
    assert not found, f"{len(found)} networks differ, the first:\n" + "\n".join(found[:10])


# A mean over steps whose units have no product form; a volume that is only pooled, which needs a head; a layer whose
# results are pooled beside others and then dropped; a convolution of units that no edge enters.
FOUND = (349, 908, 936, 1098)


def test_random_networks_have_the_edges_of_the_oracle():
    assert_none(problems(compare, [*range(SMALL), *FOUND]))


def test_one_edge_elsewhere_is_another_graph():
    model, masks, identity_shortcuts, attention = drawn(UNORDERED)
    oracle = oracle_graph(model, model.example, masks, identity_shortcuts, attention)
    mge = encoded(UNORDERED)
    with pytest.raises(AssertionError):
        assert_same_graph(mge, oracle)
    assert are_isomorphic(mge, oracle)
    _, kept = next(iter(oracle.edges.values()))
    edge = tuple(kept.nonzero()[0].tolist())
    kept[edge] = False
    assert not are_isomorphic(mge, oracle)


@pytest.mark.middle
def test_some_random_networks_have_the_edges_of_the_oracle():
    assert_none(problems(compare, range(SMALL, SOME)))


@pytest.mark.slow
def test_two_thousand_random_networks_have_the_edges_of_the_oracle():
    assert_none(problems(compare, range(SOME, ALL)))


def test_implicit_and_explicit_metrics_agree():
    assert_none(problems(lambda seed: assert_same_metrics(encoded(seed)), range(6)))


@pytest.mark.middle
def test_implicit_and_explicit_metrics_of_some_networks_agree():
    assert_none(problems(lambda seed: assert_same_metrics(encoded(seed)), range(6, 60)))


@pytest.mark.slow
def test_implicit_and_explicit_metrics_of_two_thousand_networks_agree():
    assert_none(problems(lambda seed: assert_same_metrics(encoded(seed)), range(60, ALL)))


@pytest.mark.middle
def test_every_feature_occurs_in_fifty_of_two_thousand_networks():
    counts = Counter(feature for seed in range(ALL) for feature in drawn(seed)[0].features)
    print(feature_table(counts))
    assert {feature: counts[feature] for feature in FEATURES if counts[feature] < AT_LEAST} == {}
    assert set(counts) == set(FEATURES)
