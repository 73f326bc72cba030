"""A term between flat maps: positions, the points that they are summed at, and which points taps join.

A position is a (row, column) of a layer. A point is a class of positions whose values are summed
before they are multiplied, or else a position by itself.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.axis_taps import Classes
from sparsetopo.metrics.implicit.spectra.product.channel_lists import Kernel, concatenated
from sparsetopo.metrics.implicit.spectra.product.terms import End, Term

Numbers = NDArray[np.int64]


class Points(NamedTuple):
    """The points of one end of a term.

    Attributes
    ----------
    end
        Layer and channels.
    of
        (positions,) the point of each position, -1 for those that are not joined.
    size
        Number of points.
    are_positions
        Whether each position is a point of the same number.
    """

    end: End
    of: Numbers
    size: int
    are_positions: bool


class FlatTerm(NamedTuple):
    """A term whose taps have different kernels; `pairs` are the core points and wide points that each joins."""

    core: Points
    wide: Points
    pairs: list[tuple[Numbers, Numbers]]
    kernel: Kernel


def is_running(term: Term) -> bool:
    """Whether a term has running sums, which have no points."""
    classes = [
        classes
        for tap in (*term.rows, *term.columns)
        for classes in (tap.core_classes, tap.wide_classes)
    ]
    return any(part is not None and part.running for part in classes)


def flat_term(layers: Sequence[NodeLayer], term: Term) -> FlatTerm:
    """The term between flat maps, without the taps that have no weights; those of equal kernels are one."""
    row, column = term.rows[0], term.columns[0]
    core, core_width = _points(layers, term.core, row.core_classes, column.core_classes)
    wide, wide_width = _points(layers, term.wide, row.wide_classes, column.wide_classes)
    kernels: dict[bytes, Kernel] = {}
    pairs: dict[bytes, list[tuple[Numbers, Numbers]]] = {}
    for (y, row), (x, column) in product(enumerate(term.rows), enumerate(term.columns)):
        kernel = term.of_taps(y, x)
        if kernel.num_weights:
            name = b"".join(array.tobytes() for array in kernel.core)
            kernels.setdefault(name, kernel)
            joined = (
                np.add.outer(rows.astype(np.int64) * width, columns).ravel()
                for rows, columns, width in (
                    (row.core, column.core, core_width),
                    (row.wide, column.wide, wide_width),
                )
            )
            pairs.setdefault(name, []).append((next(joined), next(joined)))
    merged = []
    for parts in pairs.values():
        cores, wides = zip(*parts, strict=True)
        merged.append((np.concatenate(cores), np.concatenate(wides)))
    whole = len(kernels) == len(term.rows) * len(term.columns)
    kernel = term.kernel if whole else concatenated(list(kernels.values()))
    return FlatTerm(core, wide, merged, kernel)


def _points(
    layers: Sequence[NodeLayer], end: End, rows: Classes | None, columns: Classes | None
) -> tuple[Points, int]:
    """Points of an end, and how many there are in a row of them."""
    height, width = layers[end.layer].height, layers[end.layer].width
    single_rows, single_columns = (
        Classes(np.arange(size, dtype=np.int32), size) for size in (height, width)
    )
    are_positions = rows is None and columns is None
    rows, columns = rows or single_rows, columns or single_columns
    of = np.add.outer(rows.of.astype(np.int64) * columns.size, columns.of)
    of[rows.of < 0] = -1
    of[:, columns.of < 0] = -1
    return Points(end, of.ravel(), rows.size * columns.size, are_positions), columns.size
