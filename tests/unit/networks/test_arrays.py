"""Tensors as arrays and back."""

import numpy as np
import pytest
import torch
from torch import nn

from sparsetopo.networks.arrays import copy_into, model_arrays, to_array, to_arrays


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.float64, np.float64),
        (torch.float32, np.float32),
        (torch.float16, np.float32),
        (torch.bfloat16, np.float32),
        (torch.int64, np.int64),
    ],
)
def test_only_half_precisions_change_their_dtype(dtype, expected):
    array = to_array(torch.tensor([1, 2], dtype=dtype))
    assert array.dtype == expected
    assert array.tolist() == [1, 2]


def test_arrays_are_c_ordered_copies():
    tensor = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    array = to_arrays({"w": tensor})["w"]
    assert array.flags.c_contiguous
    array += 1
    assert np.array_equal(array, to_array(tensor) + 1)


def test_a_network_survives_the_way_to_arrays_and_back():
    source, target = (nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)) for _ in range(2))
    source(torch.randn(3, 1, 4, 4))
    arrays = {name: np.atleast_1d(array) for name, array in model_arrays(source).items()}
    copy_into(target.state_dict(), arrays)
    for name, tensor in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], tensor)
