"""Weights in parts, put together: against torch itself, and a loop over bits."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from sparsetopo.errors import FileFormatError, MaskError
from sparsetopo.networks.checkpoints.encodings import decoded


def random_sparse(shape, share=0.4, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, generator=generator)
    return (weight * (torch.rand(shape, generator=generator) < share)).to(dtype)


def bitmask(weight):
    """The parts of a weight as compressed-tensors writes them, one bit after the other."""
    rows = weight.reshape(-1, weight.shape[-1])
    packed, values, offsets = [], [], []
    for row in rows:
        offsets.append(len(values))
        octets = [0] * ((len(row) + 7) // 8)
        for place, value in enumerate(row):
            if value != 0:
                octets[place // 8] |= 1 << (place % 8)
                values.append(value)
        packed.append(octets)
    return {
        "compressed": torch.stack(values) if values else torch.zeros(0, dtype=weight.dtype),
        "bitmask": torch.tensor(packed, dtype=torch.uint8).reshape(*weight.shape[:-1], -1),
        "shape": torch.tensor(weight.shape),
        "row_offsets": torch.tensor(offsets),
    }


def named(base, parts):
    return {f"{base}.{part}": value for part, value in parts.items()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8])
@pytest.mark.parametrize("shape", [(3, 8), (5, 13), (1, 1), (4, 2, 3, 3)])
def test_a_bitmask_is_the_weight_it_was_made_from(shape, dtype):
    weight = (10 * random_sparse(shape)).to(dtype)
    found = decoded(named("fc", bitmask(weight)), "the file")
    assert torch.equal(found.weights["fc.weight"], weight)
    assert np.array_equal(found.masks["fc.weight"], (weight != 0).numpy())
    assert list(found.weights) == ["fc.weight"]


def test_a_bitmask_under_the_name_of_the_weight():
    found = decoded(named("fc.weight", bitmask(random_sparse((2, 9)))), "the file")
    assert list(found.weights) == list(found.masks) == ["fc.weight"]


def test_2_4_values_come_in_rows_and_kept_zeros_stay_kept():
    parts = {
        "compressed": torch.tensor([[1.0, 0.0], [3.0, 4.0]]),
        "bitmask": torch.tensor([[0b0011], [0b1010]], dtype=torch.uint8),
        "shape": torch.tensor([[2], [4]]),
    }
    found = decoded(named("fc", parts), "the file")
    assert found.weights["fc.weight"].tolist() == [[1, 0, 0, 0], [0, 3, 0, 4]]
    assert found.masks["fc.weight"].tolist() == [[True, True, False, False], [False, True, False, True]]  # fmt: skip


def test_eight_bit_floats_are_read():
    weight = random_sparse((3, 10)).to(torch.float8_e4m3fn)
    parts = bitmask(weight.float())
    parts["compressed"] = parts["compressed"].to(torch.float8_e4m3fn)
    found = decoded(named("fc", parts), "the file")
    assert torch.equal(found.weights["fc.weight"], weight.float())


def test_torch_prune_gives_what_the_module_computes():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
    prune.random_unstructured(model[0], "weight", 0.5)
    prune.random_unstructured(model[2], "bias", 1)
    found = decoded(model.state_dict(), "the file")
    assert torch.equal(found.weights["0.weight"], model[0].weight)
    assert torch.equal(found.weights["2.bias"], model[2].bias)
    assert np.array_equal(found.masks["0.weight"], model[0].weight_mask.bool().numpy())
    assert found.weights.keys() == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_a_pruned_weight_that_is_not_finite_is_zero():
    parts = {"w_orig": torch.tensor([torch.nan, 2.0]), "w_mask": torch.tensor([0, 1])}
    assert decoded(parts, "the file").weights["w"].tolist() == [0, 2]


def broken(**changes):
    parts = bitmask(random_sparse((3, 10)))
    return named("fc", {k: v for k, v in {**parts, **changes}.items() if v is not None})


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (broken(shape=None), "no 'fc.shape'"),
        (broken(shape=torch.tensor([3, -10])), "whole numbers of at least 1"),
        (broken(shape=torch.tensor([4, 10])), r"should have uint8 of \(4, 2\)"),
        (broken(shape=torch.tensor([3, 2**40])), "should have uint8"),
        (broken(bitmask=torch.zeros(3, 2)), "bitmask of type float32"),
        (broken(compressed=torch.ones(2)), "2 values, but its bitmask keeps"),
        ({"w_orig": torch.ones(2), "w_mask": torch.ones(3)}, "has shape"),
    ],
)
def test_parts_that_do_not_fit_are_refused(tensors, said):
    with pytest.raises(FileFormatError, match=said):
        decoded(tensors, "the file")


def test_a_mask_of_other_numbers_is_refused():
    with pytest.raises(MaskError, match="hold only 0 and 1"):
        decoded({"w_orig": torch.ones(2), "w_mask": torch.tensor([0.5, 1])}, "the file")
