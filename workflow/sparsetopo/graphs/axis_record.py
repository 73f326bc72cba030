"""An axis as few numbers: rectangles of source and target positions that one tap joins completely."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan_parts import Axis

# No network has more triples along one axis; a file that says so is not unpacked.
_MOST_TRIPLES = 2**28


def axis_record(axis: Axis) -> list[list[int]]:
    """Rectangles (first source, sources, tap, first target, targets) of an axis; none overlap.

    Examples
    --------
    >>> axis_record(Axis.of([0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 1]))
    [[0, 2, 0, 0, 2]]
    """
    order = np.lexsort((axis.sources, axis.targets, axis.taps))
    rows = np.stack([axis.taps, axis.targets, axis.sources], axis=1).astype(np.int64)[order]
    # Runs of sources for each tap and target, then runs of targets with equal ones.
    tap, target, source, sources = _runs(rows[:, :2], rows[:, 2]).T
    order = np.lexsort((target, sources, source, tap))
    keys = np.stack([tap, source, sources], axis=1)[order]
    merged = _runs(keys, target[order])
    return [[s, n, t, first, m] for t, s, n, first, m in merged.tolist()]


def _runs(keys: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """(runs, keys + 2): key, first value and length of each run of consecutive values with equal keys."""
    fresh = np.ones(len(values), dtype=bool)
    fresh[1:] = (np.diff(keys, axis=0) != 0).any(axis=1) | (np.diff(values) != 1)
    starts = np.flatnonzero(fresh)
    lengths = np.diff(np.append(starts, len(values)))
    return np.column_stack([keys[starts], values[starts], lengths])


def axis_from_record(record: Any) -> Axis:
    """The axis of a record of `axis_record`; ValueError or TypeError if it is none."""
    rectangles = np.array(record, dtype=np.int64).reshape(-1, 5)
    source, sources, tap, target, targets = rectangles.T
    if (rectangles < 0).any() or float((sources * 1.0) @ (targets * 1.0)) > _MOST_TRIPLES:
        raise ValueError("rectangles of an axis that are negative or too many")
    counts = sources * targets
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    across, along = np.divmod(within, np.repeat(sources, counts))
    triples = (
        np.repeat(source, counts) + along,
        np.repeat(tap, counts),
        np.repeat(target, counts) + across,
    )
    order = np.lexsort((triples[1], triples[0], triples[2]))
    first, second, third = (values[order].astype(np.int32) for values in triples)
    return Axis(first, second, third)
