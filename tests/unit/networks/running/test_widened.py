"""Networks compute in a wide format, whatever they ask for on the way."""

import pytest
import torch
from torch import nn

from sparsetopo.networks.restore import restored
from sparsetopo.networks.running.widened import Widening, widen

X = torch.full((2, 3), 1e30, dtype=torch.float64)


@pytest.mark.parametrize(
    "cast",
    [
        lambda x: x.float(),
        lambda x: x.half(),
        lambda x: x.bfloat16(),
        lambda x: x.to(torch.float32),
        lambda x: x.to("cpu", dtype=torch.float16),
        lambda x: x.type(torch.float32),
        lambda x: x + torch.zeros(3, dtype=torch.float32),
        lambda x: x * torch.ones(3).half(),
        lambda x: torch.stack([x, x.float()])[0],
        lambda x: torch.cat([x, torch.ones(2, 3)])[:2],
        lambda x: x.float().max(dim=1).values[:, None].expand(2, 3),
        lambda x: nn.functional.linear(x.float(), torch.eye(3)),
    ],
)
def test_no_range_is_lost(cast):
    with Widening(torch.float64):
        y = cast(X) * 1e30
    assert y.dtype == torch.float64
    assert torch.allclose(y, X * 1e30)


def test_integers_and_what_is_wide_enough_stay():
    with Widening(torch.float32):
        assert torch.ones(2, dtype=torch.float64).dtype == torch.float64
        assert torch.ones(2, dtype=torch.float16).dtype == torch.float32
        assert torch.ones(2, dtype=torch.int32).dtype == torch.int32
        found = torch.ones(2, 2).max(dim=1)
    assert type(found).__name__ == "max"


def test_constants_of_modules_are_converted_and_put_back():
    model = nn.Linear(2, 2)
    model.scale = constant = torch.tensor([-1.5])
    model.count = torch.tensor(3)
    with restored(model):
        constants = widen(model, torch.float64)
        assert [tensor.tolist() for tensor in constants] == [[-1.5]]
        assert model.scale.dtype == model.weight.dtype == torch.float64
        constants[0].abs_()
    assert model.scale is constant
    assert constant.tolist() == [-1.5]
    assert model.weight.dtype == torch.float32
