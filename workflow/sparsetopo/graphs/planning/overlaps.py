"""Terms without what others hold: an element reads each unit once, even where two of its terms share units."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.planning.grids import Grid, Grids, Part, Terms, lay
from sparsetopo.graphs.planning.recording import CONSTANT, Ids, Run, as_array
from sparsetopo.graphs.planning.windows import Windows

# For one coordinate: the number of a set at each element, and the sets.
_Factor = tuple[Ids, Windows]


def without(grids: Grids, term: Run | Ids, other: Run | Ids) -> Terms:
    """Terms of what a term depends on and another one of its shape does not; itself if they share nothing."""
    pairs = [
        (grid, beside)
        for grid in grids.in_term(term)
        for beside in grids.in_term(other)
        if grid is beside or (grid.leaf == beside.leaf and _may_overlap(grid, beside))
    ]
    if not pairs:
        return [term]
    left = as_array(term).copy()
    found: list[Ids] = []
    for grid, beside in pairs:
        overlap, pieces = _difference(grids, Part(grid, left), Part(beside, as_array(other)))
        left[overlap] = CONSTANT
        for piece in pieces:
            lay(found, piece)
    if not found and np.array_equal(left, as_array(term)):
        return [term]
    return [array for array in (left, *found) if (array >= 0).any()]


def _may_overlap(first: Grid, second: Grid) -> bool:
    """Whether some set of one grid may share a unit with one of the other."""
    return all(
        not _all_units(a).isdisjoint(_all_units(b))
        for a, b in zip(first.windows, second.windows, strict=True)
    )


def _all_units(windows: Windows) -> set[int]:
    """Positions in any of some windows."""
    return {position for window in windows for position in window}


def _difference(grids: Grids, part: Part, other: Part) -> tuple[NDArray[np.bool_], list[Ids]]:
    """Where two parts share units, and there the terms of the first without these: at most three products."""
    both = part.mask & other.mask
    if part.grid is other.grid and part.grid.is_of_units:
        # Mostly the two read different units everywhere.
        same = [a == b for a, b in zip(part.coordinates, other.coordinates, strict=True)]
        both &= np.logical_and.reduce(same)
    if not both.any():
        return both, []
    own: list[_Factor] = []
    shared: list[_Factor] = []
    rest: list[_Factor] = []
    for u in range(3):
        mine, theirs = part.grid.windows[u], other.grid.windows[u]
        split = _split(both, part.coordinates[u], other.coordinates[u], mine, theirs)
        own.append((part.coordinates[u], mine))
        shared.append(split[0])
        rest.append(split[1])
    overlap = both & np.logical_and.reduce([indices >= 0 for indices, _ in shared])
    pieces = []
    # Outside of the other's channels; inside, but outside of its rows; inside of both, but outside of its columns.
    for number in range(3):
        factors = [*shared[:number], rest[number], *own[number + 1 :]]
        piece = _term(grids, part.grid.leaf, overlap, factors)
        if (piece >= 0).any():
            pieces.append(piece)
    return overlap, pieces


def _split(
    both: NDArray[np.bool_], own: Ids, others: Ids, own_windows: Windows, other_windows: Windows
) -> tuple[_Factor, _Factor]:
    """What two parts share along one coordinate, and what only the first has."""
    keys = np.where(both, own * len(other_windows) + others, -1)
    distinct, inverse = np.unique(keys, return_inverse=True)
    results: list[_Factor] = []
    for keep in (True, False):
        known: dict[tuple[int, ...], int] = {}
        table = np.full(len(distinct), -1, dtype=np.int64)
        for place, key in enumerate(distinct.tolist()):
            if key >= 0:
                mine, theirs = divmod(key, len(other_windows))
                inside = set(other_windows[theirs])
                members = tuple(u for u in own_windows[mine] if (u in inside) == keep)
                if members:
                    table[place] = known.setdefault(members, len(known))
        results.append((table[inverse.reshape(both.shape)], tuple(known)))
    return results[0], results[1]


def _term(grids: Grids, leaf: int, mask: NDArray[np.bool_], factors: list[_Factor]) -> Ids:
    """Numbers of products of three sets, where the mask is set and no set is empty."""
    if not all(sets for _, sets in factors):
        return np.full(mask.shape, CONSTANT, dtype=np.int64)
    grid = grids.add(leaf, *(sets for _, sets in factors))
    (i, j, k) = (indices for indices, _ in factors)
    _, height, width = grid.shape
    filled = mask & (i >= 0) & (j >= 0) & (k >= 0)
    return np.where(filled, grid.start + (i * height + j) * width + k, CONSTANT)
