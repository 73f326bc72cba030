"""How far a layer's graph is from a Ramanujan graph, and how well its parts expand.

``docs/layers.md``, section 3, defines the metrics and names their sources.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from sparsetopo.layers.bge import biadjacency
from sparsetopo.layers.singular_values import two_largest_singular_values
from sparsetopo.metrics.blas import single_threaded_blas

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE

MINIMUM_DEGREE = 3
"""Least degree for which the bound means something: on either side of a left-regular subgraph."""

RAMANUJAN_METRICS = (
    "density",
    "delta_r",
    "delta_r_imdb",
    "lambda_imsg",
    "delta_r_absolute",
    "delta_r_imdb_absolute",
    "regular_subgraphs",
)
"""Names of what `ramanujan_metrics` returns."""

WEIGHTED_RAMANUJAN_METRICS = ("lambda_imsg",)
"""Those that depend on the weights, not on the mask alone."""


@dataclass(frozen=True)
class Expansion:
    """Mean degrees (of nodes with edges) and second singular value of the 0/1 matrix of two edges or more."""

    left_degree: float
    right_degree: float
    second: float

    @property
    def bound(self) -> float:
        """Largest second singular value of a Ramanujan graph of these degrees."""
        return math.sqrt(self.left_degree - 1) + math.sqrt(self.right_degree - 1)

    @property
    def difference(self) -> float:
        """Bound minus second singular value: at least 0 for Ramanujan graphs."""
        return self.bound - self.second

    @property
    def relative_difference(self) -> float | None:
        """Difference over bound: 1 for complete graphs; None if the bound is 0, as no two edges meet."""
        return self.difference / self.bound if self.bound else None


def ramanujan_metrics(graph: "MGE") -> dict[str, int | float | None]:
    """Ramanujan metrics of a layer, None where they do not exist.

    Parameters
    ----------
    graph
        From `sparsetopo.layers.rolled`, as in the literature, or from `rolled_channel`.

    Returns
    -------
    dict
        {metric: value} of `RAMANUJAN_METRICS`. The density of the rolled-channel graph is edges over possible edges.
        delta_r and delta_r_absolute are None if the graph has fewer than two edges, delta_r also if no two edges meet
        in a node (its bound is 0). The iterative means are None if no left-regular subgraph is used.

    Examples
    --------
    >>> from sparsetopo.layers import rolled
    >>> values = ramanujan_metrics(rolled(np.ones((3, 4)), np.ones((3, 4), dtype=bool)))
    >>> values["density"], values["delta_r"], values["regular_subgraphs"]
    (1.0, 1.0, 1)
    """
    matrix = biadjacency(graph)
    (mask,) = graph.masks.values()
    with single_threaded_blas():
        whole = expansion(matrix)
        regular = [(expansion(part), weighted_gap(part)) for part in left_regular_subgraphs(matrix)]
    parts = [(found, gap) for found, gap in regular if found is not None]
    return {
        "density": matrix.nnz / mask.size,
        "delta_r": whole.relative_difference if whole else None,
        "delta_r_imdb": _mean([part.difference / part.bound for part, _ in parts]),
        "lambda_imsg": _mean([gap for _, gap in parts]),
        "delta_r_absolute": whole.difference if whole else None,
        "delta_r_imdb_absolute": _mean([part.difference for part, _ in parts]),
        "regular_subgraphs": len(parts),
    }


def expansion(matrix: csr_array) -> Expansion | None:
    """Degrees and second singular value of a (left, right) matrix; None with fewer than two edges.

    A single edge has two nodes, and no third eigenvalue.
    """
    if matrix.nnz < 2:
        return None
    ones = matrix.copy()
    ones.data = np.ones_like(ones.data)
    left = np.count_nonzero(np.diff(matrix.indptr))
    right = len(np.unique(matrix.indices))
    second = two_largest_singular_values(ones)[1]
    return Expansion(matrix.nnz / left, matrix.nnz / right, second)


def weighted_gap(matrix: csr_array) -> float:
    """First minus second singular value of the weights."""
    first, second = two_largest_singular_values(matrix)
    return first - second


def left_regular_subgraphs(matrix: csr_array) -> Iterator[csr_array]:
    """Subgraphs of the left nodes of each degree, ascending, if both degrees are large enough.

    Columns without an edge are left out, so that every node of a subgraph has one.
    """
    degrees = np.diff(matrix.indptr)
    for degree in np.unique(degrees[degrees >= MINIMUM_DEGREE]):
        part = matrix[np.flatnonzero(degrees == degree)]
        neighbours = np.unique(part.indices)
        if part.nnz >= MINIMUM_DEGREE * len(neighbours):
            yield csr_array(part[:, neighbours])


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
