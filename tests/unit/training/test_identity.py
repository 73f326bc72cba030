"""The digest that a checkpoint is recognised by covers everything that weights depend on."""

import dataclasses

import torch

from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.identity import run_digest
from sparsetopo.training.recipe import Recipe

RECIPE = Recipe(epochs=2, batch_size=8, learning_rate=0.05)
LABELS = ("stripes", "small", 0)


def test_every_ingredient_changes_the_digest(make_network, tiny_dataset, half_mask, monkeypatch):
    def digest(seed=0, recipe=RECIPE, labels=LABELS, mask=half_mask, **arithmetic):
        model = make_network(seed)
        return run_digest(model, tiny_dataset, recipe, labels, mask, Arithmetic(**arithmetic))

    digests = [
        digest(),
        digest(seed=1),
        digest(recipe=dataclasses.replace(RECIPE, epochs=3)),
        digest(labels=("stripes", "small", 1)),
        digest(mask=None),
        digest(device="cuda"),
        digest(precision="bfloat16"),
        digest(compile=True),
    ]
    assert digest() == digests[0]
    assert digest(device="cuda:1") == digest(device="cuda")
    torch.set_num_threads(2)
    digests.append(digest())
    torch.set_num_threads(1)
    monkeypatch.setattr(torch, "__version__", "0.0")
    digests.append(digest())
    assert len(set(digests)) == len(digests)
