"""How much two masks of one network agree, beside what chance would give. Torch-free."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import MaskError

WHOLE = "all layers"
"""Name of the record of the whole masks."""

_Counts = tuple[int, int, int, int]
Arrays = Mapping[str, NDArray[np.bool_]]


def overlap_records(first: Arrays, second: Arrays) -> list[dict[str, Any]]:
    """Overlap of two masks: a record of the whole masks, then one for each layer.

    Parameters
    ----------
    first, second
        {parameter name: bool array, True where the weight is kept}, of the same layers and shapes.

    Returns
    -------
    list of dict
        layer, weights (all of them), kept_a, kept_b, shared (kept by both), iou (shared, of those that either keeps:
        the Jaccard index; None if neither keeps any), iou_random: the iou of two masks that keep as many weights
        of each layer, at random, if they share as many as is expected, kept_a * kept_b / weights in each layer.

    Raises
    ------
    MaskError
        If the masks are not of the same layers or shapes.

    Examples
    --------
    >>> first, second = np.array([True, True, False, False]), np.array([True, False, True, False])
    >>> records = overlap_records({"fc": first}, {"fc": second})
    >>> [(record["layer"], round(record["iou"], 3), round(record["iou_random"], 3)) for record in records]
    [('all layers', 0.333, 0.333), ('fc', 0.333, 0.333)]
    """
    if first.keys() != second.keys():
        lonely = sorted(first.keys() ^ second.keys())
        raise MaskError(
            f"only one of the masks has the layer '{lonely[0]}'; masks of one network have the same layers."
        )
    counts = {name: _counts(name, first[name], second[name]) for name in first}
    expected = {name: _expected(own) for name, own in counts.items()}
    weights, kept, others, both = (sum(own[place] for own in counts.values()) for place in range(4))
    whole = _record(WHOLE, (weights, kept, others, both), sum(expected.values()))
    return [whole, *(_record(name, own, expected[name]) for name, own in counts.items())]


def _counts(name: str, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> _Counts:
    """Number of weights, of those that each keeps, and of those that both keep."""
    if first.shape != second.shape:
        raise MaskError(
            f"the masks of '{name}' have shapes {first.shape} and {second.shape}; masks of one network have the same."
        )
    both = int(np.count_nonzero(first & second))
    return first.size, int(np.count_nonzero(first)), int(np.count_nonzero(second)), both


def _expected(counts: _Counts) -> float:
    """Mean of the number that two random masks share (a hypergeometric distribution's)."""
    weights, first, second, _ = counts
    return first * second / weights if weights else 0.0


def _record(name: str, counts: _Counts, expected: float) -> dict[str, Any]:
    weights, first, second, shared = counts
    return {
        "layer": name,
        "weights": weights,
        "kept_a": first,
        "kept_b": second,
        "shared": shared,
        "iou": _iou(first, second, shared),
        "iou_random": _iou(first, second, expected),
    }


def _iou(first: int, second: int, shared: float) -> float | None:
    return shared / (first + second - shared) if first + second else None
