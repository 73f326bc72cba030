"""Counting the walks of two steps along one spatial axis, from one first position and tap at a time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.incidence import Lookup
from sparsetopo.metrics.implicit.compiled import loop


class CountedWalks(NamedTuple):
    """Distinct walks (first position, first tap, last position, last tap), and how many middle positions each has."""

    firsts: NDArray[np.int64]
    first_taps: NDArray[np.int64]
    lasts: NDArray[np.int64]
    last_taps: NDArray[np.int64]
    times: NDArray[np.int64]


def count_walks(first: Lookup, last: Lookup) -> CountedWalks:
    """Count the walks between two layers, given what both are to the middle layer.

    Memory is taken for distinct walks only: where every position is joined to every other, T of them, T^3 walks are
    counted but at most T^2 are distinct for each pair of taps.
    """
    order = np.lexsort((first.taps, first.ends))
    starting = first.ends[order].astype(np.int64) * first.num_taps + first.taps[order]
    groups, begins = np.unique(starting, return_index=True)
    length = 1 + int(last.ends.max(initial=0))
    numbers, slots, times = _count(
        np.append(begins, len(order)),
        first.positions[order],
        last.starts,
        last.taps,
        last.ends,
        np.zeros(last.num_taps * length, dtype=np.int64),
        length,
    )
    firsts, first_taps = np.divmod(groups[numbers], first.num_taps)
    last_taps, lasts = np.divmod(slots, length)
    return CountedWalks(firsts, first_taps, lasts, last_taps, times)


@loop
def _count(
    begins: NDArray[np.int64],
    middles: NDArray[np.int32],
    starts: NDArray[np.int32],
    taps: NDArray[np.int32],
    ends: NDArray[np.int32],
    counts: NDArray[np.int64],
    length: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(group, slot, number of walks) of all that occur, where a slot is a last tap and position.

    Group g starts with the middle positions ``middles[begins[g]:begins[g + 1]]``. `counts` are zeros, one a slot.
    """
    found = np.empty((3, 1024), dtype=np.int64)
    touched = np.empty(len(counts), dtype=np.int64)
    size = 0
    for group in range(len(begins) - 1):
        number = 0
        for middle in middles[begins[group] : begins[group + 1]]:
            for entry in range(starts[middle], starts[middle + 1]):
                slot = taps[entry] * length + ends[entry]
                if counts[slot] == 0:
                    touched[number] = slot
                    number += 1
                counts[slot] += 1
        if size + number > found.shape[1]:
            larger = np.empty((3, 2 * (size + number)), dtype=np.int64)
            larger[:, :size] = found[:, :size]
            found = larger
        for slot in touched[:number]:
            found[0, size], found[1, size], found[2, size] = group, slot, counts[slot]
            counts[slot] = 0
            size += 1
    return found[0, :size], found[1, :size], found[2, :size]
