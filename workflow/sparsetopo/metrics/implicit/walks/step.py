"""One step of a walk: a bundle as seen from the node layer where the walk begins or ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.bundles.incidence import Incidence, Lookup
from sparsetopo.metrics.implicit.walks.loops import list_range, set_ones


@dataclass(frozen=True, eq=False)
class Step:
    """The edges between an end layer and a middle layer, whichever way they point."""

    bundle: Bundle
    end_is_source: bool

    def from_middle(self, incidence: Incidence) -> Lookup:
        """Incidence of the bundle along one axis, as seen from the middle layer."""
        return incidence.from_targets if self.end_is_source else incidence.from_sources

    def middle_channels(self, channels: range) -> range:
        """Range of the middle channels that some channels of the end layer are joined to."""
        begin, end = self._listed(channels)
        lists = self._lists
        low, high = list_range(lists.starts, lists.ends, len(self._end_channels), begin, end)
        return range(low + self._middle_channel, high + self._middle_channel)

    def pattern(self, channels: range, middle: range) -> NDArray[np.float32]:
        """(taps, end channels, middle channels) array of 1 where a weight is kept, else 0."""
        ones = np.zeros((self.bundle.num_taps, len(channels), len(middle)), dtype=np.float32)
        begin, end = self._listed(channels)
        set_ones(
            ones,
            begin + self._end_channels.start - channels.start,
            self._middle_channel - middle.start,
            self._lists.starts,
            self._lists.ends,
            len(self._end_channels),
            begin,
            end,
        )
        return ones

    @property
    def _lists(self) -> Lists:
        """Channels of the middle layer by (tap, channel of the end layer)."""
        return self.bundle.forward if self.end_is_source else self.bundle.backward

    @property
    def _end_channels(self) -> range:
        """Channels of the end layer that the lists are of."""
        bundle = self.bundle
        if self.end_is_source:
            return range(bundle.source_channel, bundle.source_channel + bundle.source_channels)
        return range(bundle.target_channel, bundle.target_channel + bundle.target_channels)

    @property
    def _middle_channel(self) -> int:
        """Channel of the middle layer that the lists call 0."""
        return self.bundle.target_channel if self.end_is_source else self.bundle.source_channel

    def _listed(self, channels: range) -> tuple[int, int]:
        """The lists of some channels of the end layer: first one, and the one after the last."""
        known = self._end_channels
        begin = max(channels.start - known.start, 0)
        return begin, max(min(channels.stop - known.start, len(known)), begin)
