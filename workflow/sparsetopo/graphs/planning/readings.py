"""What the blocks of a plan are made from: boxes that operations read, and the frame of the input."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sparsetopo.graphs.planning.boxes import Box
from sparsetopo.graphs.planning.layers import Target
from sparsetopo.graphs.planning.recording import Convolution, Ids, Site
from sparsetopo.graphs.planning.windows import identity


@dataclass(frozen=True)
class Reading:
    """One box that an operation reads for one part of its results; without a site, an identity shortcut."""

    site: Site | None
    box: Box
    target: Target
    order: int

    @property
    def is_framed(self) -> bool:
        """Whether this is a convolution of a whole map that is read as it is."""
        if self.site is None or not isinstance(self.site.kind, Convolution):
            return False
        images, _, *sizes = self.site.operands[0].shape
        grid, box = self.box.grid, self.box
        rows, columns = int(np.prod(sizes[:-1])), sizes[-1]
        return (
            images == 1
            and not self.site.kind.transposed
            and grid.rows == identity(rows)
            and grid.columns == identity(columns)
            and len(box.rows) == rows
            and len(box.columns) == columns
            and all(len(grid.channels[channel]) == 1 for channel in box.channels.tolist())
            and bool((box.of_rows == np.arange(rows)).all())
            and bool((box.of_columns == np.arange(columns)).all())
        )


@dataclass(frozen=True)
class Frame:
    """Zero padding around the input whose elements are nodes: (before, after) of every spatial axis.

    `leaves` are the node layers that have it, `sizes` their maps without it.
    """

    leaves: frozenset[int]
    sizes: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, readings: Iterable[Reading], inputs: set[int]) -> "Frame":
        """Largest padding of the convolutions that read the input as it is."""
        padding: tuple[tuple[int, int], ...] = ()
        sizes: tuple[int, ...] = ()
        leaves = set()
        for reading in readings:
            if reading.box.grid.leaf in inputs and reading.is_framed:
                assert reading.site is not None
                assert isinstance(reading.site.kind, Convolution)
                leaves.add(reading.box.grid.leaf)
                own = reading.site.kind.padding
                sizes = reading.site.operands[0].shape[2:]
                padding = padding or ((0, 0),) * len(own)
                padding = tuple(
                    (max(a, b), max(c, d)) for (a, c), (b, d) in zip(padding, own, strict=True)
                )
        return cls(frozenset(leaves), sizes, padding)

    @property
    def enlarged_sizes(self) -> tuple[int, ...]:
        """Sizes of the maps with the frame."""
        return tuple(
            size + before + after
            for size, (before, after) in zip(self.sizes, self.padding, strict=True)
        )

    def enlarged(self) -> tuple[int, int]:
        """Height (with depth, folded) and width with the frame."""
        *rows, columns = self.enlarged_sizes
        return int(np.prod(rows, dtype=np.int64)), columns

    def rows(self) -> Ids:
        """Row in the frame of every row of the map."""
        sizes, padding, framed = self.sizes[:-1], self.padding[:-1], self.enlarged_sizes[:-1]
        places = np.arange(int(np.prod(framed, dtype=np.int64))).reshape(framed)
        inner = tuple(
            slice(before, before + size) for size, (before, _) in zip(sizes, padding, strict=True)
        )
        return places[inner].ravel()

    def columns(self) -> Ids:
        """Column in the frame of every column of the map."""
        return self.padding[-1][0] + np.arange(self.sizes[-1])
