"""The directed product of a bundle: what the maps at one end add to those at the other, in float64 and without edges.

All terms are sums and products of numbers that are not negative, and none is subtracted, so that the relative error of
a sum is at most the number of its terms times 2**-53, and a sum is 0 only if all of its terms are. (The products for
the spectra in `spectra/product` are quicker for attention, but subtract taps from each other.)
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from sparsetopo.graphs.bundles.bundle import Bundle, Half
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.paths.moves import Maps, Move

# Numbers that the maps of some taps may hold at once: 32 MB.
_MOST_NUMBERS = 2**22
# Kernels with a larger share of kept weights are multiplied as dense matrices, of at most so many numbers.
_DENSE = 1 / 8
_MOST_DENSE = 2**25


class BundleProduct:
    """Products with the edges of one bundle, each of weight |w| or, if not `weighted`, of weight 1.

    The *core* maps are those of the end with fewer positions. Every tap moves them to the *wide* ones, or these to
    them, so that the kernel is always multiplied with maps of the core's size.
    """

    def __init__(self, layers: Sequence[NodeLayer], bundle: Bundle, weighted: bool) -> None:
        self.source, self.target = bundle.source, bundle.target
        source, target = layers[bundle.source], layers[bundle.target]
        self._core_is_target = target.height * target.width <= source.height * source.width
        ends = bundle.halves if self._core_is_target else bundle.halves[::-1]
        self._wide, self._core = ends
        self._weighted = weighted
        self._rows = _moves(self._core, "rows", layers[self._wide.near].height)
        self._columns = _moves(self._core, "columns", layers[self._wide.near].width)
        self._core_size = layers[self._core.near].height, layers[self._core.near].width
        starts = self._wide.lists.starts[:: len(self._wide.near_channels)]
        self._taps = [
            tap
            for tap in np.flatnonzero(np.diff(starts)).tolist()
            if self._moves_of(tap)[0] is not None and self._moves_of(tap)[1] is not None
        ]

    def ahead(self, values: Maps, sums: Maps) -> None:
        """Add to the maps of the target layer what those of the source layer yield along the edges."""
        (self._gather if self._core_is_target else self._scatter)(values, sums)

    def back(self, values: Maps, sums: Maps) -> None:
        """Add to the maps of the source layer what those of the target layer yield against the edges."""
        (self._scatter if self._core_is_target else self._gather)(values, sums)

    def _gather(self, wide: Maps, core: Maps) -> None:
        wide, core = wide[_of(self._wide)], core[_of(self._core)]
        for taps in self._pieces():
            stack = np.zeros((len(taps), len(wide), *self._core_size))
            last_row, moved = -1, wide
            for number, tap in enumerate(taps):
                row, column = self._moves_of(tap)
                if row.near is not None and column.near is not None:
                    stack[number][:, row.near, column.near] = wide[:, row.far, column.far]
                    continue
                if tap // len(self._columns) != last_row:
                    last_row, moved = tap // len(self._columns), row.read(wide, 1)
                stack[number] = column.read(moved, 2)
            product = self._kernel(taps).T @ stack.reshape(-1, core[0].size)
            core += product.reshape(core.shape)

    def _scatter(self, core: Maps, wide: Maps) -> None:
        wide, core = wide[_of(self._wide)], core[_of(self._core)]
        for taps in self._pieces():
            product = self._kernel(taps) @ core.reshape(len(core), -1)
            maps = product.reshape(len(taps), len(wide), *self._core_size)
            for number, tap in enumerate(taps):
                row, column = self._moves_of(tap)
                if row.near is not None and column.near is not None:
                    wide[:, row.far, column.far] += maps[number][:, row.near, column.near]
                else:
                    wide += row.write(column.write(maps[number], 2), 1)

    def _moves_of(self, tap: int) -> tuple[Any, Any]:
        """Moves of the row tap and of the column tap, from the core; None where a tap joins nothing."""
        row, column = divmod(tap, len(self._columns))
        return self._rows[row], self._columns[column]

    def _pieces(self) -> Iterator[list[int]]:
        """Taps whose maps are held at once."""
        numbers = len(self._wide.near_channels) * self._core_size[0] * self._core_size[1]
        step = max(1, _MOST_NUMBERS // numbers)
        for first in range(0, len(self._taps), step):
            yield self._taps[first : first + step]

    def _kernel(self, taps: Sequence[int]) -> Any:
        """(taps * wide channels, core channels) weights of some taps."""
        lists, channels = self._wide.lists, len(self._wide.near_channels)
        spans = [lists.starts[tap * channels : (tap + 1) * channels + 1] for tap in taps]
        starts = np.cumsum([0, *np.concatenate([np.diff(span) for span in spans])])
        ends = np.concatenate([lists.ends[span[0] : span[-1]] for span in spans])
        weights = np.ones(len(ends))
        if self._weighted:
            weights[:] = np.concatenate([lists.magnitudes[span[0] : span[-1]] for span in spans])
        shape = len(taps) * channels, len(self._core.near_channels)
        kernel = csr_array((weights, ends, starts), shape=shape)
        size = shape[0] * shape[1]
        return kernel.toarray() if _DENSE * size < len(ends) and size <= _MOST_DENSE else kernel


def _of(half: Half) -> slice:
    return slice(half.near_channels.start, half.near_channels.stop)


def _moves(core: Half, axis: str, wide_size: int) -> list[Move | None]:
    """Moves of the taps of an axis, near positions being the core's; None for a tap that joins nothing."""
    lookup = getattr(core, axis)
    order = np.argsort(lookup.taps, kind="stable")
    stops = np.cumsum(np.bincount(lookup.taps, minlength=lookup.num_taps))
    near = np.split(lookup.positions[order], stops[:-1])
    far = np.split(lookup.ends[order], stops[:-1])
    sizes = len(lookup.starts) - 1, wide_size
    return [Move.of(*pair, sizes) if len(pair[0]) else None for pair in zip(near, far, strict=True)]
