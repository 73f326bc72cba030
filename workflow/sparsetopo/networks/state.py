"""The tensors of a model as NumPy arrays, and back."""

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def to_array(tensor: Tensor) -> NDArray[Any]:
    """Return a copy of a tensor's values as a C-ordered array on the host."""
    array: NDArray[Any] = tensor.detach().cpu().contiguous().numpy().copy()
    return array


def model_arrays(model: nn.Module) -> dict[str, NDArray[Any]]:
    """Parameters and buffers of a model by name."""
    return {name: to_array(tensor) for name, tensor in model.state_dict().items()}


@torch.no_grad()
def copy_into(tensors: Mapping[str, Tensor], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Overwrite every tensor with the array of its name; memory layouts are kept.

    Arrays of one element take the tensor's shape: a file may hold a scalar as shape (1,).
    """
    for name, tensor in tensors.items():
        source = torch.from_numpy(arrays[name])
        tensor.copy_(source.reshape(tensor.shape) if tensor.numel() == 1 else source)
