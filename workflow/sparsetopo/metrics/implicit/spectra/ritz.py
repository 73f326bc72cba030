"""Ritz pairs: approximate eigenpairs of a symmetric operator in a subspace, and their errors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]
Product = Callable[[Vectors, Vectors], Vectors]
"""Of an operator with vectors, in an array that may be overwritten with it."""


class NotConvergedError(RuntimeError):
    """An iteration did not reach the accuracy asked for in the steps allowed."""


@dataclass(frozen=True)
class RitzPairs:
    """Approximate eigenpairs, the best ones in a subspace: values, descending, and norms of A x - value x."""

    values: NDArray[np.float64]
    residuals: NDArray[np.float64]

    @property
    def errors(self) -> NDArray[np.float64]:
        """Estimates of how far eigenvalues lie beyond the values: the smaller one of those for either end."""
        upper = _errors(self.values, self.residuals)
        lower = _errors(-self.values[::-1], self.residuals[::-1])[::-1]
        return np.minimum(upper, lower)

    def kept_apart(self, inner: NDArray[np.float64], above: int, below: int) -> "RitzPairs":
        """Some pairs at either end, with inner values that a larger subspace held.

        A small subspace may hold only a few of many eigenvalues that lie close together; the larger
        one shows how far the others are. The residuals of its values are unknown.
        """
        unknown = np.full(len(inner), np.inf)
        return RitzPairs(
            np.concatenate([self.values[:above], inner, self.values[-below:]]),
            np.concatenate([self.residuals[:above], unknown, self.residuals[-below:]]),
        )

    def beside(
        self, others: NDArray[np.float64], above: int, below: int, margin: float
    ) -> "RitzPairs":
        """Pairs at either end, with the values (descending) that another subspace holds.

        Inner values are those of the other subspace. At the ends the outer one of both values counts; if it is the
        other subspace's, by more than a margin, then its residual is unknown.
        """
        ends = np.r_[:above, -below:0]
        signs = np.repeat([1.0, -1.0], [above, below])
        own, other = self.values[ends], others[ends]
        farther = signs * (other - own)
        values = np.where(farther > 0, other, own)
        residuals = np.where(farther > margin, np.inf, self.residuals[ends])
        return RitzPairs(values, residuals).kept_apart(others[above:-below], above, below)


def _errors(values: NDArray[np.float64], residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the eigenvalues may lie above the Ritz values (descending).

    The smaller of two is taken: the residual, and the error estimate of ``docs/graph.md`` with the best k for each
    value, which holds under a condition.
    """
    size = len(values)
    squares = np.cumsum(residuals**2)
    gaps = values[:, None] - np.append(values[1:], np.nan)[None, :]
    ratios = np.full((size, size), np.inf)
    np.divide(squares[None, :], gaps, out=ratios, where=gaps > 0)
    # k counts from i on: the vectors before i belong to the subspace.
    ratios[np.tri(size, k=-1, dtype=bool)] = np.inf
    return np.minimum(residuals, np.nanmin(ratios, axis=1, initial=np.inf))
