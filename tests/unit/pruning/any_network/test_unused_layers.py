"""Layers without an influence on the output take no part in the pruning, whatever the algorithm."""

import logging

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

import sparsetopo as st
from sparsetopo.errors import MaskError, SparsetopoError
from sparsetopo.pruning import ALGORITHMS, prune, score
from sparsetopo.pruning.mask import Mask

EVERY = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
OPTIONS = {"synflow": {"iterations": 3}, "prospr": {"batch_size": 16}}
X = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(0))
DATA = X, torch.arange(64) % 4


class Auxiliary(nn.Module):
    """An auxiliary head that is far larger than the network, as many checkpoints have it."""

    def __init__(self, use=False, head=True):
        super().__init__()
        self.use = use
        self.c, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(8 * 36, 4)
        if head:
            self.aux = nn.Linear(8 * 36, 512)

    def forward(self, x):
        h = torch.relu(self.c(x)).flatten(1)
        return (self.fc(h), self.aux(h)) if self.use else self.fc(h)


def auxiliary(**arguments):
    torch.manual_seed(0)
    return Auxiliary(**arguments)


@EVERY
@pytest.mark.parametrize("use", [False, True])
def test_the_mask_is_that_of_the_network_without_them(algorithm, use, caplog):
    options = OPTIONS.get(algorithm, {})
    with caplog.at_level(logging.WARNING):
        mask = prune(auxiliary(use=use), algorithm, 0.9, DATA, **options)
    assert mask == prune(auxiliary(head=False), algorithm, 0.9, DATA, **options)
    assert mask.achieved_sparsity == pytest.approx(0.9, abs=1e-3)
    told = [r.message for r in caplog.records if "influence" in r.message]
    assert told == [
        "layer aux.weight has no influence on the output: it takes no part in the mask, "
        "and the sparsity is that of the others"
    ]


@EVERY
@pytest.mark.parametrize("how", ["input shape", "example"])
def test_any_knowledge_of_the_input_is_enough(algorithm, how):
    known = {"input_shape": (3, 8, 8)} if how == "input shape" else {"example": X[:1]}
    data = DATA if algorithm in ("snip", "grasp", "prospr") else None
    mask = prune(auxiliary(), algorithm, 0.9, data, **known, **OPTIONS.get(algorithm, {}))
    assert list(mask) == ["c.weight", "fc.weight"]


@pytest.mark.parametrize("algorithm", ["uniform", "er", "erk"])
def test_without_an_input_all_layers_count(algorithm):
    assert list(prune(auxiliary(), algorithm, 0.9)) == ["c.weight", "fc.weight", "aux.weight"]


@pytest.mark.parametrize("algorithm", ["uniform", "er", "erk"])
def test_random_masks_do_not_fail_where_the_network_cannot_run(algorithm, caplog):
    with caplog.at_level(logging.WARNING):
        mask = prune(auxiliary(), algorithm, 0.9, input_shape=(5, 8, 8))
    assert list(mask) == ["c.weight", "fc.weight", "aux.weight"]
    assert (
        "whether they have an influence on the output or not: the network cannot take"
        in caplog.text
    )


def test_the_graph_is_that_of_the_network_without_them():
    model = auxiliary()
    mask = prune(model, "snip", 0.9, DATA)
    graph = st.encode(model, (3, 8, 8), masks=mask)
    alone = st.encode(auxiliary(head=False), (3, 8, 8), masks=mask)
    assert graph.num_edges == alone.num_edges


def test_scores_and_masks_record_them(tmp_path):
    model = auxiliary()
    scores = score(model, "snip", DATA)
    assert list(scores) == ["c.weight", "fc.weight"]
    scores.mask(0.9).save(tmp_path / "mask")
    mask = Mask.load(tmp_path / "mask")
    assert mask.metadata["without_influence"] == ["aux.weight"]
    shapes = {"c.weight": (8, 3, 3, 3), "fc.weight": (4, 288)}
    mask.check_fits(shapes)
    mask.check_fits({**shapes, "aux.weight": (512, 288)})
    with pytest.raises(MaskError, match=r"no layer 'other.weight'"):
        mask.check_fits({**shapes, "other.weight": (2, 2)})
    whole = prune(auxiliary(head=False), "snip", 0.9, DATA)
    assert "without_influence" not in whole.metadata
    # Of all prunable weights, so that a later stage recognises the network.
    assert mask.initial_weights_digest != whole.initial_weights_digest


def test_several_are_named_in_one_line(caplog):
    model = torchvision.models.googlenet(weights=None, init_weights=False, num_classes=4)
    with caplog.at_level(logging.WARNING):
        mask = prune(model, "erk", 0.9, input_shape=(3, 64, 64))
    (told,) = (r.message for r in caplog.records if "influence" in r.message)
    assert told.startswith("layers aux1.conv.conv.weight, aux1.fc1.weight, ")
    assert told.count("aux") == 6
    assert not any("aux" in name for name in mask)


def test_googlenet_in_training_mode_is_scored_on_its_logits():
    torch.manual_seed(0)
    model = torchvision.models.googlenet(weights=None, init_weights=False, num_classes=4).train()
    mask = prune(model, "snip", 0.9, data=(torch.randn(4, 3, 64, 64), torch.arange(4)))
    assert mask.achieved_sparsity == pytest.approx(0.9, abs=1e-6)


def test_random_masks_of_other_layers_do_not_change():
    """Each layer has a stream of its own."""
    mask = prune(auxiliary(), "uniform", 0.9, input_shape=(3, 8, 8))
    every = prune(auxiliary(), "uniform", 0.9)
    assert np.array_equal(mask["fc.weight"], every["fc.weight"])


@EVERY
def test_a_network_whose_output_depends_on_nothing(algorithm):
    class Constant(Auxiliary):
        def forward(self, x):
            return torch.zeros(len(x), 4, requires_grad=True) * 1.0

    with pytest.raises(SparsetopoError, match="no prunable layer of the network has an influence"):
        prune(Constant(), algorithm, 0.9, DATA)
