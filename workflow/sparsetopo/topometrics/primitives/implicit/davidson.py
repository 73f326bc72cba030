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

# Ritz pairs whose residuals extend the subspace in a step.
_BLOCK = 2
# Ritz vectors that a restart keeps.
_KEPT = 6
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
    """Largest eigenvalue and its vector.

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

    Raises
    ------
    NotConvergedError
        If they are not enough.
    """
    basis, _ = np.linalg.qr(start)
    image = product(basis)
    for _ in range(max_steps):
        values, rotation = np.linalg.eigh(basis.T @ image)
        best = rotation[:, ::-1][:, :_BLOCK]
        value = float(values[-1])
        residuals = image @ best - (basis @ best) * values[::-1][:_BLOCK]
        if np.linalg.norm(residuals[:, 0]) <= tolerance * value:
            return value, basis @ best[:, 0]
        if basis.shape[1] + _BLOCK > capacity:
            kept = rotation[:, -_KEPT:]
            basis, image = basis @ kept, image @ kept
        divisors = values[::-1][:_BLOCK] - diagonal[:, None]
        smallest = _SMALLEST_DIVISOR * value
        divisors = np.where(np.abs(divisors) < smallest, smallest, divisors)
        new = _complement(basis, residuals / divisors)
        basis, image = np.hstack([basis, new]), np.hstack([image, product(new)])
    raise NotConvergedError(f"no eigenvalue of the required accuracy in {max_steps} steps")


def _complement(basis: Vectors, vectors: Vectors) -> Any:
    """Orthonormal basis of the vectors' part outside the basis; C-contiguous."""
    for _ in range(2):
        vectors = vectors - basis @ (basis.T @ vectors)
        vectors, _ = np.linalg.qr(vectors)
    return np.ascontiguousarray(vectors)
