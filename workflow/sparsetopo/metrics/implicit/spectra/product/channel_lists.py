"""Lists of one tap, from both ends: their differences, and channels that have equal ones.

Channels of one head of queries or keys have equal lists: each is joined to the same channels, by the
same magnitudes. Their maps are summed and multiplied once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Lists
from sparsetopo.metrics.implicit.compiled import loop

Numbers = NDArray[np.int32]


class Kernel(NamedTuple):
    """Magnitudes of one tap or several, as lists by (tap, core channel) and by (tap, wide channel)."""

    core: Lists
    wide: Lists

    @property
    def num_weights(self) -> int:
        """Number of magnitudes."""
        return len(self.core.ends)


def of_tap(lists: Lists, tap: int, channels: int) -> Lists:
    """Lists of one tap, as views."""
    starts = lists.starts[tap * channels : (tap + 1) * channels + 1]
    entries = slice(starts[0], starts[-1])
    return Lists(starts - starts[0], lists.ends[entries], lists.magnitudes[entries])


def difference(minuend: Kernel, subtrahend: Kernel) -> Kernel:
    """Differences of the magnitudes of two taps; where they are 0 there is no entry."""
    core, wide = (
        Lists(*_difference(first, second))
        for first, second in zip(minuend, subtrahend, strict=True)
    )
    return Kernel(core, wide)


def concatenated(kernels: list[Kernel]) -> Kernel:
    """Lists of several taps behind one another."""
    if len(kernels) == 1:
        return kernels[0]
    ends = []
    for number in range(2):
        lists = [kernel[number] for kernel in kernels]
        lengths = np.concatenate([np.diff(part.starts) for part in lists])
        ends.append(
            Lists(
                np.concatenate([[0], np.cumsum(lengths)]),
                np.concatenate([part.ends for part in lists]),
                np.concatenate([part.magnitudes for part in lists]),
            )
        )
    return Kernel(*ends)


def grouped(kernel: Kernel) -> tuple[Kernel, Numbers | None, Numbers | None]:
    """The kernel of groups of equal channels of one tap, and the group of each core and each wide channel.

    Channels without weights are in no group, -1. Groups are None for an end where they would not save
    half of the weights.
    """
    core, wide = kernel
    core, wide, wide_groups = _grouped(core, wide)
    wide, core, core_groups = _grouped(wide, core)
    return Kernel(core, wide), core_groups, wide_groups


def _grouped(far: Lists, near: Lists) -> tuple[Lists, Lists, Numbers | None]:
    """Both lists with the near channels replaced by groups, and the group of each near channel."""
    lengths = np.diff(near.starts)
    used = np.flatnonzero(lengths)
    _, first, group = np.unique(_digests(near)[used], return_index=True, return_inverse=True)
    kept = used[first]
    if 2 * lengths[kept].sum() > len(near.ends) or not _are_equal(near, used, kept[group]):
        return far, near, None
    groups = np.full(len(lengths), -1, dtype=np.int32)
    groups[used] = group
    is_kept = np.zeros(len(lengths), dtype=bool)
    is_kept[kept] = True
    near_entries = np.concatenate([np.arange(near.starts[at], near.starts[at + 1]) for at in kept])
    far_entries = is_kept[far.ends]
    before = np.concatenate([[0], np.cumsum(far_entries)])
    ends = groups[far.ends[far_entries]]
    # The ends of a list stay ascending only if groups are numbered by their first channels, which
    # the loops do not need.
    return (
        Lists(before[far.starts], ends, far.magnitudes[far_entries]),
        Lists(
            np.concatenate([[0], np.cumsum(lengths[kept])]),
            near.ends[near_entries],
            near.magnitudes[near_entries],
        ),
        groups,
    )


def _digests(lists: Lists) -> NDArray[np.uint64]:
    digests: NDArray[np.uint64] = _digest_loop(
        lists.starts, lists.ends, lists.magnitudes.view(np.uint32)
    )
    return digests


def _are_equal(lists: Lists, one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether lists given by their numbers are equal, pair by pair."""
    return bool(_equality_loop(lists, one, other))


@loop
def _digest_loop(
    starts: NDArray[np.int64], ends: Numbers, bits: NDArray[np.uint32]
) -> NDArray[np.uint64]:
    digests = np.zeros(len(starts) - 1, dtype=np.uint64)
    for number in range(len(digests)):
        digest = np.uint64(14695981039346656037)
        for j in range(starts[number], starts[number + 1]):
            entry = (np.uint64(ends[j]) << np.uint64(32)) | np.uint64(bits[j])
            digest = (digest ^ entry) * np.uint64(1099511628211)
            digest ^= digest >> np.uint64(29)
        digests[number] = digest
    return digests


@loop
def _equality_loop(lists: Lists, one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    starts, ends, magnitudes = lists.starts, lists.ends, lists.magnitudes
    for pair in range(len(one)):
        a, b = starts[one[pair]], starts[other[pair]]
        length = starts[one[pair] + 1] - a
        if starts[other[pair] + 1] - b != length:
            return False
        for j in range(length):
            if ends[a + j] != ends[b + j] or magnitudes[a + j] != magnitudes[b + j]:
                return False
    return True


@loop
def _difference(
    first: Lists, second: Lists
) -> tuple[NDArray[np.int64], Numbers, NDArray[np.float32]]:
    """Merge ascending lists of the same channels, the second ones with the opposite sign."""
    most = len(first.ends) + len(second.ends)
    starts = np.zeros(len(first.starts), dtype=np.int64)
    ends, magnitudes = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.float32)
    size = 0
    for channel in range(len(starts) - 1):
        i, j = first.starts[channel], second.starts[channel]
        stop_i, stop_j = first.starts[channel + 1], second.starts[channel + 1]
        while i < stop_i or j < stop_j:
            has_first = j == stop_j or (i < stop_i and first.ends[i] <= second.ends[j])
            has_second = i == stop_i or (j < stop_j and second.ends[j] <= first.ends[i])
            value = np.float64(0)
            end = first.ends[i] if has_first else second.ends[j]
            if has_first:
                value += first.magnitudes[i]
                i += 1
            if has_second:
                value -= second.magnitudes[j]
                j += 1
            if value != 0:
                ends[size], magnitudes[size] = end, value
                size += 1
        starts[channel + 1] = size
    return starts, ends[:size].copy(), magnitudes[:size].copy()
