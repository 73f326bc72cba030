"""Random networks of every kind against the oracle by autograd: edges and magnitudes, and all metrics.

A network is named by its seed; `python -m tests.random_models SEED` shows one.
"""

import random
from collections import Counter

import pytest
import torch
from tests.autograd_oracle import oracle_graph
from tests.metric_comparison import assert_same_metrics
from tests.oracle.comparison import assert_same_graph
from tests.random_models import FEATURES, draw_model, draw_weights, feature_table

import sparsetopo as st

# The same seeds always give the same networks.
SMALL, SOME, ALL = 40, 300, 2000
AT_LEAST = 50

# Networks with a recurrent layer on permuted tokens: several of its units have the same incoming edges and different
# outgoing ones, and the comparison does not find which is which. Only their degrees are compared.
UNORDERED = (163, 293, 911)


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
    if seed in UNORDERED:
        assert_same_degrees(encoded(seed), oracle)
        return
    reordered = assert_same_graph(encoded(seed), oracle)
    # Channels, rows, columns: the nodes of a map have their ids by definition.
    assert not [name for name in reordered if name.startswith("convolution")]


def assert_same_degrees(mge, oracle):
    """The degrees of both ends are the same for every two node layers, in whatever order the units are."""
    matrix, offsets = mge.to_scipy(), mge.layer_offsets
    assert mge.layer_sizes == oracle.sizes
    assert mge.num_edges == matrix.nnz == oracle.num_edges
    for (source, target), (_, kept) in oracle.edges.items():
        rows = slice(offsets[source], offsets[source + 1])
        block = matrix[rows, offsets[target] : offsets[target + 1]].toarray() != 0
        for axis in (0, 1):
            assert sorted(block.sum(axis)) == sorted(kept.numpy().sum(axis)), (source, target)


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


# A mean over steps whose units have no product form; a volume that is only pooled, which needs a head.
FOUND = (349, 908)


def test_random_networks_have_the_edges_of_the_oracle():
    assert_none(problems(compare, [*range(SMALL), *FOUND]))


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
