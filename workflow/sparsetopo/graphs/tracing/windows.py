"""Handlers that move or pool positions: pooling, reductions over positions, padding, resizing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from sparsetopo.graphs.planning import windows
from sparsetopo.graphs.planning.recording import Channels, Reshape, ValueShape
from sparsetopo.graphs.planning.windows import Windows
from sparsetopo.graphs.tracing.layers import map_size, per_axis, require_map
from sparsetopo.graphs.tracing.operations import Call, named, register_operation


def _output(call: Call) -> torch.Tensor:
    """The pooled map; max pooling may return (map, indices)."""
    return call.result[0] if isinstance(call.result, tuple) else call.result


def _pool(call: Call, kernel: Any, stride: Any, padding: Any, dilation: Any) -> None:
    tensor, output = call.argument(0, "input"), _output(call)
    dimensions = tensor.dim() - 2
    value, shape = require_map(call, tensor, dimensions)
    sizes, outputs = (shape.height, shape.width), map_size(output)
    kernels = per_axis(kernel, dimensions, 1)
    # In PyTorch, None or an empty list means that the stride is the kernel size.
    strides = per_axis(stride, dimensions, 1) if stride is not None and stride != [] else kernels
    paddings, dilations = per_axis(padding, dimensions, 0), per_axis(dilation, dimensions, 1)
    rows, columns = (
        windows.sliding(sizes[a], kernels[a], strides[a], paddings[a], dilations[a], outputs[a])
        for a in (0, 1)
    )
    call.returns(call.window(value, rows, columns), output)


@register_operation(
    *named("max_pool1d", "max_pool2d", "max_pool1d_with_indices", "max_pool2d_with_indices")
)
def max_pool(call: Call) -> None:
    """Handle F.max_pool1d and F.max_pool2d."""
    _pool(
        call,
        call.argument(1, "kernel_size"),
        call.argument(2, "stride"),
        call.argument(3, "padding", 0),
        call.argument(4, "dilation", 1),
    )


@register_operation(*named("avg_pool1d", "avg_pool2d"))
def average_pool(call: Call) -> None:
    """Handle F.avg_pool1d and F.avg_pool2d."""
    _pool(
        call,
        call.argument(1, "kernel_size"),
        call.argument(2, "stride"),
        call.argument(3, "padding", 0),
        1,
    )


@register_operation(*named("lp_pool1d", "lp_pool2d"))
def power_pool(call: Call) -> None:
    """Handle F.lp_pool1d and F.lp_pool2d."""
    _pool(call, call.argument(2, "kernel_size"), call.argument(3, "stride"), 0, 1)


@register_operation(
    *named(
        "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d"
    ),
    *named("adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices"),
)
def adaptive_pool(call: Call) -> None:
    """Handle adaptive pooling."""
    tensor, output = call.argument(0, "input"), _output(call)
    value, shape = require_map(call, tensor, tensor.dim() - 2)
    height, width = map_size(output)
    rows, columns = windows.adaptive(shape.height, height), windows.adaptive(shape.width, width)
    call.returns(call.window(value, rows, columns), output)


@register_operation(*named("mean", "sum", "nansum", "amax", "amin", "nanmean"))
def reduction(call: Call) -> None:
    """Handle a mean, sum or maximum over positions, which is global pooling."""
    tensor = call.argument(0, "input")
    value = call.value(tensor)
    shape = call.shape(value)
    given = call.argument(1, "dim")
    given = [given] if isinstance(given, int) else given
    dims = {d % tensor.dim() for d in (given if given is not None else range(tensor.dim()))}
    if dims & {0, 1} or not dims:
        raise call.fail(
            f"it reduces over {'the batch' if 0 in dims else 'channels'} without weights."
        )
    over_rows = tensor.dim() == 3 or 2 in dims
    over_columns = tensor.dim() == 3 or 3 in dims
    rows = windows.everything(shape.height) if over_rows else windows.identity(shape.height)
    columns = windows.everything(shape.width) if over_columns else windows.identity(shape.width)
    pooled = call.window(value, rows, columns)
    if call.result.dim() == 2:
        pooled = call.append(Reshape(), [pooled], ValueShape(shape.channels, 1, 1, True))
    call.returns(pooled)


def select(call: Call, value: int, rank: int, dim: int, positions: list[int | None]) -> int:
    """Record that position i along dimension `dim` reads positions[i], or a constant (None)."""
    shape = call.shape(value)
    if dim == 0:
        raise call.fail("it selects samples of the batch.")
    if dim == 1:
        channels = Channels(_runs(positions))
        return call.append(channels, [value], replace(shape, channels=len(positions)))
    rows, columns = windows.identity(shape.height), windows.identity(shape.width)
    if rank == 4 and dim == 2:
        rows = windows.gather(positions)
    elif rank == 4 or shape.height == 1:
        columns = windows.gather(positions)
    elif shape.width == 1:
        rows = windows.gather(positions)
    else:
        raise call.fail("it selects positions of a flattened map, which cannot be encoded.")
    return call.window(value, rows, columns)


def _runs(positions: list[int | None]) -> tuple[tuple[int, int] | int, ...]:
    """Channel positions as ranges (start, stop) and numbers of constants."""
    runs: list[tuple[int, int] | int] = []
    for position in positions:
        last = runs[-1] if runs else None
        if position is None:
            if isinstance(last, int):
                runs[-1] = last + 1
            else:
                runs.append(1)
        elif isinstance(last, tuple) and last[1] == position:
            runs[-1] = (last[0], position + 1)
        else:
            runs.append((position, position + 1))
    return tuple(runs)


_PADDED: dict[str, Callable[[int, int], int | None]] = {
    "constant": lambda position, size: position if 0 <= position < size else None,
    "replicate": lambda position, size: min(max(position, 0), size - 1),
    "circular": lambda position, size: position % size,
    "reflect": lambda position, size: size - 1 - abs(size - 1 - abs(position)),
}


@register_operation(*named("pad"))
def pad(call: Call) -> None:
    """Handle F.pad: padded positions read nothing (constant) or a position inside."""
    tensor, amounts = call.argument(0, "input"), list(call.argument(1, "pad"))
    mode = call.argument(2, "mode", "constant")
    if mode not in _PADDED:
        raise call.fail(f"padding mode '{mode}' is not known.")
    value = call.value(tensor)
    for number in range(len(amounts) // 2):
        before, after = int(amounts[2 * number]), int(amounts[2 * number + 1])
        if before or after:
            dim = tensor.dim() - 1 - number
            size = tensor.shape[dim]
            positions = [_PADDED[mode](position, size) for position in range(-before, size + after)]
            value = select(call, value, tensor.dim(), dim, positions)
    call.returns(value)


@register_operation(*named("interpolate", "upsample"))
def resize(call: Call) -> None:
    """Handle F.interpolate; resizing unit vectors shows which positions each new one reads."""
    tensor = call.argument(0, "input")
    value, shape = require_map(call, tensor, tensor.dim() - 2)
    if tensor.dim() == 3:
        rows = windows.identity(shape.height)
        columns = _support(call, torch.eye(shape.width)[None], 2)
    else:
        rows = _support(call, torch.eye(shape.height)[None, :, :, None], 2)
        columns = _support(call, torch.eye(shape.width)[None, :, None, :], 3)
    call.returns(call.window(value, rows, columns))


def _support(call: Call, units: torch.Tensor, dim: int) -> Windows:
    """Windows along `dim`: the unit vectors (one per channel) that are not 0 at a new position."""
    options = {name: option for name, option in call.kwargs.items() if name != "input"}
    reads = call.function(units.double(), *call.args[1:], **options)[0] != 0
    if reads.dim() == 3:
        reads = reads.any(dim=4 - dim)  # the other side is constant
    return tuple(tuple(torch.nonzero(column).flatten().tolist()) for column in reads.T)
