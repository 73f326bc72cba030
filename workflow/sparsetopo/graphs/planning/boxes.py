"""Cutting what an operation with weights reads into boxes where each coordinate depends on one axis alone.

An operation reads elements by (input, row, column) of its own: a convolution by (channel, row, column), a product with
a matrix by (input, and the position's row and column in the layout that the node layer has). In a *box* the channel of
what is read depends on the input alone, its row on the row (and, of a matrix, on the input), its column likewise on the
column. Class tokens, concatenated maps and pixel shuffles make several boxes.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.planning.grids import Grid, Grids, Part
from sparsetopo.graphs.planning.recording import Ids, Run, as_array

# An operation that takes more boxes mixes channels and positions.
MOST_BOXES = 2**12


class Box(NamedTuple):
    """Inputs, rows and columns of an operation (ascending), and what it reads there in one grid.

    `channels` is (inputs,), `of_rows` (inputs, rows) and `of_columns` (inputs, columns): the index of the grid.
    """

    grid: Grid
    inputs: Ids
    rows: Ids
    columns: Ids
    channels: Ids
    of_rows: Ids
    of_columns: Ids


class TooManyBoxesError(ValueError):
    """The elements have no product form."""


def boxes(grids: Grids, term: Run | Ids, *, taps: bool) -> list[Box]:
    """Boxes of a term of (inputs, rows, columns) elements.

    `taps` says whether rows and columns that are read may depend on the input too, as taps of a kernel.
    TooManyBoxesError if there is no such form.
    """
    grid = grids.of_run(term) if isinstance(term, Run) else None
    if grid is not None and grid.shape == term.shape:
        return [_whole(grid)]
    found: list[Box] = []
    array, occurring = as_array(term), grids.in_term(term)
    for grid in occurring:
        # Of many grids each fills a small part.
        corner, region = _filled(grid, array) if len(occurring) > 1 else ((0, 0, 0), array)
        part = Part(grid, region)
        inputs, rows, columns = (np.arange(size) for size in region.shape)
        for box in _split(part, (inputs, rows, columns), taps):
            found.append(
                box._replace(
                    inputs=box.inputs + corner[0],
                    rows=box.rows + corner[1],
                    columns=box.columns + corner[2],
                )
            )
            if len(found) > MOST_BOXES:
                raise TooManyBoxesError
    return found


def _filled(grid: Grid, array: Ids) -> tuple[tuple[int, int, int], Ids]:
    """The smallest part of an array that holds all of a grid's numbers in it, and where that begins."""
    mask = (array >= grid.start) & (array < grid.start + grid.size)
    places = [np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    first, second, third = (slice(int(p[0]), int(p[-1]) + 1) for p in places)
    return (first.start, second.start, third.start), array[first, second, third]


def _whole(grid: Grid) -> Box:
    inputs, rows, columns = (np.arange(size) for size in grid.shape)
    return Box(
        grid,
        inputs,
        rows,
        columns,
        inputs,
        np.broadcast_to(rows, (len(inputs), len(rows))),
        np.broadcast_to(columns, (len(inputs), len(columns))),
    )


def _split(part: Part, selection: tuple[Ids, Ids, Ids], taps: bool) -> Iterator[Box]:
    mask = _picked(part.mask, selection)
    filled = [
        mask.any(axis=tuple(other for other in range(3) if other != axis)) for axis in range(3)
    ]
    if not filled[0].any():
        return
    inputs, rows, columns = (c[kept] for c, kept in zip(selection, filled, strict=True))
    selection = inputs, rows, columns
    mask = _picked(part.mask, selection)
    i, j, k = (_picked(u, selection) for u in part.coordinates)
    if _is_box(mask, i, j, k, taps):
        yield Box(part.grid, *selection, i[:, 0, 0], j[:, :, 0], k[:, 0, :])
        return
    groups = [
        _groups(np.stack([mask] if taps else [mask, j, k]), 0),
        _groups(np.stack([mask, i, k]), 1),
        _groups(np.stack([mask, i, j]), 2),
    ]
    counts = [int(labels.max()) + 1 for labels in groups]
    axis = min((n for n in range(3) if counts[n] > 1), key=lambda n: counts[n], default=None)
    if axis is None or counts[axis] > MOST_BOXES:
        raise TooManyBoxesError
    for group in range(counts[axis]):
        smaller = list(selection)
        smaller[axis] = selection[axis][groups[axis] == group]
        yield from _split(part, (smaller[0], smaller[1], smaller[2]), taps)


def _picked(array: NDArray[Any], selection: tuple[Ids, Ids, Ids]) -> NDArray[Any]:
    """Elements at selected places along the three axes, without a copy if these are all."""
    picked = tuple(map(len, selection))
    return array if picked == array.shape else array[np.ix_(*selection)]


def _is_box(mask: NDArray[np.bool_], i: Ids, j: Ids, k: Ids, taps: bool) -> bool:
    if not mask.all() or (i != i[:, :1, :1]).any():
        return False
    if taps:
        return not ((j != j[:, :, :1]).any() or (k != k[:, :1, :]).any())
    return not ((j != j[:1, :, :1]).any() or (k != k[:1, :1, :]).any())


def _groups(arrays: Ids, axis: int) -> Ids:
    """Number of the kind of each slice along an axis, by first occurrence."""
    from sparsetopo.graphs.planning.grids import distinct_rows

    slices = np.moveaxis(arrays, axis + 1, 0)
    first, inverse = distinct_rows(slices.reshape(len(slices), -1).astype(np.int64))
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first, kind="stable")] = np.arange(len(first))
    return order[inverse]
