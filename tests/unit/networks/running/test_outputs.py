"""The logits are found in whatever a network returns."""

import dataclasses
from collections import OrderedDict, namedtuple
from typing import Any

import pytest
import torch

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.running.outputs import logits

LOGITS = torch.zeros(4, 10)
FEATURES = torch.ones(4, 3, 8, 8)
IDS = torch.zeros(4, 2, dtype=torch.long)
Named = namedtuple("Named", ["aux", "logits"])
Unnamed = namedtuple("Unnamed", ["features", "scores"])


@dataclasses.dataclass
class Output:
    """What transformers' models return."""

    loss: Any
    logits: Any


@dataclasses.dataclass
class Other:
    """A dataclass without logits of its own."""

    hidden: Any
    head: Any


class Attribute:
    """No container at all, but it has logits."""

    logits = LOGITS


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        (LOGITS, torch.ones(4, 10)),
        [FEATURES, LOGITS],
        (IDS, LOGITS),
        (None, (FEATURES, [LOGITS])),
        {"aux": torch.ones(4, 10), "logits": LOGITS},
        {"out": LOGITS, "hidden": (FEATURES, torch.ones(4, 10))},
        OrderedDict(features=torch.ones(4, 9), inner={"logits": LOGITS}),
        Named(torch.ones(4, 10), LOGITS),
        Unnamed(FEATURES, LOGITS),
        Output(torch.tensor(1.0), LOGITS),
        Other(FEATURES, Output(None, LOGITS)),
        Other(FEATURES, LOGITS),
        (torch.ones(3, 10), LOGITS),
        Attribute(),
    ],
)
def test_the_logits_by_name_or_the_first_matrix(output):
    assert logits(output, count=4) is LOGITS


def test_a_tensor_is_taken_whatever_its_shape():
    assert logits(FEATURES, count=9) is FEATURES
    named = {"logits": torch.ones(4, 7, 10)}
    assert logits(named) is named["logits"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ((FEATURES, IDS), r"tuple of float32 \(4, 3, 8, 8\), int64 \(4, 2\), in which"),
        ({"boxes": []}, "dict without a tensor"),
        (None, "NoneType without a tensor"),
        ([{"logits": None}], "list without a tensor"),
        ([{"boxes": LOGITS, "labels": IDS}], "list of .*with 'boxes': detection models"),
        ("text", "str without a tensor"),
    ],
)
def test_anything_else_is_named(output, message):
    with pytest.raises(SparsetopoError, match=message) as caught:
        logits(output)
    assert "\n" not in str(caught.value)
