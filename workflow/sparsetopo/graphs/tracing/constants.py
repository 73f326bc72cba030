"""The constants of a run: weights as operations receive them, what they were computed from, and masks carried along.

A weight may be a parameter, a view of one, or anything that the forward pass computes from parameters and buffers. A
mask of a parameter is carried through operators that only move or scale its elements.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves

from sparsetopo.graphs.planning.recording import Weight
from sparsetopo.graphs.tracing.carrying import carried_mask
from sparsetopo.graphs.tracing.kinds import PROTOTYPES, REDUCTIONS


class Learned(NamedTuple):
    """A storage that parameters went into.

    Attributes
    ----------
    names
        Those of the parameters.
    mask
        Mask of its elements; None if none was given.
    problem
        Why a mask could not be carried.
    is_statistic
        Whether it is a norm, mean, ... of parameters, which has no mask.
    """

    storage: StorageWeakRef
    names: frozenset[str]
    mask: Tensor | None
    problem: str | None
    is_statistic: bool


class Computed(NamedTuple):
    """A weight that the forward pass computes: its value, its mask, and why a given mask could not be carried."""

    value: Tensor
    mask: Tensor | None
    problem: str | None


class Constants:
    """The model's own tensors, and those that were computed from them."""

    def __init__(self, model: nn.Module, masks: Mapping[str, Tensor]) -> None:
        self.computed: dict[str, Computed] = {}
        self._saved: dict[int, tuple[Tensor, Tensor, int]] = {}
        self._own: dict[int, list[tuple[str, Tensor]]] = {}
        self._learned: dict[int, Learned] = {}
        self._named: dict[tuple[Any, ...], tuple[Weight, Tensor]] = {}
        self._writes: dict[int, int] = {}
        # Parameters that some operation receives as they are.
        self._as_they_are: set[str] = set()
        for name, parameter in model.named_parameters():
            self._add_own(name, parameter)
            self._learn(parameter, frozenset([name]), masks.get(name))
        for name, buffer in model.named_buffers():
            self._add_own(name, buffer)
        self._held = {key: list(named) for key, named in self._own.items()}
        for name, tensor in _plain_tensors(model):
            if _key(tensor) not in self._own:
                self._held.setdefault(_key(tensor), []).append((name, tensor.detach()))

    def _add_own(self, name: str, tensor: Tensor) -> None:
        if tensor.layout == torch.strided:
            self._own.setdefault(_key(tensor), []).append((name, tensor.detach()))

    def is_learned(self, tensor: Tensor) -> bool:
        """Whether parameters went into a tensor."""
        return tensor.layout == torch.strided and _key(tensor) in self._learned

    def before_write(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Save the model's own tensors that an operator is about to write."""
        for tensor in written(func, args, kwargs):
            if tensor.layout != torch.strided:
                continue
            key = _key(tensor)
            self._writes[key] = self._writes.get(key, 0) + 1
            for _, own in self._held.get(key, []):
                if id(own) not in self._saved:
                    version = 0 if own.is_inference() else own._version
                    self._saved[id(own)] = (own, own.clone(), version)

    def put_back(self) -> None:
        """Restore the model's own tensors, bit for bit."""
        for own, content, version in self._saved.values():
            own.data.copy_(content)
            if not own.is_inference():
                torch._C._autograd._unsafe_set_version_counter((own,), (version,))

    def follow(
        self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Remember what the results of an operator on constants were computed from."""
        leaves = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        known = [self._learned[_key(t)] for t in leaves if self.is_learned(t)]
        if not known or func._schema.name in PROTOTYPES:
            return
        names = frozenset().union(*(each.names for each in known))
        # Operators on lists write, and return nothing.
        for tensor in tree_leaves(result if result is not None else written(func, args, kwargs)):
            if not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
                continue
            if self.is_learned(tensor) and not any(tensor is leaf for leaf in leaves):
                continue  # a view
            mask, problem = None, next((each.problem for each in known if each.problem), None)
            if any(each.mask is not None for each in known):
                masks = {id(t): self._mask_of(t) for t in leaves}
                learned = {id(t) for t in leaves if self.is_learned(t)}
                statistics = {id(t) for t in leaves if self._is_statistic(t)}
                mask, found = carried_mask(func, args, kwargs, masks, learned, statistics, tensor)
                problem = problem or found
            if not tensor.is_floating_point():
                problem = None  # indices and comparisons are known by their values
            is_statistic = func._schema.name in REDUCTIONS or all(
                each.is_statistic for each in known
            )
            self._learn(tensor, names, mask, problem, is_statistic)

    def _is_statistic(self, tensor: Tensor) -> bool:
        return self.is_learned(tensor) and self._learned[_key(tensor)].is_statistic

    def _learn(
        self,
        tensor: Tensor,
        names: frozenset[str],
        mask: Tensor | None,
        problem: str | None = None,
        is_statistic: bool = False,
    ) -> None:
        if tensor.layout != torch.strided:
            return
        known = self._learned.get(_key(tensor))
        base = None if known is None else known.mask
        if mask is not None:
            if base is None:
                capacity = tensor.untyped_storage().nbytes() // max(tensor.element_size(), 1)
                base = torch.ones(capacity, dtype=torch.bool)
                if known is None and tensor.numel() < capacity and not tensor.is_meta:
                    # The rest of a constant that is written in part, zeros mostly.
                    base.copy_(tensor.detach().as_strided((capacity,), (1,), 0) != 0)
            base.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).copy_(mask)
        names = names if known is None else names | known.names
        storage = StorageWeakRef(tensor.untyped_storage())
        self._learned[_key(tensor)] = Learned(storage, names, base, problem, is_statistic)

    def _mask_of(self, tensor: Tensor) -> Tensor | None:
        known = self._learned.get(_key(tensor)) if tensor.layout == torch.strided else None
        if known is None or known.mask is None:
            return None
        return known.mask.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())

    def weight(self, tensor: Tensor, module: str) -> Weight:
        """The weight tensor of an operation, called in `module`, as a view of a parameter or as a computed one."""
        for name, own in self._own.get(_key(tensor), []):
            view = _as_view(tensor, own)
            if view is not None and id(own) not in self._saved and name not in self.computed:
                self._as_they_are.add(name)
                return Weight(name, tuple(own.shape), tuple(tensor.shape), *view)
        key = (
            _key(tensor),
            tensor.storage_offset(),
            tensor.shape,
            tensor.stride(),
            self._writes.get(_key(tensor), 0),
        )
        if key not in self._named:
            # A copy, as the model may write the tensor anew.
            value = tensor.detach().clone()
            name = self._name(tensor, module)
            known = self._learned.get(_key(tensor))
            mask = self._mask_of(tensor)
            self.computed[name] = Computed(
                value, None if mask is None else mask.clone(), known.problem if known else None
            )
            shape = tuple(tensor.shape)
            strides = torch.empty(shape, device="meta").stride()
            self._named[key] = Weight(name, shape, shape, 0, tuple(strides)), tensor
        return self._named[key][0]

    def _name(self, tensor: Tensor, module: str) -> str:
        """A name for a computed weight, after the parameter that it is made from."""
        known = self._learned.get(_key(tensor))
        names = sorted(known.names) if known else []
        sizes = {name: own.numel() for held in self._own.values() for name, own in held}
        alike = [name for name in names if sizes.get(name) == tensor.numel()]
        if alike or names:
            name = _plain_name((alike or names)[0])
        elif _key(tensor) in self._held:
            name = self._held[_key(tensor)][0][0]
        else:
            name = f"{module}.constant" if module else "constant"
        taken = {*self.computed, *self._as_they_are, *(name for name in sizes if name not in names)}
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name}#{number}"
        return candidate


def _plain_name(name: str) -> str:
    """The name of a weight, from that of the parameter behind it."""
    name = re.sub(r"parametrizations\.([^.]+)\.original\d*$", r"\1", name)
    return re.sub(r"(_orig|(?<=weight)_[vg])$", "", name)


def _plain_tensors(model: nn.Module) -> list[tuple[str, Tensor]]:
    """Tensors that modules hold as plain attributes, perhaps in lists or dictionaries, and the attributes' names."""
    return [
        (f"{path}.{name}" if path else name, leaf)
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        for leaf in tree_leaves(value)
        if isinstance(leaf, Tensor) and leaf.layout == torch.strided
    ]


def written(func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """The tensors that an operator writes, in place or as its `out`."""
    found = []
    for number, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[number] if number < len(args) else kwargs.get(argument.name)
            found += [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]
    return found


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _as_view(tensor: Tensor, own: Tensor) -> tuple[int, tuple[int, ...]] | None:
    """Offset and strides of a tensor in a flattened parameter, or None if it is no view of that."""
    if tensor.element_size() != own.element_size() or not tensor.numel():
        return None
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    offset = int(tensor.storage_offset()) - int(own.storage_offset())
    if own.is_contiguous():
        inside = offset >= 0 and offset + last < own.numel()
        return (offset, tuple(tensor.stride())) if inside else None
    extent = 1 + sum((n - 1) * s for n, s in zip(own.shape, own.stride(), strict=True))
    if offset < 0 or offset + last >= extent:
        return None
    # In another memory format: look up where the view's elements are.
    places = torch.full((extent,), -1)
    places.as_strided(own.shape, own.stride()).copy_(torch.arange(own.numel()).view(own.shape))
    view = places.as_strided(tensor.shape, tensor.stride(), offset)
    first = int(view.flatten()[0])
    strides = tuple(
        int(view.select(axis, 1).flatten()[0]) - first if size > 1 else 0
        for axis, size in enumerate(view.shape)
    )
    expected = torch.tensor(first)
    for axis, (size, stride) in enumerate(zip(view.shape, strides, strict=True)):
        steps = torch.arange(size) * stride
        expected = expected + steps.view([-1 if a == axis else 1 for a in range(view.dim())])
    return (first, strides) if torch.equal(expected.expand(view.shape), view) else None
