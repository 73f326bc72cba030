"""Which additions unite what they add into one node layer (``docs/graph.md``, section 1).

An operand is *fresh* if its elements are all outputs of one operation with weights (or of such an addition), each of
them once, and nothing else reads them. An addition unites its fresh operands. Of its others, those whose units are all
read elsewhere too are identity shortcuts. Those that only the sum reads (pooled, gated, one step of a sequence) are
*beside*: who reads the sum reads them too, or they would be lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.planning.recording import (
    Convolution,
    Elements,
    Input,
    Matrix,
    Recording,
    Run,
    Site,
    Union,
    as_array,
    without_repetitions,
)


@dataclass(frozen=True)
class United:
    """An addition that unites its `fresh` operands."""

    fresh: tuple[Elements, ...]
    shortcuts: tuple[Elements, ...]
    beside: tuple[Elements, ...]


def united_additions(recording: Recording, live: list[bool]) -> dict[int, United]:
    """Additions that unite their operands, by the number of their site."""
    sites = [site for site in recording.sites if live[site.number]]
    sums = [site for site in sites if isinstance(site.kind, Union) and site.kind.is_sum]
    if not sums:
        return {}
    readers = _Readers(recording, sites)
    found: dict[int, United] = {}
    for site in sums:
        fresh = [operand for operand in site.operands if readers.is_fresh(operand, found)]
        if not fresh:
            continue
        others = [operand for operand in site.operands if not any(operand is one for one in fresh)]
        shortcuts = [operand for operand in others if readers.is_read_elsewhere(operand)]
        beside = [operand for operand in others if not any(operand is one for one in shortcuts)]
        found[site.number] = United(tuple(fresh), tuple(shortcuts), tuple(beside))
    return found


class _Readers:
    """How many live operations and outputs read each element, counted up to 2."""

    def __init__(self, recording: Recording, sites: list[Site]) -> None:
        self._recording = recording
        self._counts: dict[int, NDArray[np.uint8]] = {}
        self._elsewhere: dict[int, bool] = {}
        for site in sites:
            for operand in (*site.operands, *site.unread):
                self._count(operand)
        for output in recording.outputs:
            self._count(output)

    def is_fresh(self, operand: Elements, united: dict[int, United]) -> bool:
        """Whether an addition may unite the operand."""
        numbers = self._recording.sites_in(operand)
        if len(numbers) != 1:
            return False
        site = self._recording.sites[numbers[0]]
        unites = site.number in united and not united[site.number].beside
        if not (isinstance(site.kind, Matrix | Convolution) or unites):
            return False
        if as_array(operand).size != site.size or not self._is_once(operand, site):
            return False
        return bool((self._counts[site.number] == 1).all())

    def _is_once(self, operand: Elements, site: Site) -> bool:
        """Whether every element of a site occurs in an operand, which has as many."""
        if isinstance(operand, Run):
            return True
        local = _local(operand, site)
        if isinstance(local, slice) or local.size != site.size or (local < 0).any():
            return False
        marks = np.zeros(site.size, dtype=bool)
        marks[local] = True
        return bool(marks.all())

    def is_read_elsewhere(self, operand: Elements) -> bool:
        """Whether all that an operand is made of is read by others too."""
        for number in self._recording.sites_in(operand):
            site = self._recording.sites[number]
            local = _local(operand, site)
            counts = self._counts[number]
            single = counts[local] if isinstance(local, slice) else counts[local[local >= 0]]
            if (single < 2).any() and not self._is_made_of_shared(site):
                return False
        return True

    def _is_made_of_shared(self, site: Site) -> bool:
        if site.number not in self._elsewhere:
            derived = not isinstance(site.kind, Matrix | Convolution | Input)
            self._elsewhere[site.number] = derived and all(
                self.is_read_elsewhere(operand) for operand in site.operands
            )
        return self._elsewhere[site.number]

    def _count(self, operand: Elements) -> None:
        for number in self._recording.sites_in(operand):
            site = self._recording.sites[number]
            counts = self._counts.setdefault(number, np.zeros(site.size, dtype=np.uint8))
            local = _local(operand, site)
            if isinstance(local, slice):
                counts[local] = np.minimum(counts[local] + 1, 2)
            else:
                marks = np.zeros(site.size, dtype=bool)
                marks[local[local >= 0]] = True
                counts[marks] = np.minimum(counts[marks] + 1, 2)


def _local(operand: Elements, site: Site) -> "slice | NDArray[np.int64]":
    """Places of an operand's elements in a site, in order; -1 for elements of others."""
    if isinstance(operand, Run):
        start = max(operand.start - site.start, 0)
        stop = min(operand.start + operand.size - site.start, site.size)
        return slice(start, stop)
    local = without_repetitions(as_array(operand)).ravel() - site.start
    return np.where((local >= 0) & (local < site.size), local, -1)
