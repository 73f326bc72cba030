"""What networks are called with: examples are checked, placed and handed on."""

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.running.inputs import call, described, example_inputs

LIKE = torch.zeros(1, dtype=torch.float64)


class Two(nn.Module):
    """Takes two tensors, by position or keyword."""

    def forward(self, a, b, *, sign=1):
        return a - sign * b


A, B = torch.ones(2, 3), torch.full((2, 3), 2.0)


def test_tuples_are_positions_and_mappings_are_keywords():
    assert torch.equal(call(Two(), (A, B)), A - B)
    assert torch.equal(call(Two(), {"b": A, "a": B, "sign": -1}), A + B)
    assert torch.equal(call(nn.Identity(), A), A)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (A, r"shape \(2, 3\): TypeError: .*missing 1 required positional argument: 'b'"),
        ({"c": A}, "unexpected keyword argument"),
        ((A, B[:, :2]), r"shapes \(2, 3\), \(2, 2\): The size of tensor"),
    ],
)
def test_inputs_that_do_not_fit_are_described(inputs, message):
    with pytest.raises(SparsetopoError, match=message) as caught:
        call(Two(), inputs)
    assert "\n" not in str(caught.value)


def test_examples_take_the_format_of_the_weights():
    found = example_inputs(
        {"x": np.ones((1, 3), np.float32), "ids": torch.ones(1, 2).long(), "n": 3}, LIKE
    )
    assert found["x"].dtype == torch.float64
    assert found["ids"].dtype == torch.int64
    assert found["n"] == 3
    assert described(found) == "shapes (1, 3), (1, 2)"
    nested = example_inputs((A, [B, None]), LIKE)
    assert nested[1][0].dtype == torch.float64
    leaf = A.clone().requires_grad_()
    assert not example_inputs(leaf, LIKE).requires_grad


@pytest.mark.parametrize("example", [3, "x", None, (), {}, (1, 2), [[1.0]], {3: A}, object()])
def test_what_is_no_example(example):
    with pytest.raises(
        SparsetopoError, match=r"example must be what|keyword arguments must be named"
    ):
        example_inputs(example, LIKE)


class Bag(nn.Module):
    """Reads its input as places in a table."""

    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Parameter(torch.rand(9, 4)), nn.Linear(4, 3)

    def forward(self, x):
        return self.out(self.table[x].mean(1))


READ_INTEGERS = {
    "embedding": lambda: nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 3)),
    "indexing": Bag,
}


@pytest.mark.parametrize("kind", READ_INTEGERS)
def test_networks_of_integers_say_what_to_pass(kind):
    model = READ_INTEGERS[kind]()
    advice = r"example=torch.zeros\(\(1, 5\), dtype=torch.int64\) .*--integers"
    for inputs in (torch.zeros(1, 5), torch.rand(3, 5, dtype=torch.float64)):
        with pytest.raises(SparsetopoError, match=advice) as caught:
            call(model, inputs)
        assert "\n" not in str(caught.value)
    assert call(model, torch.zeros(1, 5, dtype=torch.int64)).shape == (1, 3)


def test_a_shape_that_does_not_fit_is_not_taken_for_integers():
    with pytest.raises(SparsetopoError, match="cannot be multiplied"):
        call(nn.Linear(4, 2), torch.zeros(1, 5))
