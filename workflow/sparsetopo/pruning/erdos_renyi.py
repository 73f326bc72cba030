"""Erdos-Renyi layer densities: how many weights each layer keeps."""

import math
from collections.abc import Mapping

from sparsetopo.pruning.selection import apportion


def wish(shape: tuple[int, ...], *, kernel: bool) -> float:
    """Density a layer asks for, up to a common factor.

    Mocanu et al., "Scalable training of artificial neural networks with adaptive sparse
    connectivity inspired by network science" (Nature Communications 2018), equation 1: (n_in +
    n_out) / (n_in * n_out). With `kernel`, Evci et al., "Rigging the lottery" (ICML 2020), section
    3: (n_in + n_out + k_h + k_w) / (n_in * n_out * k_h * k_w).

    Parameters
    ----------
    shape
        (out, in, *kernel) of the weight; `in` is that of one group of a grouped convolution.
    kernel
        Whether the kernel's sizes count.
    """
    dimensions = shape if kernel else shape[:2]
    return sum(dimensions) / math.prod(dimensions)


def densities(wishes: Mapping[str, float], sizes: Mapping[str, int], kept: int) -> dict[str, float]:
    """Return densities proportional to the wishes that keep `kept` weights in all.

    A layer whose density would pass 1 keeps everything, and the common factor of the others is
    raised until the total is met.

    Parameters
    ----------
    wishes
        Positive wish of every layer.
    sizes
        Number of weights of every layer.
    kept
        Number of weights to keep, at most the sum of the sizes.
    """
    full: set[str] = set()
    while True:
        open_layers = [name for name in wishes if name not in full]
        if not open_layers:
            return dict.fromkeys(wishes, 1.0)
        left = kept - sum(sizes[name] for name in full)
        factor = left / sum(wishes[name] * sizes[name] for name in open_layers)
        saturated = {name for name in open_layers if factor * wishes[name] > 1.0}
        if not saturated:
            return {name: 1.0 if name in full else factor * wishes[name] for name in wishes}
        full |= saturated


def layer_counts(
    shapes: Mapping[str, tuple[int, ...]], kept: int, *, kernel: bool
) -> dict[str, int]:
    """Return how many weights every layer keeps, `kept` in all (rounded by largest remainder)."""
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    wishes = {name: wish(shape, kernel=kernel) for name, shape in shapes.items()}
    found = densities(wishes, sizes, kept)
    quotas = [found[name] * sizes[name] for name in shapes]
    return dict(zip(shapes, apportion(quotas, list(sizes.values()), kept), strict=True))


def clipped_layer_counts(
    shapes: Mapping[str, tuple[int, ...]], kept: int, *, kernel: bool
) -> dict[str, int]:
    """Return how many weights every layer keeps if what full layers cannot take is lost.

    The common factor is that which would keep `kept` weights if no layer were full; a layer whose
    density would pass 1 keeps everything, and the others get no more for it.
    """
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    wishes = {name: wish(shape, kernel=kernel) for name, shape in shapes.items()}
    factor = kept / sum(wishes[name] * sizes[name] for name in shapes)
    return {name: round(min(1.0, factor * wishes[name]) * sizes[name]) for name in shapes}
