"""Work on a network and leave no trace: everything it holds is put back, even if the work fails."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from sparsetopo.networks.arrays import INTEGERS
from sparsetopo.networks.random_state import random_states, set_random_states
from sparsetopo.networks.untouched import untouched

# Every module has these dictionaries: its parameters, buffers, submodules and hooks.
_DICTIONARIES = [name for name, value in vars(nn.Module()).items() if isinstance(value, dict)]


@contextlib.contextmanager
def restored(model: nn.Module) -> Iterator[None]:
    """Let a block change a network at will, then restore it bit for bit.

    Restored are parameters and buffers (the object, its content, dtype and storage), requires_grad,
    .grad (None inside the block), tensors that modules hold as plain attributes (the masked weight
    of `torch.nn.utils.prune`, with its autograd history), submodules, hooks, the training mode of
    every module, and torch's random state.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(2, 1, bias=False)
    >>> before = model.weight.tolist()
    >>> with restored(model):
    ...     model.eval().double().weight.data.zero_()
    tensor([[0., 0.]], dtype=torch.float64)
    >>> model.weight.tolist() == before, model.weight.dtype, model.training
    (True, torch.float32, True)
    """
    modules = [_Module(module) for module in model.modules()]
    held = (*model.parameters(), *model.buffers(), *_plain_tensors(model))
    tensors = [_Tensor(tensor) for tensor in {id(tensor): tensor for tensor in held}.values()]
    states = random_states(tensor.data for tensor in tensors)
    try:
        for saved in tensors:
            if saved.grad is not None:
                saved.tensor.grad = None
        with untouched(model):
            yield
    finally:
        with torch.no_grad():
            for module in modules:
                module.put_back()
            for saved in tensors:
                saved.put_back()
        set_random_states(states)


def _plain_tensors(model: nn.Module) -> Iterator[Tensor]:
    """Tensors that modules hold as attributes, perhaps in lists or dictionaries."""
    for module in model.modules():
        for leaf in tree_leaves(list(vars(module).values())):
            if isinstance(leaf, Tensor) and leaf.layout == torch.strided:
                yield leaf


class _Module:
    """One module's mode, dictionaries and plain tensors."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._training = module.training
        attributes = vars(module)
        self._plain = {name: x for name, x in attributes.items() if isinstance(x, Tensor)}
        # A scripted module has others of its own, whose content cannot be exchanged.
        held = (attributes.get(name) for name in _DICTIONARIES)
        self._dictionaries = [(d, dict(d)) for d in held if isinstance(d, dict)]

    def put_back(self) -> None:
        self._module.training = self._training
        for dictionary, content in self._dictionaries:
            dictionary.clear()
            dictionary.update(content)
        vars(self._module).update(self._plain)


class _Tensor:
    """One parameter or buffer: its storage, and a copy of its content."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.data = tensor.data
        self.grad = tensor.grad if tensor.is_leaf else None
        self._content = tensor.detach().clone()
        self._requires_grad = tensor.requires_grad

    def put_back(self) -> None:
        # The block may have changed the dtype, and so the storage.
        self.tensor.data = self.data
        # Only what changed: storages may be read-only or overlap. Through `data`, which leaves the
        # version as it is that autograd checks.
        if not _same_bits(self.data, self._content):
            self.data.copy_(self._content)
        if self.tensor.requires_grad != self._requires_grad:
            self.tensor.requires_grad_(self._requires_grad)
        if self.tensor.is_leaf and self.tensor.grad is not self.grad:
            self.tensor.grad = self.grad


def _same_bits(left: Tensor, right: Tensor) -> bool:
    if left.is_meta:
        return True
    integer = INTEGERS.get(left.dtype.itemsize)
    if left.layout != torch.strided or integer is None:
        return False
    # As integers: as numbers, 0 equals -0, and NaN differs from itself.
    return torch.equal(left.view(integer), right.view(integer))
