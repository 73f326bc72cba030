"""Handlers of the layers with weights: convolution, transposed convolution, linear."""

from typing import Any

import torch
from torch.nn import functional

from sparsetopo.graphs.planning.recording import Convolution, Linear, Padding, ValueShape
from sparsetopo.graphs.tracing.operations import Call, register_operation


def per_axis(setting: Any, dimensions: int, one: int) -> tuple[int, int]:
    """Convert a number or sequence to (height, width); in one dimension the height is `one`."""
    values = (
        [int(v) for v in setting]
        if isinstance(setting, tuple | list | torch.Size)
        else [int(setting)]
    )
    if len(values) == 1:
        values *= dimensions
    return (one, values[0]) if dimensions == 1 else (values[0], values[1])


def map_size(tensor: torch.Tensor) -> tuple[int, int]:
    """(height, width) of an (N, C, L) or (N, C, H, W) tensor; in one dimension the height is 1."""
    return (1, tensor.shape[2]) if tensor.dim() == 3 else (tensor.shape[2], tensor.shape[3])


def weight_name(call: Call, weight: Any) -> str:
    """Name of the weight tensor of a layer; EncodingError if it has none."""
    if call.is_data(weight):
        raise call.fail(
            "its weights derive from the input (a dynamic convolution), which the graph cannot express."
        )
    name = call.recorder.parameter_name(weight)
    if name is None:
        raise call.fail(
            "its weights are neither a parameter of the model nor the attribute 'weight' of the module that calls it."
        )
    return name


def require_map(call: Call, tensor: torch.Tensor, dimensions: int) -> tuple[int, ValueShape]:
    """Value and shape of a batched (N, C, L) or (N, C, H, W) tensor."""
    value = call.value(tensor)
    shape = call.shape(value)
    if tensor.dim() != dimensions + 2:
        raise call.fail(f"its input of shape {tuple(tensor.shape)} has no batch dimension.")
    if dimensions == 1 and shape.height != 1:
        raise call.fail("a one-dimensional operation on a flattened map cannot be encoded.")
    return value, shape


@register_operation(torch.conv1d, torch.conv2d, functional.conv1d, functional.conv2d)
def convolution(call: Call) -> None:
    """Handle F.conv1d and F.conv2d."""
    weight, padding = call.argument(1, "weight"), call.argument(4, "padding", 0)
    dimensions = weight.dim() - 2
    dilation = per_axis(call.argument(5, "dilation", 1), dimensions, 1)
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, map_size(weight), strict=True)]
        (top, bottom), (left, right) = ((t // 2, t - t // 2) for t in total)
    else:
        top, left = per_axis(0 if padding == "valid" else padding, dimensions, 0)
        bottom, right = top, left
    _append(call, ((top, bottom), (left, right)), dilation, transposed=False)


@register_operation(
    torch.conv_transpose1d,
    torch.conv_transpose2d,
    functional.conv_transpose1d,
    functional.conv_transpose2d,
)
def transposed_convolution(call: Call) -> None:
    """Handle F.conv_transpose1d and F.conv_transpose2d."""
    dimensions = call.argument(1, "weight").dim() - 2
    dilation = per_axis(call.argument(7, "dilation", 1), dimensions, 1)
    top, left = per_axis(call.argument(4, "padding", 0), dimensions, 0)
    _append(call, ((top, top), (left, left)), dilation, transposed=True)


def _append(call: Call, padding: Padding, dilation: tuple[int, int], *, transposed: bool) -> None:
    weight, result = call.argument(1, "weight"), call.result
    dimensions = weight.dim() - 2
    value, _ = require_map(call, call.argument(0, "input"), dimensions)
    kind = Convolution(
        parameter=weight_name(call, weight),
        parameter_shape=tuple(weight.shape),
        transposed=transposed,
        groups=int(call.argument(6, "groups", 1)),
        kernel=map_size(weight),
        stride=per_axis(call.argument(3, "stride", 1), dimensions, 1),
        padding=padding,
        dilation=dilation,
    )
    call.returns(call.append(kind, [value], ValueShape(result.shape[1], *map_size(result), False)))


@register_operation(functional.linear)
def linear(call: Call) -> None:
    """Handle F.linear on vectors."""
    tensor, weight = call.argument(0, "input"), call.argument(1, "weight")
    value = call.value(tensor)
    if tensor.dim() != 2:
        raise call.fail(
            f"a linear layer on an input of shape {tuple(tensor.shape)} acts on each position separately; "
            "flatten the input first, or use a 1x1 convolution."
        )
    kind = Linear(weight_name(call, weight), tuple(weight.shape))
    call.returns(call.append(kind, [value], ValueShape(weight.shape[0], 1, 1, True)))
