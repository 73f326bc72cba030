"""Grids: what elements of a tensor depend on, as numbered sets of units in product form.

A *grid* over a node layer has an index (i, j, k); it stands for the units whose channel is in channels[i], whose row is
in rows[j] and whose column is in columns[k]. The grid of the node layer itself holds single units; pooling makes
others. All grids share one numbering, so that what a tensor depends on is again an array of numbers, a *term*; a tensor
that depends on several sets at a place has several terms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.planning.recording import CONSTANT, Ids, Run, as_array
from sparsetopo.graphs.planning.windows import Windows, identity

Terms = list[Run | Ids]

# A pool over positions without product form is cut into terms; more than these along one axis would take minutes.
_MOST_CUTS = 256


@dataclass(frozen=True)
class Grid:
    """Sets of units of one node layer; those of index (i, j, k) have the number start + (i * J + j) * K + k."""

    start: int
    leaf: int
    channels: Windows
    rows: Windows
    columns: Windows

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of indices along each coordinate."""
        return len(self.channels), len(self.rows), len(self.columns)

    @property
    def size(self) -> int:
        """How many sets there are."""
        return len(self.channels) * len(self.rows) * len(self.columns)

    @property
    def windows(self) -> tuple[Windows, Windows, Windows]:
        """Of channels, of rows and of columns."""
        return self.channels, self.rows, self.columns

    @cached_property
    def is_of_units(self) -> bool:
        """Whether each set is a single unit, and no two are the same."""
        return all(
            len({*windows}) == len(windows) == sum(map(len, windows)) for windows in self.windows
        )


class Part:
    """Where a term lies in one grid: `mask`, and the three coordinates there (-1 elsewhere)."""

    def __init__(self, grid: Grid, term: Ids) -> None:
        self.grid = grid
        self.mask: NDArray[np.bool_] = (term >= grid.start) & (term < grid.start + grid.size)
        local = np.where(self.mask, term - grid.start, 0)
        _, height, width = grid.shape
        rest, k = np.divmod(local, width)
        i, j = np.divmod(rest, height)
        self.coordinates = tuple(np.where(self.mask, u, -1) for u in (i, j, k))


class Grids:
    """All grids of a network."""

    def __init__(self) -> None:
        self._grids: list[Grid] = []
        self._known: dict[tuple[int, Windows, Windows, Windows], Grid] = {}
        self._size = 0
        self._starts: Ids = np.zeros(0, dtype=np.int64)

    def of_leaf(self, leaf: int, channels: int, height: int, width: int) -> Grid:
        """The grid whose sets are the single units of a node layer."""
        return self.add(leaf, identity(channels), identity(height), identity(width))

    def add(self, leaf: int, channels: Windows, rows: Windows, columns: Windows) -> Grid:
        """A grid of some sets; equal ones are one."""
        key = leaf, channels, rows, columns
        if key not in self._known:
            grid = Grid(self._size, *key)
            self._known[key] = grid
            self._grids.append(grid)
            self._size += grid.size
        return self._known[key]

    def of_run(self, run: Run) -> Grid | None:
        """The grid whose numbers, all of them, a run has."""
        for grid in reversed(self._grids):
            if grid.start == run.start:
                return grid if grid.size == run.size else None
        return None

    def in_term(self, term: Run | Ids) -> list[Grid]:
        """Grids whose numbers occur."""
        if len(self._starts) != len(self._grids):
            self._starts = np.array([grid.start for grid in self._grids], dtype=np.int64)
        starts = self._starts
        if isinstance(term, Run):
            first = int(np.searchsorted(starts, term.start, "right")) - 1
            last = int(np.searchsorted(starts, term.start + term.size, "left"))
            return self._grids[first:last]
        flags = np.zeros(len(starts) + 1, dtype=bool)
        flags[np.searchsorted(starts, term, "right")] = True
        return [self._grids[number] for number in np.flatnonzero(flags[1:]).tolist()]

    def parts(self, term: Run | Ids) -> Iterator[Part]:
        """The term by grids."""
        array = as_array(term)
        for grid in self.in_term(term):
            yield Part(grid, array)

    def windowed(self, terms: Terms, axis: int, windows: Windows) -> Terms:
        """Terms of elements that read several places along an axis: position p reads windows[p]."""
        found: list[Ids] = []
        for term in terms:
            direct = self._windowed_run(term, axis, windows)
            if direct is not None:
                if len(terms) == 1:
                    return [direct]
                found.append(direct.array())
                continue
            for part in self.parts(term):
                for array in self._windowed_part(part, axis, windows):
                    lay(found, array)
        return [*found] if found else [_constants(terms[0].shape, axis, len(windows))]

    def _windowed_run(self, term: Run | Ids, axis: int, windows: Windows) -> Run | None:
        """The quick way for a whole grid along one of its own axes."""
        if not isinstance(term, Run) or (grid := self.of_run(term)) is None:
            return None
        sizes = [size for size in term.shape if size != 1]
        own = [size for size in grid.shape if size != 1]
        if sizes != own or term.shape[axis] == 1:
            return None
        before = sum(size != 1 for size in term.shape[:axis])
        coordinate = [n for n, size in enumerate(grid.shape) if size != 1][before]
        new = list(grid.windows)
        new[coordinate] = _united(new[coordinate], windows)
        made = self.add(grid.leaf, *new)
        shape = (*term.shape[:axis], len(windows), *term.shape[axis + 1 :])
        return Run(made.start, shape)

    def _windowed_part(self, part: Part, axis: int, windows: Windows) -> list[Ids]:
        rows = [_as_rows(coordinate, axis) for coordinate in part.coordinates]
        chosen = [np.array(window, dtype=np.int64) for window in windows]
        indices, sets = zip(*(_sets(values, chosen) for values in rows), strict=True)
        if not _are_products(rows, chosen, indices, sets):
            return [
                array
                for smaller in _cut(part)
                for array in self._windowed_part(smaller, axis, windows)
            ]
        grid = part.grid
        made = self.add(
            grid.leaf,
            *(
                tuple(_union(own, members) for members in found)
                for own, found in zip(grid.windows, sets, strict=True)
            ),
        )
        _, height, width = made.shape
        numbers = made.start + (indices[0] * height + indices[1]) * width + indices[2]
        numbers = np.where(indices[0] < 0, CONSTANT, numbers)
        rest = [size for n, size in enumerate(part.mask.shape) if n != axis]
        return [np.moveaxis(numbers.reshape(*rest, len(windows)), -1, axis)]


def _constants(shape: tuple[int, ...], axis: int, length: int) -> Ids:
    return np.full((*shape[:axis], length, *shape[axis + 1 :]), CONSTANT, dtype=np.int64)


def lay(terms: list[Ids], array: Ids) -> None:
    """Lay a term over one of others that is constant wherever it is not, or add it."""
    for number, term in enumerate(terms):
        if not np.any((term >= 0) & (array >= 0)):
            terms[number] = np.maximum(term, array)
            return
    terms.append(array)


def _as_rows(array: Ids, axis: int) -> Ids:
    moved = np.moveaxis(array, axis, -1)
    return moved.reshape(-1, moved.shape[-1])


def distinct_rows(rows: Ids) -> tuple[Ids, Ids]:
    """Index of one of each kind of equal rows, and for each row the number of its kind."""
    factors = np.random.default_rng(rows.shape[1]).integers(1, 2**62, rows.shape[1], dtype=np.int64)
    with np.errstate(over="ignore"):
        hashes = (rows * (factors | 1)).sum(axis=1)
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    if not np.array_equal(rows, rows[first][inverse]):
        _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, inverse


def _sets(rows: Ids, windows: Sequence[Ids]) -> tuple[Ids, list[tuple[int, ...]]]:
    """For each row and window the number of its set of values (-1: it has none), and the sets."""
    first, inverse = distinct_rows(rows)
    known: dict[tuple[int, ...], int] = {}
    table = np.full((len(first), len(windows)), -1, dtype=np.int64)
    for number, row in enumerate(rows[first]):
        if row[0] >= 0 and (row == row[0]).all():
            filled = [len(window) > 0 for window in windows]
            table[number, filled] = known.setdefault((int(row[0]),), len(known))
            continue
        last: tuple[Ids, int] | None = None
        for position, window in enumerate(windows):
            if last is not None and last[0] is window:
                table[number, position] = last[1]
                continue
            values = np.unique(row[window])
            members = tuple(values[values >= 0].tolist())
            if members:
                table[number, position] = known.setdefault(members, len(known))
            last = window, int(table[number, position])
    return table[inverse], list(known)


def _are_products(
    rows: Sequence[Ids],
    windows: Sequence[Ids],
    indices: Sequence[Ids],
    sets: Sequence[list[tuple[int, ...]]],
) -> bool:
    """Whether each window reads every combination of the channels, rows and columns that occur in it."""
    lengths = [
        np.where(index < 0, 0, np.array([*map(len, members), 0])[index])
        for index, members in zip(indices, sets, strict=True)
    ]
    several = np.sum([length > 1 for length in lengths], axis=0) > 1
    if not several.any():
        return True
    combinations = np.prod(lengths, axis=0)
    _, height, width = (int(values.max()) + 1 for values in rows)
    joint = np.where(rows[0] < 0, -1, (rows[0] * height + rows[1]) * width + rows[2])
    counted: dict[bytes, Ids] = {}
    for position in np.flatnonzero(several.any(axis=0)).tolist():
        window = windows[position]
        key = window.tobytes()
        if key not in counted:
            found = np.sort(joint[:, window], axis=1)
            changes = (np.diff(found, axis=1, prepend=-1) != 0) & (found >= 0)
            counted[key] = changes.sum(axis=1)
        if ((counted[key] != combinations[:, position]) & several[:, position]).any():
            return False
    return True


def _cut(part: Part) -> Iterator[Part]:
    """The part cut along its first coordinate of several values: rows, else columns, else channels."""
    for coordinate in (1, 2, 0):
        levels = np.unique(part.coordinates[coordinate][part.mask])
        if 1 < len(levels) <= _MOST_CUTS:
            for level in levels:
                smaller = object.__new__(Part)
                smaller.grid = part.grid
                smaller.mask = part.mask & (part.coordinates[coordinate] == level)
                smaller.coordinates = tuple(np.where(smaller.mask, u, -1) for u in part.coordinates)
                yield smaller
            return
    raise ValueError("positions that are no product of channels, rows and columns")


def _union(windows: Windows, members: tuple[int, ...]) -> tuple[int, ...]:
    if len(members) == 1:
        return windows[members[0]]
    return tuple(sorted({unit for member in members for unit in windows[member]}))


def _united(inner: Windows, outer: Windows) -> Windows:
    """Windows of `outer` over positions that have windows themselves."""
    known: dict[tuple[int, ...], tuple[int, ...]] = {}
    return tuple(known.setdefault(window, _union(inner, window)) for window in outer)
