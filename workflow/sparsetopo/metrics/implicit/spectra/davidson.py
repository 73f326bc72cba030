"""Largest eigenvalue of a symmetric operator with a known diagonal, by Davidson's method (``docs/graph.md``).

Where the diagonal is constant, this is the block Lanczos method.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.ritz import NotConvergedError, RitzPairs

Vectors = NDArray[np.float64]

# How many Ritz pairs, the first that have not converged, extend the subspace by their residuals in a
# step; after the first steps only those that matter.
_BLOCK = 2
# Ritz vectors that a restart keeps.
_KEPT = 10
# A pair has been found roughly if its residual is at most this part of the largest value.
_ROUGHLY = 1e-3
# The residual allowed, in units of the error allowed: what the error estimates assume about the rest of
# the spectrum may be wrong, but some eigenvalue always lies within the residual.
_LARGEST_RESIDUAL = 30
# A divisor in the preconditioner is at least this part of the eigenvalue.
_SMALLEST_DIVISOR = 1e-4


def largest_pair(
    product: Callable[[Vectors], Vectors],
    diagonal: NDArray[np.float64],
    start: Vectors,
    *,
    tolerance: float,
    capacity: int,
    least_steps: int,
    max_steps: int,
) -> tuple[float, Vectors]:
    """Largest eigenvalue, and the best vectors of the subspace it was found in.

    Parameters
    ----------
    product
        Product of the operator, which is positive semidefinite, with (V, vectors) vectors.
    start
        (V, vectors) start vectors of full rank; the value is never below the best Rayleigh quotient in their span.
    tolerance
        Error allowed, relative to the value, as `RitzPairs.errors` estimates it; the residual may be
        `_LARGEST_RESIDUAL` times as large.
    capacity
        Vectors that the subspace may hold.
    least_steps, max_steps
        Steps before the first pair is accepted, since what the start vectors hardly hold needs some to grow; and steps
        allowed: if they are not enough, NotConvergedError is raised.

    Returns
    -------
    value, vectors
        The eigenvalue, and (V, vectors) Ritz vectors, its own first: a start for a larger operator.
    """
    order, size = start.shape
    basis, image = (np.empty((order, capacity), order="F") for _ in range(2))
    basis[:, :size], _ = np.linalg.qr(start)
    image[:, :size] = product(np.ascontiguousarray(basis[:, :size]))
    # The operator and its square, in the basis.
    projection = basis[:, :size].T @ image[:, :size]
    squared = image[:, :size].T @ image[:, :size]
    for step in range(max_steps):
        used, mapped = basis[:, :size], image[:, :size]
        values, rotation = np.linalg.eigh(projection)
        values, rotation = values[::-1], rotation[:, ::-1]
        value = float(values[0])
        # |A x - value x|^2 = |A x|^2 - value^2, as accurate as the square root of rounding.
        squares = np.einsum("ij,ij->j", rotation, squared @ rotation) - values**2
        norms = np.sqrt(np.maximum(squares, 0))
        is_accurate = RitzPairs(values, norms).errors <= tolerance * value
        is_accurate &= norms <= _LARGEST_RESIDUAL * tolerance * value
        open_pairs = np.flatnonzero(~is_accurate)[:_BLOCK]
        # Whether each of them is known to stay below the first value, or is found roughly.
        settled = norms[open_pairs] <= np.maximum(value - values[open_pairs], _ROUGHLY * value)
        if is_accurate[0] and settled.all() and (step >= least_steps or not len(open_pairs)):
            return value, used @ rotation[:, :_KEPT]
        if step >= least_steps:
            open_pairs = open_pairs[~settled | (open_pairs == 0)]
        chosen = rotation[:, open_pairs]
        residuals = mapped @ chosen - (used @ chosen) * values[open_pairs]
        divisors = values[open_pairs] - diagonal[:, None]
        smallest = _SMALLEST_DIVISOR * value
        divisors = np.where(np.abs(divisors) < smallest, smallest, divisors)
        new = _complement(used, residuals / divisors)
        if size + new.shape[1] > capacity:
            kept = rotation[:, :_KEPT]
            basis[:, :_KEPT], image[:, :_KEPT] = used @ kept, mapped @ kept
            projection, squared = np.diag(values[:_KEPT]), kept.T @ squared @ kept
            size = _KEPT
        grown = slice(size, size + new.shape[1])
        basis[:, grown], image[:, grown] = new, product(new)
        size = grown.stop
        projection = _extended(projection, basis[:, :size].T @ image[:, grown])
        squared = _extended(squared, image[:, :size].T @ image[:, grown])
    raise NotConvergedError(f"no eigenvalue of the required accuracy in {max_steps} steps")


def _extended(matrix: Vectors, columns: Vectors) -> Vectors:
    """Symmetric matrix with some more columns, and rows equal to them."""
    size, whole = len(matrix), len(columns)
    result = np.empty((whole, whole))
    result[:size, :size] = matrix
    result[:, size:] = columns
    result[size:, :size] = columns[:size].T
    return result


def _complement(basis: Vectors, vectors: Vectors) -> Any:
    """Orthonormal basis of the part of the vectors outside the basis; C-contiguous."""
    for _ in range(2):
        vectors = vectors - basis @ (basis.T @ vectors)
        vectors, _ = np.linalg.qr(vectors)
    return np.ascontiguousarray(vectors)
