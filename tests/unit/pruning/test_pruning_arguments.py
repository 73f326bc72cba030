"""Wrong arguments of `prune`: one clear sentence each."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

from sparsetopo.errors import SparsetopoError, UnknownNameError
from sparsetopo.pruning import ALGORITHMS, needs, prune


@pytest.mark.parametrize("sparsity", [0, 1, 1.0, "1", -0.1, 1.5, "nan", "abc", None, True, "", "0"])
def test_sparsity_outside_the_open_interval(sparsity, small_network):
    with pytest.raises(SparsetopoError) as caught:
        prune(small_network, "uniform", sparsity)
    assert "between 0 and 1" in str(caught.value)
    assert repr(sparsity) in str(caught.value)


def test_unknown_algorithm_lists_the_known_ones(small_network):
    with pytest.raises(UnknownNameError, match="'magnitude'; known: er, erk, grasp"):
        prune(small_network, "magnitude", 0.5)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_unknown_option_lists_the_known_ones(algorithm, small_network, small_data):
    with pytest.raises(SparsetopoError) as caught:
        prune(small_network, algorithm, 0.5, small_data, surprise=1)
    for known in ALGORITHMS[algorithm].options or ["none"]:
        assert known in str(caught.value)


@pytest.mark.parametrize(
    ("algorithm", "option", "value"),
    [
        ("snip", "batch_size", 0),
        ("snip", "batch_size", "128"),
        ("synflow", "iterations", 2.5),
        ("prospr", "momentum", 1),
        ("grasp", "halves", "thirds"),
        ("uniform", "scope", "layers"),
    ],
)
def test_invalid_option_value(algorithm, option, value, small_network, small_data):
    with pytest.raises(SparsetopoError, match=f"{algorithm}: {option}: "):
        prune(small_network, algorithm, 0.5, small_data, **{option: value})


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_options_are_described_and_have_valid_defaults(algorithm):
    entry = ALGORITHMS[algorithm]
    assert all(schema["description"] for schema in entry.options.values())
    assert entry.option_problems(entry.default_options()) == []


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_what_an_algorithm_needs_is_asked_for(algorithm, small_network, small_data):
    if needs(algorithm) == "nothing":
        prune(small_network, algorithm, 0.5)
        return
    asked = "training images" if needs(algorithm) == "data" else "shape of an image"
    with pytest.raises(SparsetopoError, match=asked):
        prune(small_network, algorithm, 0.5)


def test_synflow_takes_a_shape_in_place_of_data(small_network, small_data):
    alone = prune(small_network, "synflow", 0.5, input_shape=(2, 4, 4), iterations=3)
    assert alone == prune(small_network, "synflow", 0.5, small_data, iterations=3)


IMAGES = torch.zeros(6, 2, 4, 4)
LABELS = torch.arange(6) % 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (IMAGES, "pair"),
        ((IMAGES.byte(), LABELS), "float tensor.*uint8"),
        ((IMAGES[0, 0, 0], LABELS), "float tensor"),
        ((IMAGES, LABELS.float()), "integer tensor"),
        ((IMAGES, LABELS[:, None]), r"integer tensor.*\(6, 1\)"),
        ((IMAGES, LABELS[:5]), "6 images and 5 labels"),
        ((IMAGES[:0], LABELS[:0]), "at least one image"),
        ((IMAGES, LABELS - 1), "negative"),
        ((IMAGES, LABELS + 1), "label 4 is out of range.*4 outputs"),
        ((IMAGES[:, :1], LABELS), r"cannot take inputs of shape \(6, 1, 4, 4\)"),
        ((IMAGES[..., :3], LABELS), r"cannot take inputs of shape \(6, 2, 4, 3\)"),
    ],
)
def test_wrong_data(data, message, small_network):
    with pytest.raises(SparsetopoError, match=message) as caught:
        prune(small_network, "snip", 0.5, data)
    assert "\n" not in str(caught.value)


def test_wrong_input_shape(small_network):
    for shape in [(2, 4, -4), (2, 4, 4.0), ()]:
        with pytest.raises(SparsetopoError, match="positive integers"):
            prune(small_network, "synflow", 0.5, input_shape=shape)
    with pytest.raises(SparsetopoError, match="cannot take inputs"):
        prune(small_network, "synflow", 0.5, input_shape=(3, 4, 4))


def test_wrong_seed(small_network):
    with pytest.raises(SparsetopoError, match=r"seed must be an integer, got 0\.5"):
        prune(small_network, "uniform", 0.5, seed=0.5)


def test_networks_that_cannot_be_pruned():
    with pytest.raises(SparsetopoError, match="Sequential has nothing to prune"):
        prune(nn.Sequential(nn.BatchNorm2d(3)), "uniform", 0.5)
    model = nn.Sequential(nn.Linear(3, 3))
    torch_prune.random_unstructured(model[0], "weight", 0.5)
    with pytest.raises(SparsetopoError, match="layer '0' is computed"):
        prune(model, "uniform", 0.5)
