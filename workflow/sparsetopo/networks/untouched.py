"""Leaving a model as it was: modes, attributes, hooks and random states. The numbers in tensors are left to others."""

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sparsetopo.networks.random_state import random_states, set_random_states


@contextlib.contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put back all that a block changes in a model's modules, and the random states.

    The block itself should neither draw from torch's generators nor seed them. The states are put back, in case the
    model does, where this is the only thread before and after: another one may have drawn from them, and have ended.
    """
    modules = [_Attributes(module) for module in model.modules()]
    tensors = [_Flags(tensor) for tensor in (*model.parameters(), *model.buffers())]
    alone = _is_alone()
    states = random_states(parameter.data for parameter in model.parameters())
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        for module in modules:
            module.put_back()
        for tensor in tensors:
            tensor.put_back()
        if alone and _is_alone():
            set_random_states(states)
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def _is_alone() -> bool:
    """Whether no other thread runs Python, whoever started it."""
    return len(sys._current_frames()) == 1


class _Attributes:
    """The attributes of a module, and the content of those that are lists, dictionaries or sets."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._training = module.training
        self._values = dict(vars(module))
        self._contents = {
            name: value.copy()
            for name, value in self._values.items()
            if isinstance(value, dict | list | set)
        }

    def put_back(self) -> None:
        attributes = vars(self._module)
        for name in [name for name in attributes if name not in self._values]:
            del attributes[name]
        attributes.update(self._values)
        for name, content in self._contents.items():
            _refill(attributes[name], content)
        if self._module.training != self._training:
            self._module.training = self._training


class _Flags:
    """Where a tensor's numbers are, its attributes, whether it requires a gradient, and the gradient that it has."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self._data = tensor.data
        self._attributes = dict(vars(tensor))
        self._requires_grad = tensor.requires_grad
        self._grad = tensor.grad if tensor.is_leaf else None

    def put_back(self) -> None:
        if not _same_place(self._tensor, self._data):
            self._tensor.data = self._data
        _refill(vars(self._tensor), self._attributes)
        if self._tensor.requires_grad != self._requires_grad:
            self._tensor.requires_grad_(self._requires_grad)
        if self._tensor.is_leaf and self._tensor.grad is not self._grad:
            self._tensor.grad = self._grad


def _same_place(left: Tensor, right: Tensor) -> bool:
    """Whether two tensors are the same view of one storage."""
    if left.layout != right.layout or left.layout != torch.strided:
        return left.layout == right.layout
    places = [
        (t.untyped_storage()._cdata, t.dtype, t.storage_offset(), t.shape, t.stride())
        for t in (left, right)
    ]
    return places[0] == places[1]


def _refill(container: Any, content: Any) -> None:
    """Give a list, dictionary or set its former content, if it has another."""
    if isinstance(container, dict):
        same = container.keys() == content.keys() and all(
            container[key] is value for key, value in content.items()
        )
        if not same:
            container.clear()
            container.update(content)
    elif isinstance(container, list):
        if len(container) != len(content) or any(
            a is not b for a, b in zip(container, content, strict=False)
        ):
            container[:] = content
    elif container != content:
        container.clear()
        container.update(content)
