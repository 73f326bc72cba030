"""Erdos-Renyi layer densities: how many weights each layer keeps."""

import math
from collections.abc import Mapping

import numpy as np

from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning.selection import apportion

# When the released search is content, in weights, and how its steps shrink.
_CLOSE, _SHRINKING = 5, 0.95


def unnormalised_density(shape: tuple[int, ...], *, kernel: bool) -> float:
    """Density of a layer, up to the common factor of all layers.

    Mocanu et al., "Scalable training of artificial neural networks with adaptive sparse
    connectivity inspired by network science" (Nature Communications 2018), equation 1: (n_in +
    n_out) / (n_in * n_out). With `kernel`, Evci et al., "Rigging the lottery" (ICML 2020), section
    3: (n_in + n_out + k_h + k_w) / (n_in * n_out * k_h * k_w). The shape is (out, in, *kernel) of
    the weight, with `in` that of one group of a grouped convolution.
    """
    dimensions = shape if kernel else shape[:2]
    return sum(dimensions) / math.prod(dimensions)


def densities(
    unnormalised: Mapping[str, float], sizes: Mapping[str, int], kept: int
) -> dict[str, float]:
    """Scale densities by a common factor such that `kept` weights stay in all.

    A layer whose density would exceed 1 keeps everything, and the common factor of the others is
    raised until the total is met.
    """
    full: set[str] = set()
    while True:
        open_layers = [name for name in unnormalised if name not in full]
        if not open_layers:
            return dict.fromkeys(unnormalised, 1.0)
        left = kept - sum(sizes[name] for name in full)
        factor = left / sum(unnormalised[name] * sizes[name] for name in open_layers)
        saturated = {name for name in open_layers if factor * unnormalised[name] > 1.0}
        if not saturated:
            return {n: 1.0 if n in full else factor * unnormalised[n] for n in unnormalised}
        full |= saturated


def layer_counts(
    shapes: Mapping[str, tuple[int, ...]], kept: int, *, kernel: bool
) -> dict[str, int]:
    """Return how many weights every layer keeps, `kept` in all (rounded by largest remainder)."""
    sizes, unnormalised = _sizes_and_densities(shapes, kernel)
    found = densities(unnormalised, sizes, kept)
    quotas = [found[name] * sizes[name] for name in shapes]
    return dict(zip(shapes, apportion(quotas, list(sizes.values()), kept), strict=True))


def released_layer_counts(shapes: Mapping[str, tuple[int, ...]], sparsity: float) -> dict[str, int]:
    """Return how many weights every layer keeps in the masks released with the multipartite-graph paper.

    Their program searches a factor of the sums of the layers' shapes by steps that shrink. It does not see that a layer
    cannot keep more weights than it has, and takes one step more when it has found the factor, up or down by what the
    steps have come to: the total may be a fifth off. Fractions are rounded by largest remainder, to the nearest total.
    SparsetopoError if the steps shrink to nothing before the factor is found.
    """
    sums = {name: sum(shape) for name, shape in shapes.items()}
    sizes = [math.prod(shape) for shape in shapes.values()]
    wanted = sum(sizes) * (1 - sparsity)  # not rounded: the last step may depend on the fraction
    factor, step, is_found = 10.0, 0.5, False
    while not is_found:
        if step < np.finfo(float).eps:
            raise SparsetopoError(
                f"the released search for ER's densities does not find {wanted:,.0f} weights in {len(sizes)} layer(s) "
                f"of {sum(sizes):,}: take 'allocation: exact'."
            )
        total = factor * sum(sums.values())
        is_found = abs(total - wanted) <= _CLOSE
        factor *= 1 - step if total > wanted else 1 + step
        step *= _SHRINKING
    quotas = [min(factor * own, size) for own, size in zip(sums.values(), sizes, strict=True)]
    return dict(zip(shapes, apportion(quotas, sizes, round(sum(quotas))), strict=True))


def _sizes_and_densities(
    shapes: Mapping[str, tuple[int, ...]], kernel: bool
) -> tuple[dict[str, int], dict[str, float]]:
    return (
        {name: math.prod(shape) for name, shape in shapes.items()},
        {name: unnormalised_density(shape, kernel=kernel) for name, shape in shapes.items()},
    )
