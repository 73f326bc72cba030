"""Node layers: where each element of a weighted operation's result lies in one.

Mostly a result is a node layer, in its own order. Where an addition unites several results, they share a node layer,
which has the order of the first of them.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sparsetopo.graphs.planning.additions import United
from sparsetopo.graphs.planning.boxes import boxes
from sparsetopo.graphs.planning.grids import Grid, Grids
from sparsetopo.graphs.planning.recording import CONSTANT, Ids, Recording, Site, as_array


@dataclass
class Leaf:
    """A node layer under construction.

    `position` is the operation that determines its order, `names` are those of what it is made of. `units` gives, for
    an addition's node layer, the place of each element of the sum in the layer (-1: not known yet).
    """

    number: int
    channels: int
    height: int
    width: int
    position: int
    grid: Grid
    names: list[str] = field(default_factory=list)
    units: Ids | None = None

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.channels * self.height * self.width


@dataclass(frozen=True)
class Target:
    """A part of an operation's results that lies in one node layer, as a box.

    The part has the results' channels `channels`, which are the leaf's from `first` on; the results' row y is the
    leaf's row rows[y], or outside of the part (-1), and columns likewise.
    """

    leaf: Leaf
    channels: range
    first: int
    rows: Ids
    columns: Ids


class Layers:
    """The node layers of a network, made as its operations are resolved, in order."""

    def __init__(self, recording: Recording, united: dict[int, United], grids: Grids) -> None:
        self._recording = recording
        self._grids = grids
        self.leaves: list[Leaf] = []
        self._of_sum: dict[int, Leaf] = {}
        # For every site that an addition unites with others: the addition, and where its elements are in the sum.
        self._owners: dict[int, tuple[int, Ids]] = {}
        for number, addition in united.items():
            for operand in addition.fresh:
                (made,) = recording.sites_in(operand)
                site = recording.sites[made]
                places = np.empty(site.size, dtype=np.int64)
                places[as_array(operand).ravel() - site.start] = np.arange(site.size)
                self._owners[made] = number, places

    def new(self, channels: int, height: int, width: int, position: int, name: str) -> Leaf:
        """Make a node layer."""
        number = len(self.leaves)
        grid = self._grids.of_leaf(number, channels, height, width)
        leaf = Leaf(number, channels, height, width, position, grid, [name])
        self.leaves.append(leaf)
        return leaf

    def of_sum(self, site: Site) -> tuple[Leaf, Ids]:
        """Node layer of an addition that unites its operands, and for each element of the sum its place there."""
        number, places = self._owned(site)
        leaf = self._of_sum[number]
        assert leaf.units is not None
        return leaf, leaf.units[places].reshape(site.shape)

    def targets(self, site: Site, places: Ids, name: str) -> tuple[list[Target], Ids]:
        """Node layers of an operation's results, and the grid number of each result.

        `places` are the numbers of the results, (channels, rows, columns), in the order that the node layer shall have;
        the numbers come back in the site's shape.
        """
        numbers = np.full(site.size, CONSTANT, dtype=np.int64)
        if site.number not in self._owners:
            channels, height, width = places.shape
            leaf = self.new(channels, height, width, site.number, name)
            numbers[places.ravel()] = leaf.grid.start + np.arange(leaf.size)
            return [whole_target(leaf)], numbers.reshape(site.shape)
        number, in_sum = self._owned(site)
        leaf = self._leaf_of_sum(number, in_sum[places], site, name)
        assert leaf.units is not None
        numbers[:] = leaf.grid.start + leaf.units[in_sum]
        return self._boxes(numbers[places]), numbers.reshape(site.shape)

    def _leaf_of_sum(self, number: int, elements: Ids, site: Site, name: str) -> Leaf:
        """Node layer of an addition; `elements` are those of the sum, in the order that `site` would have."""
        leaf = self._of_sum.get(number)
        if leaf is None:
            channels, height, width = elements.shape
            leaf = self.new(channels, height, width, site.number, name)
            leaf.units = np.empty(leaf.size, dtype=np.int64)
            leaf.units[elements.ravel()] = np.arange(leaf.size)
            self._of_sum[number] = leaf
        else:
            leaf.names.append(name)
            leaf.position = site.number
        return leaf

    def _boxes(self, numbers: Ids) -> list[Target]:
        """Targets of results, given their (channels, rows, columns) grid numbers."""
        found = []
        for box in boxes(self._grids, numbers, taps=False):
            leaf = self.leaves[box.grid.leaf]
            steps = (np.diff(box.inputs) != 1) | (np.diff(box.channels) != 1)
            starts = [0, *(np.flatnonzero(steps) + 1).tolist(), len(box.inputs)]
            rows = np.full(numbers.shape[1], -1, dtype=np.int64)
            columns = np.full(numbers.shape[2], -1, dtype=np.int64)
            rows[box.rows], columns[box.columns] = box.of_rows[0], box.of_columns[0]
            for first, last in pairwise(starts):
                channels = range(int(box.inputs[first]), int(box.inputs[last - 1]) + 1)
                found.append(Target(leaf, channels, int(box.channels[first]), rows, columns))
        return found

    def _owned(self, site: Site) -> tuple[int, Ids]:
        """The last addition that takes over a site's elements, and where they are in its result."""
        number, places = site.number, np.arange(site.size)
        while number in self._owners:
            number, in_sum = self._owners[number]
            places = in_sum[places]
        return number, places


def whole_target(leaf: Leaf) -> Target:
    """All of a node layer, in its own order."""
    return Target(leaf, range(leaf.channels), 0, np.arange(leaf.height), np.arange(leaf.width))
