"""Which units the elements of the tensors of a run are, by storage: views and in-place writes need no care.

A storage that holds data has as many ids as elements, either consecutive ones or an array. The ids of a tensor are what
its sizes and strides pick from those of its storage.
"""

import math

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from sparsetopo.graphs.planning.recording import CONSTANT, Elements, Ids, Run

# Storages that are gone are forgotten each time so many have been added.
_SWEEP = 512


class ElementTable:
    """Ids of the elements of tensors that depend on the model's input, or whose values are not known."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[StorageWeakRef, int | Tensor, int]] = {}
        self._added = 0

    def __contains__(self, tensor: Tensor) -> bool:
        try:
            return tensor.layout == torch.strided and _key(tensor) in self._held
        except NotImplementedError:
            return False  # a tensor of torch.func, which wraps those that operators see

    def ids(self, tensor: Tensor) -> Tensor:
        """Ids of a tensor's elements, int64, in its shape; a view where the strides allow it."""
        _, base, itemsize = self._held[_key(tensor)]
        if itemsize != tensor.element_size():
            raise ValueError("its data is read as numbers of another size")
        if isinstance(base, int):
            if tensor.is_contiguous():
                start = base + tensor.storage_offset()
                return torch.arange(start, start + tensor.numel()).view(tensor.shape)
            last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
            if not tensor.numel():
                return torch.zeros(tensor.shape, dtype=torch.int64)
            start = base + tensor.storage_offset()
            return torch.arange(start, start + last + 1).as_strided(tensor.shape, tensor.stride())
        return base.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())

    def elements(self, tensor: Tensor) -> Elements:
        """The same for a recording: consecutive ids as a `Run`."""
        _, base, itemsize = self._held[_key(tensor)]
        if isinstance(base, int) and tensor.is_contiguous() and itemsize == tensor.element_size():
            return Run(base + int(tensor.storage_offset()), tuple(tensor.shape))
        return frozen(self.ids(tensor))

    def write(self, tensor: Tensor, ids: Tensor | Run) -> None:
        """Say which units a tensor's elements are; other elements of its storage stay what they were, or constants."""
        whole = tensor.is_contiguous() and _capacity(tensor) == tensor.numel()
        if whole and isinstance(ids, Run):
            self._hold(tensor, ids.start)
            return
        array = torch.from_numpy(ids.array()) if isinstance(ids, Run) else ids
        if whole:
            self._hold(tensor, array.expand(tensor.shape).reshape(-1).clone())
            return
        base = self._base(tensor)
        base.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).copy_(array)
        self._hold(tensor, base)

    def share(self, tensor: Tensor, other: Tensor) -> None:
        """Say that a tensor's elements are those of another one of the same shape."""
        _, base, itemsize = self._held[_key(other)]
        alike = tensor.stride() == other.stride() and _capacity(tensor) == _capacity(other)
        aligned = tensor.storage_offset() == other.storage_offset() == 0
        if alike and aligned and itemsize == other.element_size():
            self._hold(tensor, base if isinstance(base, int) else base.clone())
        else:
            self.write(tensor, self.ids(other))

    def _base(self, tensor: Tensor) -> Tensor:
        held = self._held.get(_key(tensor))
        size = _capacity(tensor)
        if held is None:
            return torch.full((size,), CONSTANT)
        return torch.arange(held[1], held[1] + size) if isinstance(held[1], int) else held[1]

    def _hold(self, tensor: Tensor, base: int | Tensor) -> None:
        key = _key(tensor)
        if key not in self._held:
            self._added += 1
            if self._added % _SWEEP == 0:
                self._held = {k: held for k, held in self._held.items() if not held[0].expired()}
        self._held[key] = StorageWeakRef(tensor.untyped_storage()), base, tensor.element_size()


def frozen(ids: Tensor) -> Ids:
    """A copy that later writes do not change, without the repetitions of expanded axes."""
    single = ids[tuple(slice(0, 1) if step == 0 else slice(None) for step in ids.stride())]
    copied: Ids = single.clone().expand(ids.shape).numpy()
    return copied


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _capacity(tensor: Tensor) -> int:
    """Number of elements that fit into the tensor's storage."""
    return math.ceil(tensor.untyped_storage().nbytes() / max(tensor.element_size(), 1))
