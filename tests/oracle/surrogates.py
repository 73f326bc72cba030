"""Operators as the oracle runs them: the same dependencies, but positive, and nothing saturates or cancels."""

import torch
from tests.oracle.aten import (
    AS_THEY_ARE,
    BINARY,
    ELEMENTWISE,
    MOVERS,
    NORMALISATIONS,
    PRODUCTS,
    REDUCTIONS,
    SOFTMAXES,
    kind,
    move,
)
from torch.nn import functional

# Attention scores below this are masked out: minus infinity, -1e9, or the -100 of windows.
INVISIBLE = -50.0


def run_surrogate(node, args, kwargs, data, learned=False):
    """Value of a node of data; `data` says which of its arguments (positions) depend on the input.

    A constant of 0 cuts what it is multiplied with, unless it is `learned`: made from parameters.
    """
    name = kind(node)
    if name in MOVERS:
        return move(node, args)
    if name in SOFTMAXES:
        return torch.where(args[0] > INVISIBLE, args[0], 0.0)
    if name in NORMALISATIONS:
        return (args[0].clone(), None, None, None)
    if name in ("where", "masked_fill"):
        return _choice(name, args)
    if name in BINARY and len(args) > 1:
        return _binary(name, args, data, learned)
    if name in ELEMENTWISE or name in BINARY:
        return args[0].clone()
    if name in REDUCTIONS:
        return _reduction(name, args, kwargs)
    if name in ("max_pool2d_with_indices", "max_pool3d_with_indices"):
        return (_max_pool(node, *args), None)
    if name in ("adaptive_max_pool2d", "adaptive_max_pool3d"):
        pool = (
            functional.adaptive_avg_pool2d
            if name.endswith("2d")
            else functional.adaptive_avg_pool3d
        )
        return (pool(args[0], args[1]), None)
    if name in AS_THEY_ARE | PRODUCTS:
        return node.target(*args, **kwargs)
    raise NotImplementedError(f"the oracle has no rule for {node.target}")


def _binary(name, args, data, learned):
    a, b = args[:2]
    if data[0] and data[1]:
        return a + b
    value, constant = (a, b) if data[0] else (b, a)
    if not isinstance(constant, torch.Tensor):
        return value.clone()
    if name == "mul" and (constant == 0).any() and not learned:
        return torch.where(constant != 0, value, 0.0)
    # An additive mask must stay what it is; any other constant only stretches the value to its shape.
    return value + (
        constant if name in ("add", "sub") else torch.zeros_like(constant, dtype=value.dtype)
    )


def _choice(name, args):
    if name == "masked_fill":
        value, condition, filling = args
        if condition.dtype != torch.bool:
            return value + condition
        return value.masked_fill(condition, filling)
    condition, a, b = args
    if condition.dtype != torch.bool:
        return condition + a + b
    return torch.where(condition, a, b)


def _reduction(name, args, kwargs):
    value = args[0]
    position = 2 if name in ("norm", "linalg_vector_norm") else 1
    dims = args[position] if len(args) > position else kwargs.get("dim")
    if (
        dims is None
        or (isinstance(dims, list | tuple) and not dims)
        or not isinstance(dims, int | list | tuple)
    ):
        dims = list(range(value.dim()))
    keep = next((a for a in args[1:] if isinstance(a, bool)), kwargs.get("keepdim", False))
    total = value.sum(dims, keepdim=keep)
    several = name.endswith("_mean") or (name in ("max", "min") and len(args) > 1)
    return (total, total) if several else total


def _max_pool(node, value, kernel, stride=(), padding=0, dilation=1, ceil_mode=False):
    """Sum over the windows of max pooling, as a convolution with ones."""
    count = len(kernel)
    stride, padding, dilation = (
        list(s) * (count if len(s) == 1 else 1) if isinstance(s, list | tuple) else [s] * count
        for s in (stride or kernel, padding, dilation)
    )
    sizes = node.meta["val"][0].shape[-count:]
    widths = []
    for size, k, s, p, d, n in zip(
        value.shape[-count:], kernel, stride, padding, dilation, sizes, strict=True
    ):
        widths.insert(0, (p, max(0, (n - 1) * s + d * (k - 1) + 1 - size - p)))
    padded = functional.pad(value, [w for pair in widths for w in pair])
    channels = value.shape[-count - 1]
    ones = torch.ones(channels, 1, *kernel, dtype=value.dtype)
    convolve = functional.conv2d if count == 2 else functional.conv3d
    result = convolve(padded, ones, stride=tuple(stride), dilation=tuple(dilation), groups=channels)
    return result[(..., *(slice(n) for n in sizes))]
