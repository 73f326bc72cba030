"""Carrying the mask of a parameter through the operators that compute a weight from it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._pytree import tree_map_only

from sparsetopo.graphs.tracing.kinds import COPIES, MOVES, REDUCTIONS

_PRODUCTS = ("aten::mul", "aten::mul_", "aten::multiply")
_QUOTIENTS = ("aten::div", "aten::div_", "aten::true_divide")
_SUMS = ("aten::add", "aten::add_", "aten::sub", "aten::sub_", "aten::rsub")


def carried_mask(
    func: OpOverload,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    masks: Mapping[int, Tensor | None],
    learned: set[int],
    statistics: set[int],
    result: Tensor,
) -> tuple[Tensor | None, str | None]:
    """Mask of a result, and why there is none although an argument has one that counts.

    `masks` has the masks of the argument tensors by their identity, `learned` the identities of those that parameters
    went into, `statistics` of those that are norms or means of parameters. Elements that are moved or scaled
    keep their mask; what is reduced, such as a norm, scales others and has none.
    """
    name = func._schema.name
    if name.startswith("aten::_foreach_"):
        return None, f"the weight is computed by '{name}', on several tensors at once"
    tensors = [value for value in args if isinstance(value, Tensor)]
    masked = [t for t in tensors if masks.get(id(t)) is not None]
    if name in MOVES:

        def numbers(t: Tensor) -> Tensor:
            return _kept(t, masks, learned).to(torch.float32) if t.is_floating_point() else t

        moved = func(*tree_map_only(Tensor, numbers, args), **kwargs)
        if isinstance(moved, Tensor) and moved.shape == result.shape:
            return moved != 0, None
        return None, f"'{name}' moves a mask in a way that is not known"
    if not masked:
        return None, None
    if name in ("aten::fill_", "aten::zero_"):
        return result != 0, None
    if name in COPIES:
        return masks[id(tensors[0])], None
    if name in ("aten::where", "aten::masked_fill", "aten::masked_fill_"):
        condition, *chosen = args if name == "aten::where" else (args[1], args[2], args[0])
        either = [_kept(value, masks, learned) for value in chosen]
        return torch.where(condition, either[0], either[1]).expand(result.shape), None
    if name in REDUCTIONS:
        return None, None  # a norm, a mean: it scales or shifts others
    if torch.Tag.pointwise in func.tags:
        kept = _pointwise_mask(name, tensors, masks, learned, statistics, result)
        if kept is not None:
            return kept.expand(result.shape), None
    return None, f"the weight is computed by '{name}', which mixes elements of masked parameters"


def _pointwise_mask(
    name: str,
    tensors: list[Tensor],
    masks: Mapping[int, Tensor | None],
    learned: set[int],
    statistics: set[int],
    result: Tensor,
) -> Tensor | None:
    """Mask of a product, quotient, shifted or changed tensor; None if no one operand decides."""
    own = [masks.get(id(tensor)) for tensor in tensors]
    if name in _PRODUCTS:
        kept = torch.ones(result.shape, dtype=torch.bool)
        several = sum(tensor.numel() > 1 for tensor in tensors) > 1
        for tensor, mask in zip(tensors, own, strict=True):
            if mask is not None:
                kept = kept & mask
            if id(tensor) not in learned or (several and _is_mask(tensor)):
                kept = kept & (tensor != 0)
        return kept
    first, others = own[0], tensors[1:]
    if name in _QUOTIENTS and all(mask is None for mask in own[1:]):
        return first
    if name in _SUMS:
        whole = [number for number, tensor in enumerate(tensors) if id(tensor) not in statistics]
        alone = len(whole) == 1 and tensors[whole[0]].shape == result.shape
        return own[whole[0]] if alone else None
    return first if not others and tensors[0].shape == result.shape else None


def _is_mask(tensor: Tensor) -> bool:
    """Whether a tensor holds only zeros and ones, whatever it was computed from."""
    return tensor.dtype == torch.bool or bool(((tensor == 0) | (tensor == 1)).all())


def _kept(value: Any, masks: Mapping[int, Tensor | None], learned: set[int]) -> Tensor:
    """Mask of something that is chosen: its own, all of a parameter, the non-zeros of a constant."""
    if not isinstance(value, Tensor):
        return torch.tensor(value != 0)
    mask = masks.get(id(value))
    if mask is not None:
        return mask
    return torch.ones(value.shape, dtype=torch.bool) if id(value) in learned else value != 0
