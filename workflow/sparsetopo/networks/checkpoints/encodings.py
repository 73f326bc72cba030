"""Sparse weights that a file holds in parts, put together: by `torch.nn.utils.prune`, and as bitmasks.

- ``x.weight_orig`` and ``x.weight_mask`` are what a module under `torch.nn.utils.prune` has in its state dict.
- ``x.compressed`` and ``x.bitmask`` (with ``x.shape``, perhaps ``x.row_offsets``) are the formats "sparse-bitmask" and
  "sparse-24-bitmask" of the library compressed-tensors, https://github.com/vllm-project/compressed-tensors: the kept
  values row by row, and a bit a weight, each row filled up to whole bytes, the first weight in the lowest bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sparsetopo.bits import read_shape
from sparsetopo.errors import FileFormatError
from sparsetopo.networks.masks import bool_mask

_BITMASK_PARTS = ("compressed", "bitmask", "shape", "row_offsets")


@dataclass
class Decoded:
    """Dense tensors by name, and the masks of those that a file holds in parts: bool, True where a weight is kept."""

    weights: dict[str, Tensor] = field(default_factory=dict)
    masks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)


def decoded(tensors: Mapping[str, Tensor], where: str) -> Decoded:
    """The dense tensors and the masks that the tensors of a file stand for.

    Parameters
    ----------
    tensors
        {name: tensor} as the file has them.
    where
        The file, for messages.

    Raises
    ------
    FileFormatError
        If parts do not fit each other.

    Examples
    --------
    >>> parts = {"fc.weight_orig": torch.tensor([[3.0, 4.0]]), "fc.weight_mask": torch.tensor([[1.0, 0.0]])}
    >>> decoded(parts, "the example").weights
    {'fc.weight': tensor([[3., 0.]])}
    """
    found = Decoded()
    parts: set[str] = set()
    for name in tensors:
        if name.endswith("_orig") and f"{name[:-5]}_mask" in tensors:
            _join_pruned(found, tensors, name[:-5], where)
            parts |= {name, f"{name[:-5]}_mask"}
        elif name.endswith(".bitmask") and f"{name[:-8]}.compressed" in tensors:
            _join_bitmask(found, tensors, name[:-8], where)
            parts |= {f"{name[:-8]}.{part}" for part in _BITMASK_PARTS}
    found.weights |= {name: tensor for name, tensor in tensors.items() if name not in parts}
    return found


def _join_pruned(found: Decoded, tensors: Mapping[str, Tensor], name: str, where: str) -> None:
    mask = bool_mask(name, tensors[f"{name}_mask"])
    weight = tensors[f"{name}_orig"]
    if mask.shape != tuple(weight.shape):
        raise FileFormatError(
            f"{where}: '{name}_mask' has shape {mask.shape}, but '{name}_orig' {tuple(weight.shape)}."
        )
    kept = torch.from_numpy(mask)
    found.weights[name] = torch.where(kept, weight, torch.zeros((), dtype=weight.dtype))
    found.masks[name] = mask


def _join_bitmask(found: Decoded, tensors: Mapping[str, Tensor], base: str, where: str) -> None:
    what = f"{where}: '{base}'"
    stated = tensors.get(f"{base}.shape")
    if stated is None:
        raise FileFormatError(f"{what} has a bitmask, but no '{base}.shape'.")
    shape = read_shape(stated.flatten().tolist(), what)
    bits = tensors[f"{base}.bitmask"].numpy()
    expected = (*shape[:-1], (shape[-1] + 7) // 8)
    if bits.dtype != np.uint8 or bits.shape != expected:
        raise FileFormatError(
            f"{what} has a bitmask of type {bits.dtype} and shape {bits.shape}, but should have uint8 of {expected}."
        )
    unpacked = np.unpackbits(bits, axis=-1, bitorder="little").view(np.bool_)
    mask = np.ascontiguousarray(unpacked[..., : shape[-1]])
    values = tensors[f"{base}.compressed"].flatten()
    if len(values) != np.count_nonzero(mask):
        raise FileFormatError(
            f"{what} has {len(values)} values, but its bitmask keeps {np.count_nonzero(mask)}."
        )
    if values.element_size() == 1 and values.is_floating_point():
        values = values.to(torch.float32)  # torch cannot scatter eight-bit floats
    weight = torch.zeros(shape, dtype=values.dtype)
    weight[torch.from_numpy(mask)] = values
    # The names are those of the modules, or of their weights.
    name = base if base.rpartition(".")[2].startswith("weight") else f"{base}.weight"
    found.weights[name], found.masks[name] = weight, mask
