"""A network's tensors as NumPy arrays, and back."""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

# Integers as wide as a number of so many bytes: to look at its bits, and to change them.
INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def to_array(tensor: Tensor) -> NDArray[Any]:
    """Copy a tensor's values to a C-ordered array on the host; half precisions become float32.

    Examples
    --------
    >>> import torch
    >>> to_array(torch.ones(2, dtype=torch.bfloat16))
    array([1., 1.], dtype=float32)
    """
    if tensor.dtype in (torch.float16, torch.bfloat16):
        tensor = tensor.float()
    array: NDArray[Any] = tensor.detach().cpu().contiguous().numpy().copy()
    return array


def to_arrays(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    """`to_array` of every tensor."""
    return {name: to_array(tensor) for name, tensor in tensors.items()}


def model_arrays(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Parameters and buffers of a network, by name."""
    return to_arrays(model.state_dict())


@torch.no_grad()
def copy_into(tensors: Mapping[str, Tensor], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Overwrite every tensor with the array of its name, keeping its memory layout.

    Arrays of one element take the tensor's shape: a file may hold a scalar as shape (1,).
    """
    for name, tensor in tensors.items():
        source = torch.from_numpy(arrays[name])
        tensor.copy_(source.reshape(tensor.shape) if tensor.numel() == 1 else source)
