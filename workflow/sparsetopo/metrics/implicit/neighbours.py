"""Enumeration of a node's neighbours from short lists, in the form that compiled loops read.

The tables of all halves of bundles lie behind one another in a few arrays, small enough to stay in
the processor's cache, since they hold kept weights and not edges.

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
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle, Half
from sparsetopo.graphs.bundles.incidence import Lookup
from sparsetopo.graphs.plan import NodeLayer

Integer = TypeVar("Integer", np.int32, np.int64)


class Neighbours(NamedTuple):
    """Tables of all halves; the module says how they are read.

    Attributes
    ----------
    layer_offsets, layer_halves
        (layers + 1,) first node of each layer, and first half that starts there.
    layer_width, layer_plane
        (layers,) width, and height x width.
    to_layer
        (halves,) layer at the far end.
    first_channel, num_channels
        (halves,) channels of the layer that the half's lists describe.
    to_node, to_width, to_plane
        (halves,) node at (0, 0) of the first far channel, and width and plane size of the layer there.
    rows, columns, list_base
        (halves,) where its tables of rows and columns start in `position_starts`, and its lists in `list_starts`.
    position_starts, taps, positions
        Spatial incidences.
    times
        For each of the positions how many nodes of the near cell each node there is joined to by one list entry: 1,
        but in a graph of cells (`traversal/cells.py`).
    list_starts, ends
        Far channels by (tap, channel).
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
    times: NDArray[np.int32]
    list_starts: NDArray[np.int64]
    ends: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RepeatedLookup(Lookup):
    """An incidence of cells: an entry joins each position of the cell at the other end to `times` of this one."""

    times: NDArray[np.int32]


def sorted_halves(bundles: Sequence[Bundle]) -> list[Half]:
    """Both halves of every bundle, in the order of the tables."""
    halves = [half for bundle in bundles for half in bundle.halves]
    return sorted(halves, key=lambda half: (half.near, half.far))


def neighbours(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> Neighbours:
    """Tables of a graph given by its node layers and bundles."""
    return neighbours_of_halves(layers, sorted_halves(bundles))


def neighbours_of_halves(layers: Sequence[NodeLayer], halves: Sequence[Half]) -> Neighbours:
    """Tables of a graph given by its node layers and halves, in the order of `sorted_halves`."""
    offsets = _starts([layer.size for layer in layers])
    planes = _integers([layer.height * layer.width for layer in layers])
    widths = _integers([layer.width for layer in layers])
    near, far = (_integers([getattr(half, end) for half in halves]) for end in ("near", "far"))
    far_channels = _integers([half.far_channels.start for half in halves])
    lookups = _Concatenated()
    tables = [[lookups.start(half.rows), lookups.start(half.columns)] for half in halves]
    rows, columns = np.array(tables, dtype=np.int64).reshape(-1, 2).T.copy()
    ends = _starts([len(half.lists.ends) for half in halves])
    list_starts = [half.lists.starts + end for half, end in zip(halves, ends, strict=False)]
    return Neighbours(
        layer_offsets=offsets,
        layer_width=widths,
        layer_plane=planes,
        layer_halves=_starts(np.bincount(near, minlength=len(layers))),
        to_layer=far,
        first_channel=_integers([half.near_channels.start for half in halves]),
        num_channels=_integers([len(half.near_channels) for half in halves]),
        to_node=offsets[far] + far_channels * planes[far],
        to_width=widths[far],
        to_plane=planes[far],
        column_taps=_integers([half.columns.num_taps for half in halves]),
        rows=rows,
        columns=columns,
        list_base=_starts([len(half.lists.starts) for half in halves])[:-1],
        position_starts=_joined(lookups.starts, np.int64),
        taps=_joined([lookup.taps for lookup in lookups.found], np.int32),
        positions=_joined([lookup.ends for lookup in lookups.found], np.int32),
        times=_joined([_times(lookup) for lookup in lookups.found], np.int32),
        list_starts=_joined(list_starts, np.int64),
        ends=_joined([half.lists.ends for half in halves], np.int32),
    )


def _times(lookup: Lookup) -> NDArray[np.int32]:
    if isinstance(lookup, RepeatedLookup):
        return lookup.times
    return np.ones(len(lookup.ends), dtype=np.int32)


def _integers(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _starts(lengths: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of some pieces behind one another starts, and the last one ends."""
    return np.cumsum([0, *lengths], dtype=np.int64)


def _joined(arrays: Sequence[NDArray[Integer]], dtype: type[Integer]) -> NDArray[Integer]:
    return np.concatenate(arrays or [np.zeros(0, dtype=dtype)])


class _Concatenated:
    """Spatial tables behind one another, equal ones once."""

    def __init__(self) -> None:
        self.found: list[Lookup] = []
        self.starts: list[NDArray[np.int64]] = []
        self._known: dict[int, int] = {}
        self._length = self._entries = 0

    def start(self, lookup: Lookup) -> int:
        """Where the table starts among the position starts."""
        if id(lookup) not in self._known:
            self._known[id(lookup)] = self._length
            self.found.append(lookup)
            self.starts.append(lookup.starts.astype(np.int64) + self._entries)
            self._length += len(lookup.starts)
            self._entries += len(lookup.ends)
        return self._known[id(lookup)]
