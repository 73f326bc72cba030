"""The tensors in a file of weights: safetensors, several of them with an index, or a file of `torch.save`.

Nothing in a file is executed: torch's files are read with ``weights_only=True``, which builds tensors and plain
containers and refuses everything else.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_json

INDEX = "model.safetensors.index.json"

# Where training code keeps the weights among other things; the first that is there, and holds tensors, is taken.
_INSIDE = (
    *("state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "params"),
    *("ema", "model_ema", "ema_state_dict", "state_dict_ema"),
)
_DEEPEST = 4
"""Levels of nesting that are looked into: a file may hold a dictionary that contains itself."""


def read_tensor_file(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """All tensors of a file of weights, on the CPU, by the names that they have there.

    Parameters
    ----------
    path
        A safetensors file; an index of several (``model.safetensors.index.json``) or the folder that it lies in; or a
        file of `torch.save` that holds a state dict, also under a key such as "state_dict", "model" or "ema".

    Raises
    ------
    FileFormatError
        If it is missing, damaged or of another format, holds no tensor, or holds Python objects that would have to be
        built by running code.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     torch.save({"epoch": 3, "state_dict": {"fc.weight": torch.ones(1, 2)}}, f"{folder}/last.pt")
    ...     read_tensor_file(f"{folder}/last.pt")
    {'fc.weight': tensor([[1., 1.]])}
    """
    file = _file_of(Path(path))
    if file.suffix == ".json":
        tensors = _sharded(file)
    elif file.suffix == ".safetensors":
        tensors = _safetensors(file)
    else:
        tensors = state_dict_in(_torch_file(file))
    if not tensors:
        raise FileFormatError(f"{path}: holds no tensors under names, so there are no weights.")
    return tensors


def state_dict_in(loaded: Any, depth: int = _DEEPEST) -> dict[str, Tensor]:
    """The tensors by name in what a file held: at its top, or under one of the usual keys.

    Examples
    --------
    >>> state_dict_in({"loss": torch.tensor(0.5), "model": {"weight": torch.ones(1)}})
    {'weight': tensor([1.])}
    """
    if not isinstance(loaded, Mapping) or not depth:
        return {}
    for key in _INSIDE:
        found = state_dict_in(loaded.get(key), depth - 1)
        if found:
            return found
    return {
        name: tensor.detach()
        for name, tensor in loaded.items()
        if isinstance(name, str) and isinstance(tensor, Tensor)
    }


def _file_of(path: Path) -> Path:
    """The file itself, or the one that stands for a folder."""
    if path.is_dir():
        present = [name for name in (INDEX, "model.safetensors") if (path / name).is_file()]
        if not present:
            raise FileFormatError(
                f"{path}: is a folder without {INDEX} or model.safetensors; name the file of weights in it."
            )
        return path / present[0]
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file.")
    return path


def _sharded(index: Path) -> dict[str, Tensor]:
    """The tensors that an index says where to find."""
    record = read_json(index)
    places = record.get("weight_map") if isinstance(record, dict) else None
    if not isinstance(places, dict) or not all(isinstance(file, str) for file in places.values()):
        raise FileFormatError(
            f"{index}: has no 'weight_map' of tensors and files, so it is no index of weights."
        )
    tensors: dict[str, Tensor] = {}
    for shard in sorted(set(places.values())):
        # A path would lead to files that nobody meant to open.
        if Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise FileFormatError(
                f"{index}: names the file '{shard}', but must name safetensors files beside itself."
            )
        if not (index.parent / shard).is_file():
            raise FileFormatError(f"{index}: the file '{shard}' that it names is missing.")
        wanted = [name for name, file in places.items() if file == shard]
        tensors |= _safetensors(index.parent / shard, wanted)
    return tensors


def _safetensors(path: Path, names: Iterable[str] | None = None) -> dict[str, Tensor]:
    """The tensors of one safetensors file: all, or those of some names."""
    try:
        with safe_open(path, framework="pt") as file:
            return {
                name: file.get_tensor(name) for name in (file.keys() if names is None else names)
            }
    except (SafetensorError, OSError, ValueError, json.JSONDecodeError) as error:
        raise FileFormatError(
            f"{path}: not a readable safetensors file ({error}); it is truncated or of another format."
        ) from error


def _torch_file(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        refused = re.search(r"GLOBAL ([\w.]+)", str(error))
        if refused:
            raise FileFormatError(
                f"{path}: holds an object of {refused[1]}, which could only be built by running code of the file, and "
                "nothing in a file is run; save the state dict alone: torch.save(model.state_dict(), path)."
            ) from error
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise FileFormatError(
            f"{path}: neither a safetensors file (.safetensors) nor a readable file of torch.save ({reason})."
        ) from error
