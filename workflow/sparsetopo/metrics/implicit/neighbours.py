"""Enumeration of a node's neighbours from short lists, in the form that compiled kernels read.

Every bundle is seen from both ends as a *half*: the edges from the nodes of one layer to those of
another, whichever way they point. The tables of all halves lie behind one another in a few arrays,
small enough to stay in the processor's cache, since they hold kept weights and not edges.

The neighbours of node (channel c, row y, column x) of a layer are::

    for h in range(layer_halves[layer], layer_halves[layer + 1]):
        i = c - first_channel[h]
        if not 0 <= i < num_channels[h]: continue
        for r in range(position_starts[rows[h] + y], position_starts[rows[h] + y + 1]):
            for s in range(position_starts[columns[h] + x], position_starts[columns[h] + x + 1]):
                tap = taps[r] * column_taps[h] + taps[s]
                pixel = positions[r] * to_width[h] + positions[s]
                lists = list_base[h] + tap * num_channels[h] + i
                for j in range(list_starts[lists], list_starts[lists + 1]):
                    neighbour = to_node[h] + ends[j] * to_plane[h] + pixel
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Lists
from sparsetopo.graphs.bundles.incidence import Incidence, Lookup
from sparsetopo.graphs.plan import NodeLayer


class Neighbours(NamedTuple):
    """Tables of all halves; see the module for how they are read.

    Attributes
    ----------
    layer_offsets
        (layers + 1,) int64, first node of each layer.
    layer_width, layer_plane
        (layers,) int64, width, and height x width.
    layer_halves
        (layers + 1,) int64, first half that starts in each layer.
    to_layer
        (halves,) int64 layer at the other end.
    first_channel, num_channels
        (halves,) int64 channels of the layer that the half's lists describe.
    to_node, to_width, to_plane
        (halves,) int64: node of the first channel at the other end at (0, 0), and width and plane
        size of the layer there.
    column_taps
        (halves,) int64 number of column taps.
    rows, columns
        (halves,) int64, where the half's tables of rows and columns start in `position_starts`.
    list_base
        (halves,) int64, where the half's lists start in `list_starts`.
    position_starts, taps, positions
        int64, int32, int32: spatial incidences.
    list_starts, ends
        int64, int32: channels at the other end by (tap, channel).
    """

    layer_offsets: NDArray[np.int64]
    layer_width: NDArray[np.int64]
    layer_plane: NDArray[np.int64]
    layer_halves: NDArray[np.int64]
    to_layer: NDArray[np.int64]
    first_channel: NDArray[np.int64]
    num_channels: NDArray[np.int64]
    to_node: NDArray[np.int64]
    to_width: NDArray[np.int64]
    to_plane: NDArray[np.int64]
    column_taps: NDArray[np.int64]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    list_base: NDArray[np.int64]
    position_starts: NDArray[np.int64]
    taps: NDArray[np.int32]
    positions: NDArray[np.int32]
    list_starts: NDArray[np.int64]
    ends: NDArray[np.int32]


def neighbours(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> Neighbours:
    """Tables of a graph given by its node layers and bundles."""
    offsets = np.cumsum([0, *(layer.size for layer in layers)], dtype=np.int64)
    halves = sorted(
        [_Half(b, True) for b in bundles] + [_Half(b, False) for b in bundles],
        key=lambda half: (half.near, half.far),
    )
    lookups = _Concatenated()
    for half in halves:
        half.rows = lookups.place(half.lookup(half.bundle.rows))
        half.columns = lookups.place(half.lookup(half.bundle.columns))
    lengths = [len(half.lists.starts) for half in halves]
    list_base = np.cumsum([0, *lengths])[:-1]
    ends_base = np.cumsum([0, *(len(half.lists.ends) for half in halves)])
    counts = np.bincount([half.near for half in halves], minlength=len(layers))

    def integers(values: Sequence[int]) -> NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    return Neighbours(
        layer_offsets=offsets,
        layer_width=integers([layer.width for layer in layers]),
        layer_plane=integers([layer.height * layer.width for layer in layers]),
        layer_halves=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        to_layer=integers([half.far for half in halves]),
        first_channel=integers([half.near_channels[0] for half in halves]),
        num_channels=integers([half.near_channels[1] for half in halves]),
        to_node=integers(
            [
                offsets[half.far]
                + half.far_channel * layers[half.far].height * layers[half.far].width
                for half in halves
            ]
        ),
        to_width=integers([layers[half.far].width for half in halves]),
        to_plane=integers([layers[half.far].height * layers[half.far].width for half in halves]),
        column_taps=integers([half.bundle.columns.num_taps for half in halves]),
        rows=integers([half.rows for half in halves]),
        columns=integers([half.columns for half in halves]),
        list_base=integers(list_base.tolist()),
        position_starts=lookups.starts(),
        taps=lookups.joined("taps"),
        positions=lookups.joined("ends"),
        list_starts=np.concatenate(
            [half.lists.starts + base for half, base in zip(halves, ends_base, strict=False)]
            or [np.zeros(0, dtype=np.int64)]
        ),
        ends=np.concatenate([half.lists.ends for half in halves] or [np.zeros(0, np.int32)]),
    )


class _Half:
    """One bundle from one end; `rows` and `columns` are filled in when its tables are placed."""

    def __init__(self, bundle: Bundle, forward: bool) -> None:
        self.bundle, self.forward = bundle, forward
        self.rows = self.columns = 0
        source = (bundle.source, (bundle.source_channel, bundle.source_channels))
        target = (bundle.target, (bundle.target_channel, bundle.target_channels))
        (self.near, self.near_channels), (self.far, far) = (
            (source, target) if forward else (target, source)
        )
        self.far_channel = far[0]
        self.lists: Lists = bundle.forward if forward else bundle.backward

    def lookup(self, incidence: Incidence) -> Lookup:
        """Incidence along one axis as seen from this end."""
        return incidence.from_sources if self.forward else incidence.from_targets


class _Concatenated:
    """Spatial tables behind one another, equal ones once."""

    def __init__(self) -> None:
        self.lookups: list[Lookup] = []
        self.bases: dict[int, int] = {}
        self.entries = self.length = 0
        self._starts: list[NDArray[np.int64]] = []

    def place(self, lookup: Lookup) -> int:
        """Where the table starts among the position starts."""
        if id(lookup) not in self.bases:
            self.bases[id(lookup)] = self.length
            self.lookups.append(lookup)
            self._starts.append(lookup.starts.astype(np.int64) + self.entries)
            self.length += len(lookup.starts)
            self.entries += len(lookup.ends)
        return self.bases[id(lookup)]

    def starts(self) -> NDArray[np.int64]:
        return np.concatenate(self._starts or [np.zeros(0, dtype=np.int64)])

    def joined(self, name: str) -> NDArray[np.int32]:
        arrays = [getattr(lookup, name) for lookup in self.lookups]
        return np.concatenate(arrays or [np.zeros(0, dtype=np.int32)])
