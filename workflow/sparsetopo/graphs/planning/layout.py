"""In which order and as which maps the positions of the input, and of products with matrices, are laid out.

A node layer has channels, rows and columns. A product with a matrix has positions in one row: tokens, or the pixels of
a map whose channels come last, or of windows of it. They are laid out as what they read is, where each position reads
all of one position of a map (or as a coarser map): then windows, shifts and permutations of tokens are products of rows
and columns.
"""

import math

import numpy as np

from sparsetopo.graphs.planning.grids import Grids, Part, Terms
from sparsetopo.graphs.planning.recording import Ids, Input, Matrix, Recording, Site, as_array
from sparsetopo.graphs.planning.windows import Windows


def as_layer(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(channels, height, width) of a sample of some shape; depth and rows are folded."""
    if len(shape) == 0:
        return 1, 1, 1
    if len(shape) == 1:
        return shape[0], 1, 1
    return shape[0], math.prod(shape[1:-1]), shape[-1]


def input_layout(recording: Recording, site: Site) -> Ids | None:
    """Places of the input's elements in (channels, *positions), or None if that is their own order.

    The last axis has the channels if what reads the input first is a product with a matrix along that axis.
    """
    shape = site.shape[1:]
    if len(shape) < 2:
        return None
    channels_first = np.moveaxis(np.arange(site.size).reshape(shape), -1, 0)
    if isinstance(site.kind, Input) and site.kind.channels_last:
        return channels_first
    for reader in recording.sites[site.number + 1 :]:
        if any(site.number in recording.sites_in(operand) for operand in reader.operands):
            if not isinstance(reader.kind, Matrix) or reader.shape[0] == 1:
                return None
            ids = as_array(reader.operands[0])
            rows = ids - site.start
            ordered = np.arange(site.size).reshape(-1, shape[-1])
            inside = (rows >= 0) & (rows < site.size)
            if ids.shape[1] != shape[-1] or not inside.any(axis=1).any():
                return None
            whole = rows[inside.all(axis=1)]
            if not len(whole) or (whole != ordered[whole[:, 0] // shape[-1]]).any():
                return None
            return channels_first
    return None


def positions_layout(grids: Grids, terms: Terms, positions: int) -> tuple[Ids | None, int, int]:
    """(order of the positions or None, height, width) of the result of a product with a matrix.

    `terms` are what its (positions, inputs) operand depends on.
    """
    if positions == 1:
        return None, 1, 1
    for term in terms:
        parts = list(grids.parts(term))
        if len(parts) != 1 or not parts[0].mask.any(axis=1).all():
            continue
        (part,) = parts
        order = _like_what_is_read(part, positions)
        if order is not None:
            width = part.grid.shape[2]
            ascending = np.array_equal(order, np.arange(positions))
            return None if ascending else order, positions // width, width
        rows = _first(part, 1)
        changes = np.flatnonzero(np.diff(rows))
        width = int(changes[0]) + 1 if len(changes) else positions
        if positions % width == 0 and (rows.reshape(-1, width) == rows[::width, None]).all():
            return None, positions // width, width
    return None, 1, positions


def _first(part: Part, coordinate: int) -> Ids:
    """(positions,) the coordinate of the first input that each position reads."""
    first = part.mask.argmax(axis=1)
    values: Ids = part.coordinates[coordinate][np.arange(len(first)), first]
    return values


def _like_what_is_read(part: Part, positions: int) -> Ids | None:
    """Order in which the positions read all rows and columns of a grid, once or as often as there are heads.

    A matrix that all heads share is applied to each of them at every pixel. The heads' maps are laid out one below the
    other, in the order of the channels that they read.
    """
    _, height, width = part.grid.shape
    if height * width == 1 or positions % (height * width):
        return None
    for coordinate in (1, 2):
        values, first = part.coordinates[coordinate], _first(part, coordinate)
        if ((values != first[:, None]) & part.mask).any():
            return None
    rows, columns = (_ranks(part.grid.windows[u])[_first(part, u)] for u in (1, 2))
    read = rows * width + columns
    heads = _first(part, 0) if positions > height * width else np.zeros_like(read)
    order = np.lexsort((read, heads))
    maps, of_maps = (values[order].reshape(-1, height * width) for values in (read, heads))
    whole = (maps == np.arange(height * width)).all() and (of_maps == of_maps[:, :1]).all()
    return order if whole and (np.diff(of_maps[:, 0]) > 0).all() else None


def _ranks(windows: Windows) -> Ids:
    """Place of each window among them, by what they hold."""
    ranks = np.empty(len(windows), dtype=np.int64)
    ranks[sorted(range(len(windows)), key=lambda number: windows[number])] = np.arange(len(windows))
    return ranks
