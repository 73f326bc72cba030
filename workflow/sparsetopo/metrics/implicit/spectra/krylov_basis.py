"""The growing orthonormal basis of a block Krylov method, and the operator projected on it."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.metrics.implicit.spectra.ritz import Product, Vectors
from sparsetopo.metrics.implicit.spectra.slabs import Slabs
from sparsetopo.metrics.implicit.workers import Workers

# A direction shorter than this, relative to the operator, is orthogonalised once more.
_SHORT = 0.03


class KrylovBasis:
    """Orthonormal basis that grows by the product with its last vectors; parameters as of `outer_pairs`.

    `projection` is the (size, size) operator in the basis, up to the last vectors multiplied.
    """

    def __init__(
        self, start: Vectors, capacity: int, random: np.random.Generator, workers: Workers
    ) -> None:
        self._order = start.shape[0]
        self._array = np.empty((self._order, min(capacity, self._order)), dtype=start.dtype)
        self._size = 0
        self._random, self._slabs = random, Slabs(self._order, workers)
        # Directions shorter than this, relative to the operator, are rounding errors.
        self._negligible = 100 * float(np.finfo(start.dtype).eps)
        self.projection = np.zeros((0, 0))
        self._next, self._coupling = self._orthonormal(
            start, self._slabs.gram(start, start), scale=0.0
        )
        self.append()

    @property
    def has_room(self) -> bool:
        """Whether the next vectors fit."""
        return self._size + self._next.shape[1] <= self._array.shape[1]

    @property
    def is_whole(self) -> bool:
        """Whether the basis spans everything, so that its values are the spectrum."""
        return self._size == self._order

    def append(self) -> None:
        """Take the next vectors into the basis."""
        stop = self._size + self._next.shape[1]

        def copy(rows: slice) -> None:
            self._array[rows, self._size : stop] = self._next[rows]

        self._slabs.each(copy)
        self._size = stop

    def multiply(self, product: Product) -> None:
        """Multiply the last vectors, and make the next ones of what is new in the result."""
        first, size = self._size - self._next.shape[1], self._size
        # The last vectors are in the basis: drop this copy before more memory is needed.
        self._next = image = product(self._next)
        parts, gram = self._remove_basis(image)
        self.projection = np.pad(self.projection, (0, size - first))
        self.projection[:first, first:] = parts[:first]
        self.projection[first:, :first] = parts[:first].T
        self.projection[first:, first:] = (parts[first:] + parts[first:].T) / 2
        scale = float(np.abs(self.projection).max())
        self._next, self._coupling = self._orthonormal(image, gram, scale)

    def residual_norms(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Norms of the residuals of the Ritz vectors with these coefficients."""
        last = rotation[self._size - self._coupling.shape[1] :]
        norms: NDArray[np.float64] = np.linalg.norm(self._coupling @ last, axis=0)
        return norms

    def restart(self, values: NDArray[np.float64], rotation: NDArray[np.float64]) -> None:
        """Replace the basis by some of its Ritz vectors."""
        kept = self.combined(rotation)
        self._size = kept.shape[1]
        self._array[:, : self._size] = kept
        self.projection = np.diag(values)

    def combined(self, rotation: NDArray[np.float64]) -> Vectors:
        """Vectors with these coefficients, (V, columns of `rotation`)."""
        return self._slabs.combined(self._array[:, : self._size], rotation)

    def _remove_basis(self, vectors: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Subtract the vectors' part in the basis: (its coefficients, the Gram matrix of the rest)."""
        used = self._array[:, : self._size]
        parts = self._slabs.gram(used, vectors)
        factors = parts.astype(vectors.dtype)

        def subtract(rows: slice) -> Vectors:
            vectors[rows] -= used[rows] @ factors
            gram: Vectors = vectors[rows].T @ vectors[rows]
            return gram

        return parts, self._slabs.summed(subtract)

    def _orthonormal(
        self, vectors: Vectors, gram: NDArray[np.float64], scale: float
    ) -> tuple[Vectors, NDArray[np.float64]]:
        """(Q, B) with vectors = Q B, where Q is orthonormal and orthogonal to the basis.

        Directions that are only rounding errors are replaced by random ones, whose rows of B are 0:
        the Krylov space is exhausted there, but others may hold more eigenvectors.
        """
        squares, directions = np.linalg.eigh(gram)
        lengths = np.sqrt(np.maximum(squares, 0))
        largest = max(scale, float(lengths.max(initial=0)))
        # At most as many as there are dimensions left, the longest first.
        count = min(vectors.shape[1], self._order - self._size)
        kept = np.argsort(-lengths)[:count]
        kept = kept[lengths[kept] > self._negligible * largest]
        coupling = np.zeros((count, vectors.shape[1]))
        coupling[: len(kept)] = (directions[:, kept] * lengths[kept]).T
        new = self._slabs.combined(vectors, directions[:, kept] / lengths[kept])
        if len(kept) < count:
            fresh = self._random.standard_normal((self._order, count - len(kept)))
            new = np.hstack([new, fresh.astype(vectors.dtype)])
        # The parts of other directions and of the basis that rounding left in a short direction are
        # large relative to it.
        if len(kept) < count or lengths[kept].min(initial=largest) < _SHORT * largest:
            for _ in range(2):
                self._remove_basis(new)
                new, _ = np.linalg.qr(new)
            new = np.ascontiguousarray(new)
        return new, coupling
