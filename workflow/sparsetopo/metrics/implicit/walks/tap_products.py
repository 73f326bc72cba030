"""Which products of patterns of channels a block of A^2 is made of: one for every two taps that differ from others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Half
from sparsetopo.metrics.implicit.equal_taps import EMPTY, all_differ
from sparsetopo.metrics.implicit.walks.classes import WalkClasses

NO_PRODUCT = -1  # in the table, where a tap keeps no weights


class MiddleProducts(NamedTuple):
    """Products through one middle layer: product i is made of ``first_taps[firsts[i]]`` and ``last_taps[lasts[i]]``."""

    first_taps: NDArray[np.int64]
    firsts: list[int]
    last_taps: NDArray[np.int64]
    lasts: list[int]


class TapProducts(NamedTuple):
    """The products of a block of A^2.

    Attributes
    ----------
    table
        Number of the product for each pair of a row walk and a column walk, walks through one middle layer behind
        those through another; NO_PRODUCT where a step keeps no weights.
    table_starts
        (middles + 1,) where each middle layer's part of the table starts.
    of_middles
        The products through each middle layer, behind one another.
    num_summands
        How often a product is added to a class of entries.
    """

    table: NDArray[np.int64]
    table_starts: NDArray[np.int64]
    of_middles: list[MiddleProducts]
    num_summands: int

    @property
    def number(self) -> int:
        """Number of products."""
        return sum(len(middle.firsts) for middle in self.of_middles)


def tap_products(
    rows: WalkClasses,
    columns: WalkClasses,
    steps: Sequence[tuple[Half, Half]],
    taps: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> TapProducts:
    """List the products; `steps` are the halves of each middle layer, and `taps` has their `equal_taps`."""
    tables, of_middles = [], []
    number = summands = 0
    for k, (halves, equal) in enumerate(zip(steps, taps, strict=True)):
        first, last = _walked_taps(rows, columns, k, halves, equal)
        kept = (first != EMPTY) & (last != EMPTY)
        table, made = _numbered(first, last, kept, all(map(all_differ, equal)))
        table[kept] += number
        tables.append(table.ravel())
        of_middles.append(made)
        number += len(made.firsts)
        summands += int(_times(rows, k) @ kept.astype(np.int64) @ _times(columns, k))
    starts = np.cumsum([0, *map(len, tables)])
    return TapProducts(np.concatenate(tables), starts, of_middles, summands)


def _numbered(
    first: NDArray[np.int64], last: NDArray[np.int64], kept: NDArray[np.bool_], plain: bool
) -> tuple[NDArray[np.int64], MiddleProducts]:
    """Number the distinct pairs of a first and a last tap: a table of the numbers, and the products.

    If `plain`, all of them are distinct and kept.
    """
    if plain:
        every = [np.arange(1 + int(taps.max(initial=0))) for taps in (first, last)]
        made = MiddleProducts(every[0], first.ravel().tolist(), every[1], last.ravel().tolist())
        return np.arange(first.size).reshape(first.shape), made
    span = int(last.max(initial=0)) + 1
    distinct, numbers = np.unique(first[kept] * span + last[kept], return_inverse=True)
    table = np.full(first.shape, NO_PRODUCT)
    table[kept] = numbers
    firsts, lasts = np.divmod(distinct, span)
    first_taps, of_first = np.unique(firsts, return_inverse=True)
    last_taps, of_last = np.unique(lasts, return_inverse=True)
    return table, MiddleProducts(first_taps, of_first.tolist(), last_taps, of_last.tolist())


def _walked_taps(
    rows: WalkClasses,
    columns: WalkClasses,
    middle: int,
    halves: tuple[Half, Half],
    equal: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Taps of the first and of the last step, (row walks, column walks), the first of equal ones each."""
    y, x = rows.tap_pairs[middle], columns.tap_pairs[middle]
    first = np.add.outer(y.first * halves[0].columns.num_taps, x.first)
    last = np.add.outer(y.last * halves[1].columns.num_taps, x.last)
    return equal[0][first], equal[1][last]


def _times(classes: WalkClasses, middle: int) -> NDArray[np.int64]:
    """How many classes have each walk through a middle layer."""
    walks = classes.walks[classes.middles == middle]
    return np.bincount(walks, minlength=len(classes.tap_pairs[middle].first))
