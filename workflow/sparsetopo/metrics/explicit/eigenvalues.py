"""Outermost eigenvalues of one symmetric matrix, in float64: LAPACK, or guarded ARPACK.

A Lanczos iteration from one start vector sees every eigenspace as one-dimensional. Rounding reveals further copies of
a multiple eigenvalue in time, but a solver may stop before. So what ARPACK found is projected out and the rest is
solved again from another start vector, until nothing appears that would change the answer.
"""

from collections.abc import Callable

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparsetopo.seeding import generator

# Matrices up to this order are solved by LAPACK, which takes a tenth of a second at most and misses nothing.
_DENSE_ORDER = 1000
# If ARPACK does not converge, matrices up to this order are solved by LAPACK after all (200 MB).
_DENSE_AFTER_FAILURE = 5000
# Relative to the eigenvalue; the gap needs 1e-9 of the largest one.
_TOLERANCE = 1e-10
# Eigenvalues wanted at either end.
_ABOVE, _BELOW = 3, 2
# Vectors kept in successive attempts, and restarts allowed in each.
_LANCZOS_VECTORS = (40, 120, 360)
_RESTARTS = 500

Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def outer_eigenvalues(
    matrix: csr_array,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The three largest (descending) and two smallest (ascending) eigenvalues, with multiplicity, without overlap.

    The matrix is that of a connected graph with non-negative weights. Among the values are the three largest
    magnitudes: by Perron and Frobenius no magnitude exceeds the largest eigenvalue.
    """
    order = matrix.shape[0]
    if order <= max(_DENSE_ORDER, _ABOVE + _BELOW + 1):
        return _ends(scipy.linalg.eigvalsh(matrix.toarray()))
    # A relative tolerance cannot be met by an eigenvalue 0: solve for A + shift.
    shift = 2 * float(matrix.sum(axis=1).max())
    found = _solve(lambda x: matrix @ x + shift * x, order, _ABOVE + _BELOW, "BE", attempt=0)
    if found is None:
        return _ends(_dense_or_fail(matrix))
    values, vectors = found[0] - shift, found[1]
    margin = _TOLERANCE * shift
    for attempt in range(1, order):
        found = _solve(_complement(matrix, shift, vectors), order, 2, "BE", attempt)
        if found is None:
            return _ends(_dense_or_fail(matrix))
        others = found[0] - shift
        upper, lower = _ends(values)
        # Directions projected out have the value 0; the solver may return one of them.
        new = np.linalg.norm(vectors.T @ found[1], axis=0) < 0.5
        new &= (others > upper[-1] + margin) | (others < lower[-1] - margin)
        if not new.any():
            break
        values = np.concatenate([values, others[new]])
        vectors = np.linalg.qr(np.hstack([vectors, found[1][:, new]]))[0]
    return _ends(values)


def largest_eigenvalue(matrix: csr_array) -> float:
    """Largest eigenvalue of a symmetric positive semidefinite matrix."""
    order = matrix.shape[0]
    if order <= _DENSE_ORDER:
        return float(scipy.linalg.eigvalsh(matrix.toarray())[-1])
    found = _solve(matrix.__matmul__, order, 1, "LA", attempt=0)
    return float(_dense_or_fail(matrix)[-1] if found is None else found[0][0])


def _ends(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest values, descending, and the smallest of the others, ascending."""
    ascending = np.sort(values)
    upper = ascending[::-1][:_ABOVE]
    return upper, ascending[: max(0, len(ascending) - len(upper))][:_BELOW]


def _complement(matrix: csr_array, shift: float, vectors: NDArray[np.float64]) -> Product:
    """Product with P A P + shift, P projecting on the complement of orthonormal columns."""

    def project(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return x - vectors @ (vectors.T @ x)

    return lambda x: project(matrix @ project(x)) + shift * x


def _solve(
    product: Product, order: int, count: int, which: str, attempt: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """(values, vectors) by ARPACK, None if it fails; its start vector follows from (order, attempt)."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    operator = LinearOperator((order, order), matvec=product, dtype=np.float64)
    for kept in _LANCZOS_VECTORS:
        # Given to the solver too: it draws anew where the Krylov space is exhausted.
        random = generator("eigenvalues", order, attempt)
        try:
            values, vectors = eigsh(
                operator,
                count,
                which=which,
                v0=random.standard_normal(order),
                ncv=min(kept, order - 1),
                maxiter=_RESTARTS,
                tol=_TOLERANCE,
                rng=random,
            )
        except ArpackError:
            continue
        return values, vectors
    return None


def _dense_or_fail(matrix: csr_array) -> NDArray[np.float64]:
    if matrix.shape[0] > _DENSE_AFTER_FAILURE:
        raise RuntimeError(f"ARPACK did not converge for a component of {matrix.shape[0]} nodes.")
    values: NDArray[np.float64] = scipy.linalg.eigvalsh(matrix.toarray())
    return values
