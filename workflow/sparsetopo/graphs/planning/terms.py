"""What the elements of a tensor depend on, from what those of the sites that it holds do."""

import numpy as np

from sparsetopo.graphs.planning.grids import Grid, Grids, Terms
from sparsetopo.graphs.planning.overlaps import without
from sparsetopo.graphs.planning.recording import (
    CONSTANT,
    Elements,
    Ids,
    Recording,
    Run,
    as_array,
    without_repetitions,
)


def read(recording: Recording, terms: dict[int, Terms], elements: Elements) -> Terms:
    """Terms of a tensor, given those of the sites; there is always at least one."""
    numbers = recording.sites_in(elements)
    if isinstance(elements, Run) and len(numbers) == 1:
        site = recording.sites[numbers[0]]
        return [
            _part_of(term, elements, elements.start - site.start) for term in terms[site.number]
        ]
    whole = as_array(elements)
    ids = without_repetitions(whole)
    found = [
        np.full(ids.shape, CONSTANT, dtype=np.int64)
        for _ in range(max((len(terms[number]) for number in numbers), default=1))
    ]
    for number in numbers:
        site = recording.sites[number]
        places = np.flatnonzero((ids >= site.start) & (ids < site.start + site.size))
        local = ids.ravel()[places] - site.start
        for array, term in zip(found, terms[number], strict=False):
            of_site = term.start + local if isinstance(term, Run) else term.ravel()[local]
            array.ravel()[places] = of_site
    return [np.broadcast_to(array, whole.shape) for array in found]


def _part_of(term: Run | Ids, elements: Run, offset: int) -> Run | Ids:
    if isinstance(term, Run):
        return Run(term.start + offset, elements.shape)
    return term.ravel()[offset : offset + elements.size].reshape(elements.shape)


def joined(grids: Grids, operands: list[Terms]) -> Terms:
    """Terms of elements that depend on all that some operands of equal shape do, without what is there twice.

    No two terms of one operand share units, and none of the result do.
    """
    found: list[tuple[Run | Ids, set[int]]] = []
    for terms in operands:
        added: list[tuple[Run | Ids, set[int]]] = []
        for term in terms:
            leaves = {grid.leaf for grid in grids.in_term(term)}
            found = [
                (other, of_other)
                for other, of_other in found
                if not (leaves >= of_other and _covers(grids, term, other))
            ]
            pieces: Terms = [term]
            for other, of_other in found:
                if not leaves.isdisjoint(of_other):
                    pieces = [left for piece in pieces for left in without(grids, piece, other)]
            added += [(piece, leaves) for piece in pieces]
        found += added
    return [term for term, _ in found]


def _covers(grids: Grids, larger: Run | Ids, smaller: Run | Ids) -> bool:
    """Whether every element depends on all that it does by another term."""
    if isinstance(larger, Run) and isinstance(smaller, Run) and larger.start == smaller.start:
        return True
    large_grids, small_grids = grids.in_term(larger), grids.in_term(smaller)
    leaves = {grid.leaf for grid in large_grids}
    if not small_grids or not leaves.issuperset({grid.leaf for grid in small_grids}):
        return not small_grids
    large, small = as_array(larger), as_array(smaller)
    if not _covers_at(large_grids, small_grids, large, small):
        return False
    if np.array_equal(large, small):
        return True
    if (large[small >= 0] < 0).any():
        return False
    for part in grids.parts(small):
        for other in grids.parts(large):
            both = part.mask & other.mask
            if not both.any():
                continue
            if part.grid.leaf != other.grid.leaf:
                return False
            for u in range(3):
                pairs = np.stack([part.coordinates[u][both], other.coordinates[u][both]], axis=1)
                for a, b in np.unique(pairs, axis=0).tolist():
                    inside = set(other.grid.windows[u][b])
                    if not inside.issuperset(part.grid.windows[u][a]):
                        return False
    return True


def _covers_at(larger: list[Grid], smaller: list[Grid], large: Ids, small: Ids) -> bool:
    """The same for the first element, which tells mostly."""
    place = np.unravel_index(int((small >= 0).argmax()), small.shape)
    found: list[tuple[Grid, list[set[int]]]] = []
    for grids, number in ((larger, int(large[place])), (smaller, int(small[place]))):
        grid = next((g for g in grids if g.start <= number < g.start + g.size), None)
        if grid is None:
            return grids is smaller
        index = np.unravel_index(number - grid.start, grid.shape)
        found.append((grid, [set(w[int(i)]) for w, i in zip(grid.windows, index, strict=True)]))
    (one, covering), (other, covered) = found
    return one.leaf == other.leaf and all(a >= b for a, b in zip(covering, covered, strict=True))
