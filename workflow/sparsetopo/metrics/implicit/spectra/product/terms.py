"""A bundle as a sum of terms, each of which is a convolution between maps, or between sums of maps.

Most bundles are one term. One with attention has several: the keys and values of all tokens, summed
over tokens, and the queries of each token, summed over the channels of a head.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from sparsetopo.graphs.bundles.bundle import Bundle, Half
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.spectra.product.axis_taps import AxisTap, axis_taps
from sparsetopo.metrics.implicit.spectra.product.channel_lists import (
    Kernel,
    Numbers,
    concatenated,
    difference,
    grouped,
    of_tap,
)


class End(NamedTuple):
    """The channels of a node layer at one end of a term.

    `groups` is the group of each channel, -1 for those that are not joined, if those of a group have
    equal weights; the kernel is that of the groups then. Otherwise it is None.
    """

    layer: int
    channels: range
    groups: Numbers | None = None

    @property
    def num_groups(self) -> int:
        """Channels of the kernel at this end."""
        return len(self.channels) if self.groups is None else int(self.groups.max()) + 1


class Term(NamedTuple):
    """Part of a bundle between *core* maps and *wide* ones, which are at least as large.

    `kernel` has the magnitudes by (row tap, column tap), in the order of `rows` and `columns`.
    """

    core: End
    wide: End
    rows: list[AxisTap]
    columns: list[AxisTap]
    kernel: Kernel

    def of_taps(self, row: int, column: int) -> Kernel:
        """Kernel of one row tap and one column tap."""
        tap = row * len(self.columns) + column
        core, wide = (
            of_tap(lists, tap, end.num_groups)
            for lists, end in zip(self.kernel, (self.core, self.wide), strict=True)
        )
        return Kernel(core, wide)


def terms_of(layers: Sequence[NodeLayer], bundles: Sequence[Bundle]) -> list[Term]:
    """Terms whose products add up to those of some bundles."""
    return [term for bundle in bundles for term in _terms(layers, bundle)]


def _terms(layers: Sequence[NodeLayer], bundle: Bundle) -> list[Term]:
    source, target = layers[bundle.source], layers[bundle.target]
    core_is_target = target.height * target.width <= source.height * source.width
    wide_half, core_half = bundle.halves if core_is_target else bundle.halves[::-1]
    wide = layers[wide_half.near]
    rows = axis_taps(core_half.rows, wide.height)
    columns = axis_taps(core_half.columns, wide.width)
    core_end, wide_end = (End(half.near, half.near_channels) for half in (core_half, wide_half))
    lists = Kernel(core_half.lists, wide_half.lists)
    if _are_plain(rows, core_half.rows.num_taps) and _are_plain(
        columns, core_half.columns.num_taps
    ):
        return [_with_groups(Term(core_end, wide_end, rows, columns, lists))]
    found = []
    for row_taps, column_taps in _separated(rows, columns):
        kernels = [_kernel(core_half, wide_half, *taps) for taps in product(row_taps, column_taps)]
        kernel = concatenated(kernels)
        if kernel.num_weights:
            found.append(_with_groups(Term(core_end, wide_end, row_taps, column_taps, kernel)))
    return found


def _are_plain(taps: list[AxisTap], number: int) -> bool:
    """Whether the taps are as in the bundle, all of them."""
    return len(taps) == number and all(tap.is_plain and tap.less is None for tap in taps)


def _with_groups(term: Term) -> Term:
    """The term with equal channels in groups, if it has a single kernel."""
    if len(term.rows) * len(term.columns) > 1:
        return term
    kernel, *groups = grouped(term.kernel)
    core, wide = (
        end._replace(groups=group)
        for end, group in zip((term.core, term.wide), groups, strict=True)
    )
    return term._replace(core=core, wide=wide, kernel=kernel)


def _separated(
    rows: list[AxisTap], columns: list[AxisTap]
) -> list[tuple[list[AxisTap], list[AxisTap]]]:
    """Row taps and column taps of each term: all plain ones together, others by themselves."""

    def parts(taps: list[AxisTap]) -> list[list[AxisTap]]:
        plain = [tap for tap in taps if tap.is_plain]
        return ([plain] if plain else []) + [[tap] for tap in taps if not tap.is_plain]

    return list(product(parts(rows), parts(columns)))


def _kernel(core: Half, wide: Half, row: AxisTap, column: AxisTap) -> Kernel:
    """Magnitudes of two taps, less those of the taps that join their pairs too."""

    def of_taps(row_tap: int, column_tap: int) -> Kernel:
        tap = row_tap * core.columns.num_taps + column_tap
        halves = [of_tap(half.lists, tap, len(half.near_channels)) for half in (core, wide)]
        return Kernel(*halves)

    def of_row_tap(row_tap: int) -> Kernel:
        kernel = of_taps(row_tap, column.tap)
        return kernel if column.less is None else difference(kernel, of_taps(row_tap, column.less))

    kernel = of_row_tap(row.tap)
    return kernel if row.less is None else difference(kernel, of_row_tap(row.less))
