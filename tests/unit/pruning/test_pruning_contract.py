"""What every pruning algorithm of the registry must do."""

import logging
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.architectures import build
from sparsetopo.checksums import checksum
from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.initial_weights import initial_weights
from sparsetopo.networks.initialise import initialise
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning import ALGORITHMS, is_single_shot, prune

EVERY = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
FAST = {"synflow": {"iterations": 7}, "prospr": {"batch_size": 10}}


def test_the_seven_algorithms_are_there():
    names = {"snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"}
    assert set(ALGORITHMS) >= names


@EVERY
@pytest.mark.parametrize("sparsity", ["0.6", "0.98", 0.123])
def test_exact_number_of_kept_weights(algorithm, sparsity, small_network, small_data):
    mask = prune(small_network, algorithm, sparsity, small_data, **FAST.get(algorithm, {}))
    total = sum(weight.numel() for weight in prunable_parameters(small_network).values())
    assert sum(array.sum() for array in mask.values()) == round(total * (1 - float(sparsity)))
    assert mask.sparsity == str(sparsity)
    assert mask.algorithm == algorithm
    mask.check_fits({n: tuple(w.shape) for n, w in prunable_parameters(small_network).items()})


@EVERY
def test_same_call_same_mask(algorithm, small_network, small_data):
    torch.manual_seed(1)
    first = prune(small_network, algorithm, "0.7", small_data, seed=4)
    torch.manual_seed(2)
    np.random.seed(3)  # noqa: NPY002
    assert prune(small_network, algorithm, "0.7", small_data, seed=4) == first


@pytest.mark.parametrize("algorithm", ["uniform", "er", "erk", "snip"])
def test_seed_and_stream_labels_change_the_random_choices(algorithm, small_network, small_data):
    options = {"batch_size": 6} if algorithm == "snip" else {}
    first = prune(small_network, algorithm, "0.7", small_data, seed=4, **options)
    assert prune(small_network, algorithm, "0.7", small_data, seed=5, **options) != first
    labels = ("other data", "other network")
    other = prune(
        small_network, algorithm, "0.7", small_data, seed=4, stream_labels=labels, **options
    )
    assert other != first


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [("snip", {}), ("grasp", {}), ("prospr", {}), ("uniform", {"scope": "global"})],
)
def test_larger_sparsity_keeps_a_subset(algorithm, options, small_network, small_data):
    masks = [
        prune(small_network, algorithm, s, small_data, **options)
        for s in ("0.3", "0.6", "0.9", "0.98")
    ]
    for larger, smaller in pairwise(masks):
        for name in larger:
            assert not np.any(smaller[name] & ~larger[name]), name


@EVERY
def test_collapse_is_reported(algorithm, small_network, small_data, caplog):
    # Two weights for three layers: whatever the algorithm, a layer must be empty.
    total = sum(weight.numel() for weight in prunable_parameters(small_network).values())
    with caplog.at_level(logging.WARNING):
        mask = prune(small_network, algorithm, 1 - 2 / total, small_data)
    assert mask.kept == 2
    empty = [name for name, array in mask.items() if not array.any()]
    assert empty
    assert mask.collapsed_layers == empty
    assert mask.record()["collapsed_layers"] == empty
    assert all(name in caplog.text for name in empty)


def complete_state(model):
    """Everything a network holds, by value, with the identity of storages and gradients."""
    return {
        "tensors": [
            (name, t.data_ptr(), t.dtype, t.detach().numpy().tobytes(), t.requires_grad, id(t))
            for name, t in (*model.named_parameters(), *model.named_buffers())
        ],
        "gradients": [
            None if p.grad is None else (id(p.grad), p.grad.numpy().tobytes())
            for p in model.parameters()
        ],
        "modes": [module.training for module in model.modules()],
        "random": torch.get_rng_state().numpy().tobytes(),
    }


@pytest.fixture
def used_network(small_network, small_data):
    """Return the small network in a state that is nowhere the default one."""
    small_network.train()
    small_network(small_data[0]).sum().backward()  # running statistics and gradients
    small_network.conv1.weight.grad = None
    small_network.bn1.eval()
    small_network.conv2.weight.requires_grad_(False)
    small_network.bn2.bias.requires_grad_(False)
    return small_network


@EVERY
def test_network_is_restored_bit_for_bit(algorithm, used_network, small_data):
    before = complete_state(used_network)
    prune(used_network, algorithm, "0.8", small_data)
    assert complete_state(used_network) == before


@EVERY
def test_network_is_restored_when_scoring_raises(algorithm, used_network, small_data, monkeypatch):
    module = ALGORITHMS[algorithm].load()
    function = "scores" if is_single_shot(algorithm) else "keep"
    working = getattr(module, function)

    def work_and_raise(problem):
        working(problem)
        problem.model.fc.weight.data.fill_(9)
        torch.rand(3)
        raise RuntimeError("halfway")

    monkeypatch.setattr(module, function, work_and_raise)
    before = complete_state(used_network)
    with pytest.raises(RuntimeError, match="halfway"):
        prune(used_network, algorithm, "0.8", small_data)
    assert complete_state(used_network) == before


@pytest.mark.parametrize("algorithm", ["snip", "grasp", "prospr", "synflow"])
def test_scores_that_are_not_finite_are_refused(algorithm, used_network, small_data):
    with torch.no_grad():
        used_network.conv2.bias[0] = float("nan")
    before = complete_state(used_network)
    with pytest.raises(SparsetopoError, match=r"layer 'conv1.weight' are NaN or infinite"):
        prune(used_network, algorithm, "0.8", small_data)
    assert complete_state(used_network) == before


@EVERY
def test_dropout_does_not_make_masks_random(algorithm, small_data):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(32, 20), nn.Dropout(), nn.ReLU(), nn.Linear(20, 4)
    )
    images, labels = small_data
    first = prune(model, algorithm, "0.5", (images, labels))
    torch.manual_seed(99)
    assert prune(model, algorithm, "0.5", (images, labels)) == first


@EVERY
def test_metadata_tells_where_a_mask_comes_from(algorithm, small_network, small_data):
    mask = prune(small_network, algorithm, "0.75", small_data, seed=6)
    weights = prunable_parameters(small_network)
    assert mask.seed == 6
    assert mask.metadata["algorithm_version"] == ALGORITHMS[algorithm].version
    assert mask.metadata["options"] == ALGORITHMS[algorithm].default_options()
    assert mask.initial_weights_digest == checksum(
        {n: w.detach().numpy() for n, w in weights.items()}
    )


@EVERY
def test_scored_weights_are_the_initial_weights_of_the_cell(algorithm):
    model = build("Resnet-20", (1, 8, 8), 10)
    initialise(model, "digits", "Resnet-20", 1)
    shapes = {name: tuple(weight.shape) for name, weight in prunable_parameters(model).items()}
    images = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    options = {"iterations": 2} if algorithm == "synflow" else {}
    if algorithm == "grasp":
        options["samples_per_class"] = 2
    mask = prune(model, algorithm, "0.9", (images, torch.arange(40) % 10), seed=1, **options)
    expected = initial_weights(shapes, "digits", "Resnet-20", 1)
    assert mask.initial_weights_digest == checksum(expected)
    mask.check_fits(shapes)


def test_uniform_gives_every_layer_the_same_sparsity(small_network):
    mask = prune(small_network, "uniform", "0.75")
    for name, kept in mask.layer_kept.items():
        assert abs(kept - 0.25 * mask[name].size) < 1
    spread = prune(small_network, "uniform", "0.75", scope="global")
    assert spread.kept == mask.kept
    assert spread != mask


def test_torch_stays_light_and_is_imported_late():
    code = """
import sys
import sparsetopo.pruning, sparsetopo.pruning.mask
assert "torch" not in sys.modules
import torch
from sparsetopo.pruning import ALGORITHMS, is_single_shot, prune
model = torch.nn.Sequential(
    torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 2)
)
data = torch.randn(8, 1, 4, 4), torch.arange(8) % 2
for algorithm in ALGORITHMS:
    prune(model, algorithm, "0.5", data)
heavy = {"torch._dynamo", "torch.optim", "sympy"} & set(sys.modules)
assert not heavy - {"torch.optim"}, heavy  # torch.optim itself comes with torch
"""
    subprocess.run([sys.executable, "-c", code], check=True)
