"""Spatial incidence along one axis: which positions a pooled, padded or convolved position reads.

A *window list* has, for each position of a value, the positions of the node layer from which it was made. Maximum and
average pooling are the same here: a pooled position depends on every position of its window.
"""

from functools import lru_cache

Windows = tuple[tuple[int, ...], ...]


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
