"""Handlers of operators whose elements read several places along an axis: reductions, pooling, resizing."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from sparsetopo.graphs.planning import windows
from sparsetopo.graphs.planning.recording import Elements, Run, Window
from sparsetopo.graphs.planning.windows import Windows
from sparsetopo.graphs.tracing.handlers.elementwise import WEIGHTED_AXES, elementwise
from sparsetopo.graphs.tracing.kinds import REDUCTIONS
from sparsetopo.graphs.tracing.operators import Call, operators, register_operation


def pooled(call: Call, elements: Elements | Tensor, axis: int, of_axis: Windows) -> Run:
    """Record a window along one axis; the ids of its result."""
    shape = list(elements.shape)
    shape[axis] = len(of_axis)
    return call.record(Window(axis, of_axis), [elements], shape).run


def _axes(call: Call, tensor: Tensor) -> list[int]:
    given = call.argument("dim")
    if given is None or given == []:
        return list(range(tensor.dim()))
    given = [given] if isinstance(given, int) else given
    return sorted({axis % tensor.dim() for axis in given}) if tensor.dim() else []


@register_operation(*REDUCTIONS)
def reduction(call: Call) -> None:
    """Handle a mean, sum, maximum, norm, ... over some axes."""
    tensor = call.tensors()[0]
    if len(call.tensors()) > 1:
        elementwise(call)  # the larger of two tensors
        return
    weighted = call.recorder.noted(WEIGHTED_AXES, tensor) or set()
    if call.name == "sum" and any(axis - tensor.dim() in weighted for axis in _axes(call, tensor)):
        raise call.fail(
            "it adds up what was multiplied by a parameter, which makes a product with a matrix; write it as such, "
            "with torch.matmul or torch.nn.functional.linear."
        )
    results = call.result if isinstance(call.result, tuple | list) else (call.result,)
    ids = reduced(call, tensor, _axes(call, tensor))
    for result in results:
        call.returns(ids.reshape(result.shape), result)


def reduced(call: Call, tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Ids of a reduction over some axes, which are kept with length 1."""
    elements: Elements | Tensor = call.elements(tensor)
    known = call.recorder.known_statistic(call.elements(tensor), axes)
    if known is not None:
        return torch.from_numpy(known.array())
    for axis in axes:
        if elements.shape[axis] > 1:
            elements = pooled(call, elements, axis, windows.everything(elements.shape[axis]))
    if isinstance(elements, Run) and elements.shape != tuple(tensor.shape):
        call.recorder.remember_statistic(elements, call.elements(tensor), axes)
    array = elements.array() if isinstance(elements, Run) else elements
    return torch.as_tensor(array)


@register_operation(*operators("cumsum", "cumprod", "logcumsumexp"), "aten::cummax", "aten::cummin")
def cumulative(call: Call) -> None:
    """Handle running sums: each place reads all up to itself."""
    tensor = call.tensors()[0]
    axis = call.argument("dim") % tensor.dim()
    prefixes = tuple(tuple(range(place + 1)) for place in range(tensor.shape[axis]))
    run = pooled(call, call.elements(tensor), axis, prefixes)
    results = call.result if isinstance(call.result, tuple | list) else (call.result,)
    for result in results:
        call.returns(run, result)


def _spatial(call: Call, of_axes: Iterable[Windows]) -> None:
    """Record windows along the last axes."""
    tensor = call.tensors()[0]
    result = call.result[0] if isinstance(call.result, tuple | list) else call.result
    elements: Elements = call.elements(tensor)
    of_axes = list(of_axes)
    for axis, of_axis in enumerate(of_axes, tensor.dim() - len(of_axes)):
        if of_axis != windows.identity(tensor.shape[axis]):
            elements = pooled(call, elements, axis, of_axis)
    ids = elements if isinstance(elements, Run) else torch.from_numpy(elements)
    for tensor in call.result if isinstance(call.result, tuple | list) else [result]:
        call.returns(ids, tensor)


def _per_axis(setting: Any, axes: int) -> list[int]:
    values = [setting] if isinstance(setting, int) else list(setting)
    return [int(v) for v in (values * axes if len(values) == 1 else values)]


@register_operation(
    "aten::max_pool2d_with_indices", "aten::max_pool3d_with_indices", "aten::avg_pool1d", "aten::avg_pool2d",
    "aten::avg_pool3d", "aten::mkldnn_max_pool2d", "aten::max_pool1d", "aten::max_pool2d",
)  # fmt: skip
def sliding(call: Call) -> None:
    """Handle maximum and average pooling."""
    tensor = call.argument("self")
    kernel = call.argument("kernel_size")
    axes = int(next(c for c in call.operator._schema.name if c.isdigit()))
    kernels = _per_axis(kernel, axes)
    stride = call.argument("stride")
    strides = kernels if stride is None or stride == [] else _per_axis(stride, axes)
    paddings = _per_axis(call.argument("padding", 0), axes)
    dilations = _per_axis(call.argument("dilation", 1), axes)
    result = call.result[0] if isinstance(call.result, tuple | list) else call.result
    sizes, results = tensor.shape[-axes:], result.shape[-axes:]
    _spatial(
        call,
        [
            windows.sliding(*each)
            for each in zip(sizes, kernels, strides, paddings, dilations, results, strict=True)
        ],
    )


@register_operation(
    *(
        f"aten::{kind}adaptive_{name}_pool{n}d"
        for kind in ("", "_")
        for name in ("avg", "max")
        for n in (1, 2, 3)
    )
)
def adaptive(call: Call) -> None:
    """Handle adaptive pooling."""
    tensor = call.argument("self")
    result = call.result[0] if isinstance(call.result, tuple | list) else call.result
    axes = int(next(c for c in call.operator._schema.name if c.isdigit()))
    _spatial(
        call,
        [
            windows.adaptive(size, length)
            for size, length in zip(tensor.shape[-axes:], result.shape[-axes:], strict=True)
        ],
    )


@register_operation(
    *(
        f"aten::{name}"
        for name in (
            "upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d",
            "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
        )
    )
)  # fmt: skip
def resize(call: Call) -> None:
    """Handle resizing; resizing unit vectors shows which places each new one reads."""
    tensor = call.argument("self", call.argument("input"))
    tensor = call.tensors()[0] if tensor is None else tensor
    _spatial(call, [_support(call, tensor, axis) for axis in range(2, tensor.dim())])


def _support(call: Call, tensor: Tensor, axis: int) -> Windows:
    """Windows along an axis: the unit vectors (one per channel) that are not 0 at a new place."""
    size = tensor.shape[axis]
    shape = [1, size, *tensor.shape[2:]]
    units = torch.zeros(shape, dtype=torch.float64)
    for place in range(size):
        units[0, place].select(axis - 2, place).fill_(1)
    args = [units if value is tensor else value for value in call.args]
    made = call.operator(*args, **call.kwargs)[0] != 0
    for other in sorted(range(1, made.dim()), reverse=True):
        if other != axis - 1:
            made = made.any(dim=other)
    return tuple(tuple(torch.nonzero(column).flatten().tolist()) for column in made.T)


@register_operation(
    "aten::grid_sampler",
    "aten::grid_sampler_2d",
    "aten::grid_sampler_3d",
    "aten::affine_grid_generator",
)
def sampling(call: Call) -> None:
    """Refuse sampling on a grid, which is taken apart into indices that the data decides on."""
    raise call.fail("a grid decides where it samples, which the graph cannot express.")
