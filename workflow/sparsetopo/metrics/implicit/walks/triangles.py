"""Sums over the triangles on the edges between two node layers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.exact_sums import product_sum
from sparsetopo.metrics.implicit.walks.classes import WalkClasses

# Below this bound float64 adds integers exactly; int64 does so too, without fast matrix products.
_FLOAT64_EXACT = 2**53


@dataclass(frozen=True, eq=False)
class Triangles:
    """Sums of t_e, the number of triangles on e, over the edges e = (u, v) between two node layers.

    `num_edges` counts the edges with t_e > 0, and `diamonds` is the sum of t_e (t_e - 1) / 2. `by_source` and
    `by_target`, (row classes, column classes, channels), are sums of t_e by the channel of the source and by that of
    the target, for one position pair of each class.
    """

    num_edges: int
    diamonds: int
    rows: WalkClasses
    columns: WalkClasses
    by_source: NDArray[np.int64]
    by_target: NDArray[np.int64]

    def total(self) -> int:
        """Sum of t_e."""
        pairs = np.outer(self.rows.sizes, self.columns.sizes)
        return product_sum(self.by_source.sum(axis=2), pairs)

    def weighted_total(self, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> int:
        """Sum of t_e (d_u + d_v), from the (channels, height, width) degrees of both layers."""
        of_sources = self._class_sums(sources, self.rows.firsts, self.columns.firsts)
        of_targets = self._class_sums(targets, self.rows.lasts, self.columns.lasts)
        return product_sum(self.by_source, of_sources) + product_sum(self.by_target, of_targets)

    def _class_sums(
        self, planes: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """(row classes, column classes, channels) sums of d over the position pairs of the classes."""
        _, height, width = planes.shape
        by_row = self.rows.members(rows, height)
        by_column = self.columns.members(columns, width)
        most_pairs = int(self.rows.sizes.max(initial=0)) * int(self.columns.sizes.max(initial=0))
        exact = np.float64 if int(planes.max()) * most_pairs < _FLOAT64_EXACT else np.int64
        by_both = by_row.astype(exact) @ planes.astype(exact) @ by_column.T.astype(exact)
        return by_both.transpose(1, 2, 0).astype(np.int64)
