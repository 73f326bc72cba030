"""What the taps of one axis join: single positions, whole sets with whole sets, or growing sets.

A tap that joins every position of a set with every position of another has rank one: the positions
of the one set are summed, and the sum counts at all of the other. If the sets that positions are
joined to grow along the axis, as in causal attention, they are running sums. Either way a product
costs as much as there are positions, not pairs.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.incidence import Lookup

Positions = NDArray[np.int32]

# A tap is summed first if it has this many times as many pairs as positions.
_MANY = 2


class Classes(NamedTuple):
    """Classes of positions whose values are summed before they are multiplied.

    Attributes
    ----------
    of
        (positions,) class of each position, -1 for those that the tap does not join.
    size
        Number of classes.
    running
        Whether a class also counts the positions of all classes before it.
    weights
        (positions,) by which values are multiplied before they are summed; None stands for ones.
    """

    of: Positions
    size: int
    running: bool = False
    weights: NDArray[np.float64] | None = None


class AxisTap(NamedTuple):
    """A tap of one axis in the form that a product uses.

    Attributes
    ----------
    tap
        Its number. Its weights are those of this tap,
    less
        less those of this tap, if any, which is taken to join the pairs of both.
    core, wide
        Pairs of positions that it joins, or of classes, by core position and then by wide position.
    core_classes, wide_classes
        Classes of the positions at either end; None if each position is by itself.
    """

    tap: int
    less: int | None
    core: Positions
    wide: Positions
    core_classes: Classes | None = None
    wide_classes: Classes | None = None

    @property
    def is_plain(self) -> bool:
        """Whether positions are joined one by one."""
        return self.core_classes is None and self.wide_classes is None


def axis_taps(from_core: Lookup, num_wide: int) -> list[AxisTap]:
    """Taps of an axis that join something, with the weights and pairs that give the same product.

    If a tap would have rank one but for some pairs, which are those of other taps, it is taken to
    join these too, and the others get the differences to its weights. So the tap of a token's own
    keys and queries and that of the keys of other tokens become one of all keys and one of queries.
    """
    pairs = _pairs_by_tap(from_core)
    num_core = len(from_core.starts) - 1
    found: dict[int, AxisTap] = {}
    covered: dict[int, int] = {}
    for tap in sorted(pairs, key=lambda tap: (-len(pairs[tap][0]), tap)):
        core, wide = pairs[tap]
        positions = len(np.unique(core)) + len(np.unique(wide))
        found[tap] = AxisTap(tap, None, core, wide)
        if tap in covered or len(core) <= _MANY * positions:
            continue
        by_running = _running(tap, core, wide, num_core, num_wide)
        if by_running is not None:
            found[tap] = by_running
            continue
        classes = _components(core, wide, num_core, num_wide)
        others = _inside(*classes, pairs, tap)
        if others is not None and not covered.keys() & {tap, *others}:
            found[tap] = _complete(tap, *classes)
            covered |= dict.fromkeys(others, tap)
            covered[tap] = tap
    return [
        found[tap]._replace(less=covered[tap] if covered.get(tap, tap) != tap else None)
        for tap in sorted(found)
    ]


def _pairs_by_tap(from_core: Lookup) -> dict[int, tuple[Positions, Positions]]:
    """(core positions, wide positions) of every tap that joins any, by core and wide position."""
    core, wide, taps = from_core.positions, from_core.ends, from_core.taps
    order = np.lexsort((wide, core, taps))
    lengths = np.bincount(taps, minlength=from_core.num_taps)
    stops = np.cumsum(lengths)
    chosen = {tap: order[stops[tap] - lengths[tap] : stops[tap]] for tap in np.flatnonzero(lengths)}
    return {int(tap): (core[entries], wide[entries]) for tap, entries in chosen.items()}


def _running(
    tap: int, core: Positions, wide: Positions, num_core: int, num_wide: int
) -> AxisTap | None:
    """The tap by running sums, if at one end the sets joined to the positions of the other grow."""
    for near, far, num_near, num_far in (
        (core, wide, num_core, num_wide),
        (wide, core, num_wide, num_core),
    ):
        sizes = np.bincount(near, minlength=num_near)
        joined = np.unique(far)
        for order in (joined, joined[::-1]):
            of = np.full(num_far, -1, dtype=np.int32)
            of[order] = np.arange(len(order), dtype=np.int32)
            last = np.full(num_near, -1, dtype=np.int32)
            np.maximum.at(last, near, of[far])
            # A set of n positions is a first part of the order if its last one is number n - 1.
            if (last == sizes - 1).all() and len(np.unique(sizes[sizes > 0])) > 1:
                classes = Classes(of, len(order), running=True)
                used = np.flatnonzero(sizes).astype(np.int32)
                if near is core:
                    return AxisTap(tap, None, used, last[used], wide_classes=classes)
                by_core = np.argsort(last[used], kind="stable")
                pairs = last[used][by_core], used[by_core]
                return AxisTap(tap, None, *pairs, core_classes=classes)
    return None


def _components(
    core: Positions, wide: Positions, num_core: int, num_wide: int
) -> tuple[Positions, Positions]:
    """Number of the connected piece of each position at either end, -1 where there is no edge."""
    core_piece = np.full(num_core, -1, dtype=np.int32)
    core_piece[core] = core
    wide_piece = np.full(num_wide, num_core, dtype=np.int32)
    while True:
        np.minimum.at(wide_piece, wide, core_piece[core])
        smaller = core_piece.copy()
        np.minimum.at(smaller, core, wide_piece[wide])
        if (smaller == core_piece).all():
            break
        core_piece = smaller
    numbers = np.full(num_core + 1, -1, dtype=np.int32)
    pieces = np.unique(core_piece[core_piece >= 0])
    numbers[pieces] = np.arange(len(pieces), dtype=np.int32)
    return np.where(core_piece < 0, -1, numbers[core_piece]).astype(np.int32), numbers[wide_piece]


def _inside(
    core_piece: Positions,
    wide_piece: Positions,
    pairs: dict[int, tuple[Positions, Positions]],
    tap: int,
) -> list[int] | None:
    """Other taps that join the pairs within pieces that this one does not; None if some are not joined so."""
    counts = [np.bincount(piece[piece >= 0]) for piece in (core_piece, wide_piece)]
    missing = int((counts[0].astype(np.int64) * counts[1]).sum()) - len(pairs[tap][0])
    others = []
    for other, (core, wide) in pairs.items():
        within = (core_piece[core] == wide_piece[wide]) & (core_piece[core] >= 0)
        if other == tap or not within.any():
            continue
        if not within.all():
            return None
        missing -= len(core)
        others.append(other)
    return None if missing else others


def _complete(tap: int, core_piece: Positions, wide_piece: Positions) -> AxisTap:
    """A tap that joins all positions of a piece."""
    count = int(core_piece.max()) + 1
    numbers = np.arange(count, dtype=np.int32)
    ends = (Classes(piece, count) for piece in (core_piece, wide_piece))
    return AxisTap(tap, None, numbers, numbers, *ends)
