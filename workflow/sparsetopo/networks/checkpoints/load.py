"""Give a network the weights of a file, and say what did not match."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sparsetopo.errors import FileFormatError
from sparsetopo.networks.checkpoints.encodings import Decoded
from sparsetopo.networks.checkpoints.names import matched_names

_LISTED = 3
"""Names that a message lists; the rest are counted."""


@dataclass(frozen=True)
class Loaded:
    """What came of loading a file: masks that it holds, and how its names and the network's met.

    `matched` and `total` count the tensors of the network; `renamed` is a name of the file and what it was read as, if
    that is another one; `missing` are those of its names that the file has nothing
    for, `unused` the file's names that mean nothing in the network.
    """

    masks: dict[str, NDArray[np.bool_]]
    matched: int
    total: int
    renamed: tuple[str, str] | None
    missing: tuple[str, ...]
    unused: tuple[str, ...]

    def sentence(self) -> str | None:
        """What did not match as it stands, in one sentence; None if everything did."""
        parts = []
        if self.renamed:
            parts.append("its '{}' was read as '{}' and so on".format(*self.renamed))
        if self.missing:
            parts.append(
                f"the file has nothing for {_listed(self.missing)}, which stay as the network's code made them"
            )
        if self.unused:
            parts.append(f"the network has no {_listed(self.unused)}")
        if not parts:
            return None
        return f"{self.matched} of the network's {self.total} tensors are in the file: {'; '.join(parts)}"


def load_tensors(model: nn.Module, found: Decoded, path: str | os.PathLike[str]) -> Loaded:
    """Set the parameters and buffers of a network to those of a file, in place.

    Parameters
    ----------
    model
        The network.
    found
        What the file holds, its names as for `matched_names`.
    path
        The file, for messages.

    Raises
    ------
    FileFormatError
        If none of its names matches, or a tensor has another shape than the network's. The network is not changed then.

    Examples
    --------
    >>> found = Decoded({"module.weight": torch.ones(1, 2), "module.bias": torch.ones(1)})
    >>> load_tensors(nn.Linear(2, 1), found, "the example").matched
    2
    """
    tensors = model.state_dict()
    names = matched_names(found.weights, tensors)
    if not names:
        raise FileFormatError(
            f"{path}: none of its {len(found.weights)} tensors ({_listed(tuple(found.weights))}) is one of the "
            f"network, which has {_listed(tuple(tensors))}; it is the checkpoint of another architecture."
        )
    chosen = {name: found.weights[given] for given, name in names.items()}
    _require_shapes(path, chosen, tensors)
    with torch.no_grad():
        for name, tensor in chosen.items():
            dense = tensor.to_dense() if tensor.layout != torch.strided else tensor
            tensors[name].copy_(dense.reshape(tensors[name].shape))
    # Counters of batch norm: no weight, and left out by many.
    missing = [n for n in tensors if n not in chosen and not n.endswith("num_batches_tracked")]
    return Loaded(
        {names[given]: mask for given, mask in found.masks.items() if given in names},
        len(chosen),
        len(chosen) + len(missing),
        next(((given, name) for given, name in names.items() if given != name), None),
        tuple(missing),
        tuple(given for given in found.weights if given not in names),
    )


def _require_shapes(
    path: str | os.PathLike[str], chosen: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> None:
    wrong = [
        name
        for name, tensor in chosen.items()
        if tensor.shape != tensors[name].shape
        and not tensor.numel() == tensors[name].numel() == 1  # a scalar may be stored as shape (1,)
    ]
    if wrong:
        name = wrong[0]
        more = f", and {len(wrong) - 1} more differ" if len(wrong) > 1 else ""
        raise FileFormatError(
            f"{path}: its tensor '{name}' has shape {tuple(chosen[name].shape)}, the network's "
            f"{tuple(tensors[name].shape)}{more}; it is the checkpoint of another architecture, or of another number "
            "of classes or channels."
        )


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"
