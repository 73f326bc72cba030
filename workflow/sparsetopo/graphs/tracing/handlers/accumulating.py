"""Handlers of operators that add elements to others at given places, or reduce them otherwise: index_add, fold, ..."""

import torch
from torch import Tensor

from sparsetopo.graphs.planning.recording import CONSTANT, ZERO, Union
from sparsetopo.graphs.tracing.handlers.moving import moving, require_constants
from sparsetopo.graphs.tracing.operators import Call, operators, register_operation


@register_operation(*operators("index_add", "index_reduce"))
def index_add(call: Call) -> None:
    """Handle index_add and index_reduce: whole slices are added, or reduced otherwise."""
    tensor, axis, index, source = (call.argument(n) for n in ("self", "dim", "index", "source"))
    require_constants(call, index)
    places = _places(tensor).index_select(axis, index.to("cpu"))
    _accumulate(call, _included(call, tensor, places), places, call.ids(source))


@register_operation(
    *operators("scatter_add", "scatter_reduce"), "aten::scatter.reduce", "aten::scatter_.reduce"
)
def scatter_add(call: Call) -> None:
    """Handle scatter_add and scatter_reduce: single elements are added, or reduced otherwise."""
    tensor, axis, index, source = (call.argument(n) for n in ("self", "dim", "index", "src"))
    require_constants(call, index)
    index = index.to("cpu")
    ids = call.ids(source)[tuple(slice(0, size) for size in index.shape)]
    places = _places(tensor).gather(axis, index)
    _accumulate(call, _included(call, tensor, places), places, ids)


@register_operation("aten::scatter.value_reduce", "aten::scatter_.value_reduce")
def scatter_number(call: Call) -> None:
    """Refuse to add a number to scattered elements, or to multiply them by it."""
    raise call.fail(
        "it reduces elements with a number; compute that with a mask, by a sum or a product."
    )


def _included(call: Call, tensor: Tensor, places: Tensor) -> Tensor:
    """Ids of a tensor, without those at places where it does not count."""
    ids = call.ids(tensor)
    if call.argument("include_self", True):
        return ids
    return ids.flatten().index_fill(0, places.flatten(), CONSTANT).view(ids.shape)


@register_operation(*operators("index_put", "_unsafe_index_put"))
def index_put(call: Call) -> None:
    """Handle index_put, which sets elements or, if told so, adds to them."""
    tensor, indices, values = (call.argument(n) for n in ("self", "indices", "values"))
    require_constants(call, indices)
    if not call.argument("accumulate"):
        moving(call)
        return
    picked = [None if i is None else i.to("cpu") for i in indices]
    places = torch.ops.aten.index(_places(tensor), picked)
    _accumulate(call, call.ids(tensor), places, call.ids(values).expand(places.shape))


@register_operation("aten::col2im")
def fold(call: Call) -> None:
    """Handle folding, where overlapping patches are added."""
    settings = [call.argument(name) for name in ("kernel_size", "dilation", "padding", "stride")]
    source = call.argument("self")
    result = call.result
    numbers = (torch.arange(result[0].numel()) + 1).double().view(1, *result.shape[-3:])
    patches = torch.ops.aten.im2col(numbers, *settings)
    per_sample = patches.round().long() - 1
    starts = torch.arange(len(source)).view(-1, 1, 1) * result[0].numel()
    places = torch.where(per_sample < 0, -1, per_sample + starts)
    background = torch.full(result.shape, ZERO)
    _accumulate(call, background, places, call.ids(source))


def _places(tensor: Tensor) -> Tensor:
    return torch.arange(tensor.numel()).view(tensor.shape)


def _accumulate(call: Call, ids: Tensor, places: Tensor, added: Tensor) -> None:
    """Add elements at places of a tensor's flattened ids; places below 0 are left out."""
    places, added = places.flatten(), added.flatten()
    kept = (places >= 0) & (added >= 0)
    places, added = places[kept], added[kept]
    order = torch.argsort(places, stable=True)
    places, added = places[order], added[order]
    operands = [ids.clone()]
    while len(places):
        first = torch.ones(len(places), dtype=torch.bool)
        first[1:] = places[1:] != places[:-1]
        layer = torch.full((ids.numel(),), CONSTANT)
        layer[places[first]] = added[first]
        operands.append(layer.view(ids.shape))
        places, added = places[~first], added[~first]
    if not bool((operands[0] >= 0).any()):
        operands = operands[1:] or operands
    merged = operands[0]
    for operand in operands[1:]:
        if bool(((merged >= 0) & (operand >= 0)).any()):
            is_sum = call.argument("reduce", "add") in ("add", "sum", "mean")
            call.returns(call.record(Union(is_sum), operands, ids.shape).run)
            return
        merged = torch.where(operand >= 0, operand, merged)
    call.returns(merged)
