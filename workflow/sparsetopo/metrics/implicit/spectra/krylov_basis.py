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
        self,
        start: Vectors,
        memory: Vectors,
        random: np.random.Generator,
        workers: Workers,
    ) -> None:
        self._order = start.shape[0]
        capacity = min(memory.size // self._order, self._order)
        # Vectors lie one behind the other, so that sums over some of them read no others.
        self._array = memory[: self._order * capacity].reshape(self._order, capacity, order="F")
        self._size = 0
        self._random, self._slabs = random, Slabs(self._order, workers)
        # Directions shorter than this, relative to the operator, are rounding errors.
        self._negligible = 100 * float(np.finfo(start.dtype).eps)
        self.projection = np.zeros((0, 0))
        # Two arrays, used in turn, since new memory costs as much time as what is done in it.
        self._next, self._spare = start, np.empty_like(start)
        self._orthonormalise(self._slabs.gram(start, start), scale=0.0)
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
        self._next, self._spare = product(self._next, self._spare), self._next
        parts, gram = self._remove_basis()
        self.projection = np.pad(self.projection, (0, size - first))
        self.projection[:first, first:] = parts[:first]
        self.projection[first:, :first] = parts[:first].T
        self.projection[first:, first:] = (parts[first:] + parts[first:].T) / 2
        self._orthonormalise(gram, float(np.abs(self.projection).max()))

    def residual_norms(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Norms of the residuals of the Ritz vectors with these coefficients."""
        last = rotation[self._size - self._coupling.shape[1] :]
        norms: NDArray[np.float64] = np.linalg.norm(self._coupling @ last, axis=0)
        return norms

    def restart(self, values: NDArray[np.float64], rotation: NDArray[np.float64]) -> None:
        """Replace the basis by some of its Ritz vectors."""
        self._slabs.combine_in_place(self._array, rotation)
        self._size = rotation.shape[1]
        self.projection = np.diag(values)

    def combined(self, rotation: NDArray[np.float64]) -> Vectors:
        """Vectors with these coefficients, (V, columns of `rotation`)."""
        return self._slabs.combined(self._array[:, : self._size], rotation)

    def _remove_basis(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Subtract the next vectors' part in the basis: (its coefficients, the Gram matrix of the rest)."""
        return self._slabs.remove(self._array[:, : self._size], self._next)

    def _orthonormalise(self, gram: NDArray[np.float64], scale: float) -> None:
        """Replace the next vectors, whose Gram matrix this is, by Q with vectors = Q B, and keep B as the coupling.

        Q is orthonormal and orthogonal to the basis. Directions that are only rounding errors are replaced by random
        ones, whose rows of B are 0: the Krylov space is exhausted there, but others may hold more eigenvectors.
        """
        squares, directions = np.linalg.eigh(gram)
        lengths = np.sqrt(np.maximum(squares, 0))
        largest = max(scale, float(lengths.max(initial=0)))
        # At most as many as there are dimensions left, the longest first.
        count = min(len(gram), self._order - self._size)
        kept = np.argsort(-lengths)[:count]
        kept = kept[lengths[kept] > self._negligible * largest]
        self._coupling = np.zeros((count, len(gram)))
        self._coupling[: len(kept)] = (directions[:, kept] * lengths[kept]).T
        self._combine_next(directions[:, kept] / lengths[kept])
        if len(kept) < count:
            fresh = self._random.standard_normal((self._order, count - len(kept)))
            fresh /= np.sqrt(self._order)
            self._next = np.hstack([self._next, fresh.astype(self._next.dtype)])
        # The parts of other directions and of the basis that rounding left in a short direction are
        # large relative to it.
        if len(kept) < count or lengths[kept].min(initial=largest) < _SHORT * largest:
            for _ in range(2):
                _, gram = self._remove_basis()
                self._combine_next(_inverse_root(gram))
        if self._spare.shape != self._next.shape:
            self._spare = np.empty_like(self._next)

    def _combine_next(self, factors: NDArray[np.float64]) -> None:
        """Replace the next vectors by linear combinations of them."""
        if factors.shape[1] != self._spare.shape[1]:
            self._spare = np.empty((self._order, factors.shape[1]), dtype=self._next.dtype)
        self._slabs.combined(self._next, factors, self._spare)
        self._next, self._spare = self._spare, self._next


def _inverse_root(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric inverse root of a Gram matrix, which moves vectors least in making them orthonormal."""
    squares, directions = np.linalg.eigh(gram)
    roots = np.sqrt(np.maximum(squares, np.finfo(np.float32).eps * squares.max()))
    root: NDArray[np.float64] = (directions / roots) @ directions.T
    return root
