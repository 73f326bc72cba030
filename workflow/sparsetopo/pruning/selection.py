"""Which weights are kept, given scores: exact counts, deterministic ties. NumPy only."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import SparsetopoError


def checked_sparsity(sparsity: float | str) -> float:
    """Return the sparsity as a number; a SparsetopoError if it is not one in (0, 1)."""
    try:
        value = math.nan if isinstance(sparsity, bool) else float(sparsity)
    except (TypeError, ValueError):
        value = math.nan
    if not 0.0 < value < 1.0:
        raise SparsetopoError(
            f"the sparsity must be a number between 0 and 1, both excluded, got {sparsity!r}."
        )
    return value


def number_kept(total: int, sparsity: float) -> int:
    """Return how many of `total` weights are kept: round(total * (1 - sparsity))."""
    return round(total * (1.0 - sparsity))


def largest(scores: Mapping[str, NDArray[np.floating]], kept: int) -> dict[str, NDArray[np.bool_]]:
    """Keep the `kept` largest scores over all layers together.

    Equal scores are kept in the order of the layers and of the flat index within a layer, so a
    smaller `kept` always gives a subset. All layers have the same dtype; a SparsetopoError says if
    a score is NaN or infinite.
    """
    check_finite(scores)
    flat = np.concatenate([np.ravel(array) for array in scores.values()])
    return split(largest_of(flat, kept), {name: array.shape for name, array in scores.items()})


def largest_of(flat: NDArray[np.floating], kept: int) -> NDArray[np.bool_]:
    """Mark the `kept` largest of a flat array of finite numbers, the first of equals first.

    The linear-time equivalent of the first `kept` entries of a stable descending argsort.
    """
    if not 0 <= kept <= flat.size:
        raise ValueError(f"cannot keep {kept} of {flat.size} weights")
    if kept == 0:
        return np.zeros(flat.size, dtype=bool)
    # The threshold is one of the numbers themselves, so both comparisons are exact.
    threshold = np.partition(flat, flat.size - kept)[flat.size - kept]
    chosen = flat > threshold
    ties = np.flatnonzero(flat == threshold)
    chosen[ties[: kept - np.count_nonzero(chosen)]] = True
    return chosen


def largest_per_layer(
    scores: Mapping[str, NDArray[np.floating]], kept: Mapping[str, int]
) -> dict[str, NDArray[np.bool_]]:
    """Keep the `kept[name]` largest scores of every layer; ties as in `largest`."""
    return {
        name: largest({name: array}, kept[name])[name]  # one layer at a time
        for name, array in scores.items()
    }


def check_finite(scores: Mapping[str, NDArray[np.floating]]) -> None:
    """Raise a SparsetopoError that names the first layer with a score that is NaN or infinite."""
    for name, array in scores.items():
        bad = int(np.count_nonzero(~np.isfinite(array)))
        if bad:
            raise SparsetopoError(
                f"{bad} of {array.size} pruning scores of layer '{name}' are NaN or infinite: "
                "check that the network's weights and the images are finite, "
                "and not so large that its outputs overflow."
            )


def check_nonzero(
    algorithm: str, scores: Mapping[str, NDArray[np.floating]], zero: Sequence[str]
) -> None:
    """Raise a SparsetopoError if all scores of a layer are exactly zero: nothing then orders its weights.

    It names the layers, and what makes zeros: parameters that are zero themselves, `zero`, or dead units.
    """
    silent = [name for name, array in scores.items() if not np.any(array)]
    if not silent:
        return
    few = ", ".join(f"'{name}'" for name in silent[:3]) + (", ..." if len(silent) > 3 else "")
    where = f"of {len(silent)} of {len(scores)} layers ({few}) are exactly zero"
    if zero:
        others = f" (and {len(zero) - 1} more)" if len(zero) > 1 else ""
        raise SparsetopoError(
            f"all {algorithm} scores {where}, since '{zero[0]}'{others} is all zero: give zero-initialised classifiers "
            "and scales of normalisation other values before scoring."
        )
    raise SparsetopoError(
        f"all {algorithm} scores {where}, so nothing tells which of their weights to keep: look for dead units (a ReLU "
        "that is never positive), images that are all black, and outputs that are saturated, or made to sum to a "
        "constant."
    )


def split(
    flat: NDArray[np.bool_], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[np.bool_]]:
    """Cut a flat array into layers of the given shapes, in their order."""
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])
    return {
        name: part.reshape(shape)
        for (name, shape), part in zip(shapes.items(), np.split(flat, ends[:-1]), strict=True)
    }


def apportion(quotas: Sequence[float], sizes: Sequence[int], total: int) -> list[int]:
    """Round quotas to whole numbers that sum to `total`: the largest-remainder method, with caps.

    Every quota, the exact share of a layer, is rounded down. Then the layers with the largest
    fractional parts (the first of equals) get one more each until the total is met; no layer gets
    more than its size. The quotas must sum to `total` up to rounding errors.
    """
    if not 0 <= total <= sum(sizes):
        raise ValueError(f"cannot apportion {total} among layers of {list(sizes)}")
    counts = [
        min(math.floor(quota), size) if quota > 0 else 0
        for quota, size in zip(quotas, sizes, strict=True)
    ]
    by_remainder = sorted(range(len(sizes)), key=lambda layer: counts[layer] - quotas[layer])
    missing = total - sum(counts)
    if missing < 0:
        raise ValueError(f"quotas {list(quotas)} sum to more than {total}")
    while missing:
        for layer in by_remainder:
            if missing and counts[layer] < sizes[layer]:
                counts[layer] += 1
                missing -= 1
    return counts
