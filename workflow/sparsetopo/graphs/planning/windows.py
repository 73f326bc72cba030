"""Spatial incidence along one axis: which positions a pooled, padded or convolved position reads.

A *window list* has, for each position of a value, the positions of the node layer from which it was made. Maximum and
average pooling are the same here: a pooled position depends on every position of its window.
"""

from collections.abc import Iterable
from functools import lru_cache

Windows = tuple[tuple[int, ...], ...]
Triple = tuple[int, int, int]


@lru_cache(maxsize=1024)
def identity(size: int) -> Windows:
    """Each position reads itself."""
    return tuple((position,) for position in range(size))


@lru_cache(maxsize=1024)
def everything(size: int) -> Windows:
    """One position that reads the whole axis (global pooling)."""
    return (tuple(range(size)),)


@lru_cache(maxsize=4096)
def sliding(
    size: int, kernel: int, stride: int, padding: int, dilation: int, outputs: int
) -> Windows:
    """Windows of a pooling layer; with ceil_mode the last one may extend beyond the edge."""
    return tuple(
        tuple(
            position
            for position in (target * stride - padding + tap * dilation for tap in range(kernel))
            if 0 <= position < size
        )
        for target in range(outputs)
    )


@lru_cache(maxsize=1024)
def adaptive(size: int, outputs: int) -> Windows:
    """Windows of adaptive pooling: [floor(t*size/outputs), ceil((t+1)*size/outputs))."""
    return tuple(
        tuple(range(target * size // outputs, -(-(target + 1) * size // outputs)))
        for target in range(outputs)
    )


def gather(positions: Iterable[int | None]) -> Windows:
    """Each position reads one position, or none (a constant, such as zero padding)."""
    return tuple(() if position is None else (position,) for position in positions)


@lru_cache(maxsize=4096)
def compose(outer: Windows, inner: Windows) -> Windows:
    """Windows of `outer` over a value whose own windows are `inner` (sorted unions)."""
    return tuple(
        inner[window[0]]
        if len(window) == 1
        else tuple(sorted({source for position in window for source in inner[position]}))
        for window in outer
    )


def convolution(
    windows: Windows, kernel: int, stride: int, padding: int, dilation: int, outputs: int
) -> list[Triple]:
    """Triples (source, tap, target) of a convolution, without taps on padding."""
    size = len(windows)
    return [
        (source, tap, target)
        for target in range(outputs)
        for tap in range(kernel)
        if 0 <= (position := target * stride - padding + tap * dilation) < size
        for source in windows[position]
    ]


def transposed_convolution(
    windows: Windows, kernel: int, stride: int, padding: int, dilation: int, outputs: int
) -> list[Triple]:
    """Triples of a transposed convolution: position i contributes to i*stride - padding + tap*dilation."""
    return [
        (source, tap, target)
        for position, window in enumerate(windows)
        for tap in range(kernel)
        if 0 <= (target := position * stride - padding + tap * dilation) < outputs
        for source in window
    ]


def full_kernel(windows: Windows) -> list[Triple]:
    """Triples of a linear layer over a flattened map: tap = position, one target."""
    return [(source, tap, 0) for tap, window in enumerate(windows) for source in window]


def pointwise(windows: Windows) -> list[Triple]:
    """Triples of an identity shortcut: tap 0 from every position of the window."""
    return [(source, 0, target) for target, window in enumerate(windows) for source in window]


@lru_cache(maxsize=1024)
def shifted(windows: Windows, offset: int) -> Windows:
    """Move the source positions by `offset` (the frame above or left of the input)."""
    return tuple(tuple(source + offset for source in window) for window in windows)
