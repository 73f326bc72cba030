"""What a network is called with: a tensor, a tuple of positional arguments, or a mapping of keyword arguments."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sparsetopo.errors import SparsetopoError
from sparsetopo.networks.memory import first_line, is_out_of_memory


def call(model: nn.Module, inputs: Any) -> Any:
    """Apply a network; a SparsetopoError says if it cannot take such inputs.

    If memory runs out, torch's own error is passed on.

    Examples
    --------
    >>> call(nn.Flatten(), {"input": torch.zeros(2, 3, 4)}).shape
    torch.Size([2, 12])
    """
    try:
        if isinstance(inputs, Mapping):
            return model(**inputs)
        return model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, SparsetopoError):
            raise
        if _reads_integers(model, inputs):
            raise SparsetopoError(
                f"{of_integers(tuple(inputs.shape[1:]))}; data must be integers, too."
            ) from error
        kind = "" if isinstance(error, RuntimeError) else f"{type(error).__name__}: "
        raise SparsetopoError(
            f"the network cannot take inputs of {described(inputs)}: {kind}{first_line(error)}"
        ) from error


def of_integers(shape: tuple[int, ...]) -> str:
    """What to do about a network that reads whole numbers, where a sample of this shape was given by its shape.

    Examples
    --------
    >>> of_integers((128,)).partition(": ")[2]
    'pass example=torch.zeros((1, 128), dtype=torch.int64) in place of input_shape (on the command line: --integers)'
    """
    return (
        "the network reads whole numbers, such as token ids, and cannot take floating-point ones: pass "
        f"example=torch.zeros({(1, *shape)}, dtype=torch.int64) in place of input_shape (on the command line: "
        "--integers)"
    )


def _reads_integers(model: nn.Module, inputs: Any) -> bool:
    """Whether a network that fails on floating-point numbers takes whole ones of the same shape."""
    if not isinstance(inputs, Tensor) or not inputs.is_floating_point():
        return False
    try:
        with torch.no_grad():
            model(torch.zeros_like(inputs, dtype=torch.int64))
    except Exception:
        return False
    return True


def example_inputs(example: Any, like: Tensor) -> Any:
    """Check an `example`, and return it on the device of a weight and, where it is floating-point, in its dtype.

    A SparsetopoError says if it is no tensor, tuple or mapping, or holds no tensor.
    """
    if isinstance(example, Mapping) and not all(isinstance(name, str) for name in example):
        raise SparsetopoError("the example's keyword arguments must be named by strings.")
    inputs = mapped(lambda tensor: placed(tensor.detach(), like), _as_tensors(example))
    if not isinstance(inputs, Tensor | tuple | Mapping) or not any(
        True for _ in tensors_in(inputs)
    ):
        raise SparsetopoError(
            "the example must be what the network is called with: a tensor, a tuple of positional "
            f"arguments or a mapping of keyword arguments, got {type(example).__name__}"
            " without a tensor."
        )
    return inputs


def _as_tensors(inputs: Any) -> Any:
    """Turn NumPy arrays in nested tuples, lists and mappings into tensors."""
    if isinstance(inputs, np.ndarray):
        return torch.from_numpy(inputs)
    if isinstance(inputs, Mapping):
        return {name: _as_tensors(value) for name, value in inputs.items()}
    if isinstance(inputs, tuple | list):
        return (
            type(inputs)(_as_tensors(value) for value in inputs)
            if type(inputs) in (tuple, list)
            else inputs
        )
    return inputs


def placed(tensor: Tensor, like: Tensor) -> Tensor:
    """Bring an input to the device of a weight and, if it is floating-point, to its dtype."""
    dtype = like.dtype if tensor.is_floating_point() else tensor.dtype
    return tensor.to(like.device, dtype)


def mapped(function: Callable[[Tensor], Any], inputs: Any) -> Any:
    """Apply a function to every tensor in nested tuples, lists and mappings."""
    if isinstance(inputs, Tensor):
        return function(inputs)
    if isinstance(inputs, Mapping):
        return {name: mapped(function, value) for name, value in inputs.items()}
    if isinstance(inputs, tuple | list):
        values = [mapped(function, value) for value in inputs]
        return values if isinstance(inputs, list) else tuple(values)
    return inputs


def tensors_in(inputs: Any) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists and mappings."""
    if isinstance(inputs, Tensor):
        yield inputs
    elif isinstance(inputs, Mapping):
        for value in inputs.values():
            yield from tensors_in(value)
    elif isinstance(inputs, tuple | list):
        for value in inputs:
            yield from tensors_in(value)


def described(inputs: Any) -> str:
    """Describe inputs by the shapes of their tensors, for messages."""
    shapes = [str(tuple(tensor.shape)) for tensor in tensors_in(inputs)]
    return f"shape{'s' * (len(shapes) != 1)} {', '.join(shapes) or 'none'}"
