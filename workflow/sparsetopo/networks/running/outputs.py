"""The logits among whatever a network returns."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from sparsetopo.errors import SparsetopoError


def logits(output: Any, count: int | None = None) -> Tensor:
    """Find the logits: the output itself, what is named "logits" in it, or its first tensor of shape (N, classes).

    Looked into are tuples, lists, mappings, named tuples, dataclasses and other objects with an attribute "logits",
    however nested. Integer tensors are no logits.

    Parameters
    ----------
    output
        What the network returned.
    count
        Number of samples N that it was given, if known.

    Raises
    ------
    SparsetopoError
        If there are none; it says what the network returns.

    Examples
    --------
    >>> import torch
    >>> scores = torch.zeros(8, 10)
    >>> logits({"features": torch.ones(8, 64), "logits": scores}) is scores
    True
    >>> logits((scores, torch.ones(8, 64))) is scores
    True
    """
    if isinstance(output, Tensor):
        return output
    named = _named(output)
    if named is not None:
        return named
    if _has_boxes(output):
        raise SparsetopoError(
            f"the network returns {_described(output)} with 'boxes': detection models have no logits of whole images."
        )
    for tensor in tensors(output):
        if tensor.ndim == 2 and tensor.is_floating_point() and count in (None, len(tensor)):
            return tensor
    raise SparsetopoError(
        f"the network returns {_described(output)}, in which nothing is named 'logits' and no "
        "floating-point tensor has the shape (N, classes): wrap it in a module that returns its logits, one row of "
        "scores a sample."
    )


def _named(output: Any) -> Tensor | None:
    """What is named "logits", first at the surface, then deeper."""
    found = output.get("logits") if isinstance(output, Mapping) else getattr(output, "logits", None)
    if isinstance(found, Tensor):
        return found
    inner = (_named(part) for part in _parts(output) if not isinstance(part, Tensor))
    return next((tensor for tensor in inner if tensor is not None), None)


def _has_boxes(output: Any) -> bool:
    return (isinstance(output, Mapping) and "boxes" in output) or any(
        map(_has_boxes, _parts(output))
    )


def tensors(output: Any) -> Iterator[Tensor]:
    """All tensors in what a network returned: in tuples, lists, mappings and dataclasses, however nested."""
    if isinstance(output, Tensor):
        yield output
    for part in _parts(output):
        yield from tensors(part)


def _parts(output: Any) -> list[Any]:
    """What a container holds, in its order; nothing for other objects."""
    if isinstance(output, Tensor):
        return []
    if isinstance(output, Mapping):
        return list(output.values())
    if isinstance(output, tuple | list):
        return list(output)
    if dataclasses.is_dataclass(output) and not isinstance(output, type):
        return [getattr(output, field.name) for field in dataclasses.fields(output)]
    return []


def _described(output: Any) -> str:
    shapes = ", ".join(
        f"{str(t.dtype).removeprefix('torch.')} {tuple(t.shape)}" for t in tensors(output)
    )
    return f"a {type(output).__name__} {'of ' + shapes if shapes else 'without a tensor'}"
