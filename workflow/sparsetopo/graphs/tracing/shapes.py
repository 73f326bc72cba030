"""Handlers of shapes, channels and sums: reshape, slice, split, concatenate, add."""

from dataclasses import replace
from typing import Any

import torch

from sparsetopo.graphs.planning.recording import (
    Add,
    Channels,
    Concatenate,
    Elementwise,
    Reshape,
    ValueShape,
)
from sparsetopo.graphs.tracing.operations import Call, elementwise, named, register_operation
from sparsetopo.graphs.tracing.windows import select


@register_operation(
    *named(
        "flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten", "view_as", "reshape_as"
    )
)
def reshape(call: Call) -> None:
    """Handle reshaping in row-major order: flattening, and undoing it."""
    tensor, result = call.argument(0, "input"), call.result
    value = call.value(tensor)
    shape = call.shape(value)
    if result.dim() == 2:
        new = ValueShape(result.shape[1], 1, 1, True)
    elif result.dim() == 3 and result.shape[1] == shape.channels and not shape.flat:
        new = shape  # the positions of a map in one row: still that map
    elif result.dim() == 3:
        new = ValueShape(result.shape[1], 1, result.shape[2], False)
    elif result.dim() == 4:
        new = ValueShape(result.shape[1], result.shape[2], result.shape[3], False)
    else:
        raise call.fail(
            f"reshaping from {tuple(tensor.shape)} to {tuple(result.shape)} cannot be encoded."
        )
    call.returns(call.append(Elementwise() if new == shape else Reshape(), [value], new))


@register_operation(*named("expand", "expand_as", "broadcast_to"))
def expand(call: Call) -> None:
    """Handle stretching sides of length 1."""
    call.returns(_stretched(call, call.argument(0, "input")))


@register_operation(*named("add", "sub", "subtract", "rsub"))
def add(call: Call) -> None:
    """Handle sums and differences: of data and constants, or of data tensors."""
    data = call.data()
    if len(data) == 1 and data[0].shape == call.result.shape:
        elementwise(call)
        return
    if call.result is data[0] and call.result._is_view():
        raise call.fail(
            "adding in place to a view of another tensor cannot be traced; write x = x + y instead."
        )
    operands = [_stretched(call, tensor) for tensor in data]
    call.returns(call.append(Add(), operands, call.shape(operands[0])))


def _stretched(call: Call, tensor: torch.Tensor) -> int:
    """Value of `tensor` after broadcasting to the shape of the result."""
    value, result = call.value(tensor), call.result
    if tensor.dim() != result.dim():
        raise call.fail(
            f"tensors of shapes {tuple(tensor.shape)} and {tuple(result.shape)} are matched by adding dimensions."
        )
    for dim in range(1, tensor.dim()):
        if tensor.shape[dim] != result.shape[dim]:
            value = select(call, value, tensor.dim(), dim, [0] * result.shape[dim])
    return value


@register_operation(*named("cat", "concat", "concatenate"))
def concatenate(call: Call) -> None:
    """Handle torch.cat over channels, elements or positions, also with constants."""
    tensors = [tensor for tensor in call.argument(0, "tensors") if tensor.numel()]
    dim = call.argument(1, "dim", call.kwargs.get("axis", 0)) % call.result.dim()
    first = call.value(next(tensor for tensor in tensors if call.is_data(tensor)))
    shape = call.shape(first)
    if dim != 1:
        _concatenate_positions(call, tensors, dim)
        return
    values = [
        call.value(tensor)
        if call.is_data(tensor)
        else call.append(
            Channels((tensor.shape[1],)), [first], replace(shape, channels=tensor.shape[1])
        )
        for tensor in tensors
    ]
    if any(
        (call.shape(v).height, call.shape(v).width) != (shape.height, shape.width) for v in values
    ):
        raise call.fail("it concatenates flattened maps of different sizes along channels.")
    call.returns(call.append(Concatenate(), values, replace(shape, channels=call.result.shape[1])))


def _concatenate_positions(call: Call, tensors: list[torch.Tensor], dim: int) -> None:
    """Concatenate by padding every operand to the whole length and adding them."""
    length, start, parts = call.result.shape[dim], 0, []
    for tensor in tensors:
        stop = start + tensor.shape[dim]
        if call.is_data(tensor):
            positions = [p - start if start <= p < stop else None for p in range(length)]
            parts.append(select(call, call.value(tensor), tensor.dim(), dim, positions))
        start = stop
    call.returns(call.append(Add(), parts, call.shape(parts[0])))


@register_operation(torch.Tensor.__getitem__)
def index(call: Call) -> None:
    """Handle slicing with ranges: x[:, 4:8], x[..., ::2]."""
    tensor, key = call.args
    keys = list(key) if isinstance(key, tuple) else [key]
    dots = [position for position, item in enumerate(keys) if item is Ellipsis]
    for position in dots:
        keys[position : position + 1] = [slice(None)] * (tensor.dim() - len(keys) + 1)
    if not all(isinstance(item, slice) for item in keys):
        raise call.fail(f"indexing with {key!r} cannot be encoded; only ranges can.")
    value = call.value(tensor)
    for dim, item in enumerate(keys):
        positions: list[int | None] = list(range(*item.indices(tensor.shape[dim])))
        if positions != list(range(tensor.shape[dim])):
            value = select(call, value, tensor.dim(), dim, positions)
    call.returns(call.append(Elementwise(), [value], call.shape(value)))


@register_operation(*named("chunk", "split", "split_with_sizes", "tensor_split", "narrow"))
def split(call: Call) -> None:
    """Handle cutting a tensor into consecutive parts along one dimension."""
    tensor = call.argument(0, "input", call.kwargs.get("tensor"))
    is_narrow = not isinstance(call.result, tuple | list)
    dim: Any = call.argument(1 if is_narrow else 2, "dim", 0)
    parts = (call.result,) if is_narrow else tuple(call.result)
    start = int(call.argument(2, "start", 0)) if is_narrow else 0
    for part in parts:
        stop = start + part.shape[dim]
        value = select(
            call, call.value(tensor), tensor.dim(), dim % tensor.dim(), list(range(start, stop))
        )
        call.returns(value, part)
        start = stop
