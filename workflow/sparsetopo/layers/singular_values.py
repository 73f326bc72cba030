"""The two largest singular values of a sparse matrix, with multiplicity.

They are the first and third eigenvalue, by magnitude, of the adjacency matrix of the bipartite graph that has it as its
(left, right) matrix.
"""

import math
from collections.abc import Callable

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparsetopo.seeding import generator

# Most operations (longer side times the square of the shorter one) for which the decomposition is dense: some tenths
# of a second.
_DENSE_OPERATIONS = 2**28
# ARPACK's residual, relative to the squared singular value and its shift. The error of the value is far below.
_TOLERANCE = 1e-10
_RESTARTS = 2000
# What the first value leaves of the squared Frobenius norm is rounding if it is at most this share.
_ROUNDING = 1e-12


def two_largest_singular_values(matrix: csr_array) -> tuple[float, float]:
    """Largest and second largest singular value; they are equal if the largest is a multiple one.

    They are accurate to about 1e-9 of the first. The second is 0 for a matrix of one row or column, and may be 0 in a
    large matrix if it is less than a millionth of the first.

    Small matrices are decomposed by LAPACK. For others ARPACK finds the largest value on the Gram matrix, and the
    second with the first one's vector projected out, because one run for both could see a multiple value only once. The
    result is deterministic.
    """
    longer, shorter = max(matrix.shape), min(matrix.shape)
    if shorter == 0 or matrix.nnz == 0:
        return 0.0, 0.0
    if shorter > 2 and longer * shorter**2 > _DENSE_OPERATIONS:  # ARPACK needs three
        found = _by_arpack(matrix)
        if found is not None:
            return found
    values = scipy.linalg.svdvals(matrix.toarray().astype(np.float64))
    return float(values[0]), float(values[1]) if shorter > 1 else 0.0


def _by_arpack(matrix: csr_array) -> tuple[float, float] | None:
    """Both values by ARPACK; None if it does not converge."""
    from scipy.sparse.linalg import ArpackError

    # Taller than wide, so that the Gram matrix has the order of the shorter side.
    tall = csr_array(matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T).astype(np.float64)
    wide = csr_array(tall.T)
    sizes = abs(tall)
    # Largest row sum times largest column sum: a bound on the square of the first value.
    bound = float(sizes.sum(axis=0).max() * sizes.sum(axis=1).max())
    order = tall.shape[1]

    def gram(x: NDArray[np.float64]) -> NDArray[np.float64]:
        product: NDArray[np.float64] = wide @ (tall @ x)
        return product

    try:
        square, vector = _largest(gram, order, bound)
        # What the first leaves of the squared Frobenius norm bounds the square of the second.
        norm = float(np.square(tall.data).sum())
        if norm - square <= _ROUNDING * norm:
            return math.sqrt(square), 0.0

        def project(x: NDArray[np.float64]) -> NDArray[np.float64]:
            return x - vector * (vector @ x)

        rest = _largest(lambda x: project(gram(project(x))), order, square)[0]
    except ArpackError:
        return None
    return math.sqrt(square), math.sqrt(min(max(rest, 0.0), square))


def _largest(
    product: Callable[[NDArray[np.float64]], NDArray[np.float64]], order: int, shift: float
) -> tuple[float, NDArray[np.float64]]:
    """Largest eigenvalue of a positive semidefinite matrix, and its vector.

    The solver is given the matrix + `shift`, because ARPACK fails on a matrix that is 0, as the rest of one of low rank
    is.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator(
        (order, order), matvec=lambda x: product(x.ravel()) + shift * x.ravel(), dtype=np.float64
    )
    random = generator("singular values", order)
    values, vectors = eigsh(
        operator,
        1,
        which="LA",
        v0=random.standard_normal(order),
        maxiter=_RESTARTS,
        tol=_TOLERANCE,
        rng=random,  # the solver draws anew where the Krylov space is exhausted
    )
    return float(values[0]) - shift, vectors[:, 0]
