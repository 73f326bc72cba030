"""Score a network and leave no trace: everything it holds is put back, even if scoring raises."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class _SavedTensor:
    """One parameter or buffer: where it hangs, its storage, and a copy of its content."""

    owner: dict[str, Any]  # the module's _parameters or _buffers
    name: str
    tensor: Tensor
    data: Tensor
    content: Tensor
    requires_grad: bool
    grad: Tensor | None

    def put_back(self) -> None:
        self.owner[self.name] = self.tensor
        # The very storage it had (a scoring function may have changed the dtype), with the very
        # content it had.
        self.tensor.data = self.data
        self.data.copy_(self.content)
        self.tensor.grad = None
        self.tensor.requires_grad_(self.requires_grad)
        self.tensor.grad = self.grad


@contextlib.contextmanager
def restored(model: nn.Module, seed: int) -> Iterator[None]:
    """Let a block change a network at will, then restore it bit for bit.

    Restored are parameters and buffers (content, dtype, storage), requires_grad, .grad (None
    inside the block), the training mode of every submodule, and torch's random state, which is
    seeded inside the block so that dropout gives the same scores every time.

    Parameters
    ----------
    model
        The network.
    seed
        Seed of torch's generators inside the block.
    """
    modes = {module: module.training for module in model.modules()}
    saved = [
        _save(owner, name, tensor)
        for module in modes
        for owner in (module._parameters, module._buffers)
        for name, tensor in owner.items()
        if tensor is not None
    ]
    generators = _generators(saved)
    states = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            # Not torch.manual_seed: its first call imports torch._dynamo, which takes 1.7 s.
            generator.manual_seed(seed)
        for item in saved:
            item.tensor.grad = None
        yield
    finally:
        with torch.no_grad():
            for item in saved:
                item.put_back()
        for module, training in modes.items():
            module.training = training
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


def _save(owner: dict[str, Any], name: str, tensor: Tensor) -> _SavedTensor:
    return _SavedTensor(
        owner,
        name,
        tensor,
        tensor.data,
        tensor.detach().clone(),
        tensor.requires_grad,
        tensor.grad if tensor.is_leaf else None,
    )


def _generators(saved: list[_SavedTensor]) -> list[torch.Generator]:
    """Torch's default generators of the CPU and of every GPU that the network lies on."""
    generators = [torch.default_generator]
    indices = {item.data.device.index for item in saved if item.data.device.type == "cuda"}
    generators += [torch.cuda.default_generators[index] for index in sorted(indices)]
    return generators
