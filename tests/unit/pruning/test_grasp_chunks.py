"""GraSP with a chunk size: which images go together, and what is added up."""

import copy

import numpy as np
import pytest
import torch

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.pruning import ALGORITHMS, prune, score

GRASP = ALGORITHMS["grasp"].load()


@pytest.mark.parametrize("chunk_size", [12, 13, 1000])
def test_halves_that_fit_are_not_cut(chunk_size, small_network, small_data):
    whole = score(small_network, "grasp", small_data)
    same = score(small_network, "grasp", small_data, chunk_size=chunk_size)
    for name, array in whole.items():
        np.testing.assert_array_equal(array, same[name])


@pytest.mark.parametrize("chunk_size", [2, 3, 5, 7, 11])
def test_scores_are_those_of_the_weighted_parts(chunk_size, problem, small_network):
    """Against double backward passes of the sum over parts, each with its own batch-norm."""
    current = problem("grasp", model=copy.deepcopy(small_network), chunk_size=chunk_size)
    halves = GRASP._halves(current)
    model = small_network.train()
    named = prunable_parameters(model)
    weights = list(named.values())
    images, labels = (torch.as_tensor(current.data.sample(np.arange(24))), current.labels)
    sizes = []

    def loss():
        total = 0.0
        for half in halves:
            parts = int(np.ceil(len(half) / chunk_size))
            chunks = [[half[i] for i in range(len(half)) if i % parts == k] for k in range(parts)]
            assert sorted(np.concatenate(chunks)) == sorted(half)
            for chunk in chunks:
                sizes.append(len(chunk))
                logits = model(images[chunk]) / current.options["temperature"]
                picked = torch.log_softmax(logits, 1)[range(len(chunk)), labels[chunk]]
                total = total - picked.sum() / len(half)
        return total

    slope = torch.autograd.grad(loss(), weights)
    flow = torch.autograd.grad(loss(), weights, create_graph=True)
    inner = sum((f * s).sum() for f, s in zip(flow, slope, strict=True))
    product = torch.autograd.grad(inner, weights)
    found = GRASP.scores(current)
    largest = max(
        float((w * p).detach().abs().max()) for w, p in zip(weights, product, strict=True)
    )
    for (name, weight), hg in zip(named.items(), product, strict=True):
        assert float((found[name] - weight * hg).detach().abs().max()) <= 1e-10 * largest
    assert max(sizes) <= chunk_size
    assert max(sizes) - min(sizes) <= 1


def test_every_part_holds_the_classes_of_its_half(problem):
    current = problem("grasp", chunk_size=6)
    for half in GRASP._halves(current):
        classes = set(current.labels[half])
        parts = GRASP._cut(current, half)
        assert len(parts) == 2
        assert sum(share for share, _ in parts) == pytest.approx(1)
        assert all(set(current.labels[part]) == classes for _, part in parts)


def test_the_chunk_size_changes_the_mask(small_network, small_data):
    masks = [prune(small_network, "grasp", 0.5, small_data, chunk_size=n) for n in (None, 6)]
    assert masks[0] != masks[1]
    assert masks[1].metadata["options"]["chunk_size"] == 6


@pytest.mark.parametrize("chunk_size", [1, 0, -3, 2.5, "all"])
def test_wrong_chunk_sizes(chunk_size, small_network, small_data):
    with pytest.raises(SparsetopoError, match="grasp: chunk_size: "):
        prune(small_network, "grasp", 0.5, small_data, chunk_size=chunk_size)
