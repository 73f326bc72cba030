"""Largest eigenvalue of a symmetric operator with a known diagonal, by Davidson's method.

A subspace grows by the residuals of its best Ritz vectors, divided by what the eigenvalue differs
from the diagonal. Where the diagonal dominates, as in the Laplacian of a graph with hubs, a few
steps are enough, however close the diagonal's largest entries are to one another; where it is
constant, this is the block Lanczos method. (Davidson, J. Comput. Phys. 17, 1975; restarted by
keeping the best Ritz vectors.)
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.topometrics.primitives.implicit.ritz import NotConvergedError

Vectors = NDArray[np.float64]

# Ritz pairs, the first that have not converged, whose residuals extend the subspace in a step.
_BLOCK = 2
# Ritz vectors that a restart keeps.
_KEPT = 10
# A pair has been found roughly if its residual is this part of the largest value.
_ROUGHLY = 1e-3
# Steps before the first pair is believed: what the start vectors hardly hold takes some to grow.
_LEAST_STEPS = 8
# A divisor in the preconditioner is at least this part of the eigenvalue.
_SMALLEST_DIVISOR = 1e-4


def largest_pair(
    product: Callable[[Vectors], Vectors],
    diagonal: NDArray[np.float64],
    start: Vectors,
    *,
    tolerance: float,
    capacity: int,
    max_steps: int,
) -> tuple[float, Vectors]:
    """Largest eigenvalue, and the best vectors of the subspace it was found in.

    Parameters
    ----------
    product
        Product of the operator, which is positive semidefinite, with (V, block) vectors.
    diagonal
        (V,) diagonal of the operator.
    start
        (V, block) start vectors of full rank; the value is never below the best Rayleigh quotient
        in their span.
    tolerance
        The residual's norm allowed, relative to the value: an eigenvalue lies at most so far from
        the value.
    capacity
        Vectors that the subspace may hold.
    max_steps
        Steps allowed.

    Returns
    -------
    value, vectors
        The eigenvalue, and (V, columns) Ritz vectors, its own first: a start for a larger operator.

    Raises
    ------
    NotConvergedError
        If they are not enough.
    """
    order, size = start.shape
    basis, image = (np.empty((order, capacity), order="F") for _ in range(2))
    basis[:, :size], _ = np.linalg.qr(start)
    image[:, :size] = product(np.ascontiguousarray(basis[:, :size]))
    for step in range(max_steps):
        used, mapped = basis[:, :size], image[:, :size]
        values, rotation = np.linalg.eigh(used.T @ mapped)
        values, rotation = values[::-1], rotation[:, ::-1]
        value = float(values[0])
        # |A x - value x|^2 = |A x|^2 - value^2, as accurate as the square root of rounding.
        squares = np.einsum("ij,ij->j", rotation, (mapped.T @ mapped) @ rotation) - values**2
        norms = np.sqrt(np.maximum(squares, 0))
        open_pairs = np.flatnonzero(norms > tolerance * value)[:_BLOCK]
        # Whether each of them is known to stay below, or to be as good as found.
        settled = norms[open_pairs] <= np.maximum(value - values[open_pairs], _ROUGHLY * value)
        is_found = norms[0] <= tolerance * value and settled.all()
        if is_found and (step >= _LEAST_STEPS or not len(open_pairs)):
            return value, used @ rotation[:, :_KEPT]
        chosen = rotation[:, open_pairs]
        residuals = mapped @ chosen - (used @ chosen) * values[open_pairs]
        divisors = values[open_pairs] - diagonal[:, None]
        smallest = _SMALLEST_DIVISOR * value
        divisors = np.where(np.abs(divisors) < smallest, smallest, divisors)
        new = _complement(used, residuals / divisors)
        if size + new.shape[1] > capacity:
            kept = rotation[:, :_KEPT]
            basis[:, :_KEPT], image[:, :_KEPT] = used @ kept, mapped @ kept
            size = _KEPT
        grown = slice(size, size + new.shape[1])
        basis[:, grown], image[:, grown] = new, product(new)
        size = grown.stop
    raise NotConvergedError(f"no eigenvalue of the required accuracy in {max_steps} steps")


def _complement(basis: Vectors, vectors: Vectors) -> Any:
    """Orthonormal basis of the vectors' part outside the basis; C-contiguous."""
    for _ in range(2):
        vectors = vectors - basis @ (basis.T @ vectors)
        vectors, _ = np.linalg.qr(vectors)
    return np.ascontiguousarray(vectors)
