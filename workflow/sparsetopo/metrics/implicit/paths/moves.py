"""What one tap of an axis does to maps: their rows (or columns) at one end are summed into those of the other.

Most taps join neighbouring positions one by one, as slices do: a convolution's are shifts. Others are 0/1 matrices:
windows of pooling, and tokens that see one another.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Maps = NDArray[np.float64]

# Position matrices of at most so large a share of ones are stored as sparse ones.
_SPARSE = 1 / 8


class Move(NamedTuple):
    """Which positions of an axis a tap joins: those of two slices one by one, or those of a matrix.

    Attributes
    ----------
    near, far
        Slices of equally many positions; None if there is a matrix.
    matrix
        (near positions, far positions), 1 where the tap joins them; None if there are slices.
    sizes
        Number of near positions and of far ones.
    """

    near: slice | None
    far: slice | None
    matrix: Any
    sizes: tuple[int, int]

    @classmethod
    def of(
        cls,
        near: NDArray[np.integer[Any]],
        far: NDArray[np.integer[Any]],
        sizes: tuple[int, int],
    ) -> "Move":
        """Move of pairs of positions, each of which occurs once.

        Examples
        --------
        >>> Move.of(np.array([0, 1]), np.array([1, 3]), (2, 4)).far
        slice(1, 4, 2)
        >>> Move.of(np.array([0, 0]), np.array([1, 3]), (2, 4)).matrix.tolist()
        [[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
        """
        order = np.argsort(near, kind="stable")
        slices = [_slice(positions[order]) for positions in (near, far)]
        if slices[0] is not None and slices[1] is not None:
            return cls(slices[0], slices[1], None, sizes)
        matrix: Any = csr_array((np.ones(len(near)), (near, far)), shape=sizes)
        if matrix.nnz > _SPARSE * sizes[0] * sizes[1]:
            matrix = matrix.toarray()
        return cls(None, None, matrix, sizes)

    @property
    def is_whole(self) -> bool:
        """Whether every position is joined with itself and no other."""
        near, far = self.sizes
        return near == far and self.near == self.far == slice(0, near, 1)

    def read(self, maps: Maps, axis: int) -> Maps:
        """Near maps, each position of `axis` the sum of the far ones that it is joined to."""
        return self._moved(maps, axis, self.near, self.far, self.matrix, self.sizes[0])

    def write(self, maps: Maps, axis: int) -> Maps:
        """The transpose: far maps, summed from near ones."""
        matrix = None if self.matrix is None else self.matrix.T
        return self._moved(maps, axis, self.far, self.near, matrix, self.sizes[1])

    def _moved(self, maps: Maps, axis: int, into: Any, out_of: Any, matrix: Any, size: int) -> Maps:
        if self.is_whole:
            return maps
        if matrix is None:
            moved = np.zeros((*maps.shape[:axis], size, *maps.shape[axis + 1 :]))
            places = (slice(None),) * axis
            moved[(*places, into)] = maps[(*places, out_of)]
            return moved
        first = np.moveaxis(maps, axis, 0)
        product = matrix @ first.reshape(len(first), -1)
        return np.moveaxis(product.reshape(size, *first.shape[1:]), 0, axis)


def _slice(positions: NDArray[np.integer[Any]]) -> slice | None:
    """The positions as a slice, if each is the same number above the one before."""
    first, last = int(positions[0]), int(positions[-1])
    step = int(positions[1]) - first if len(positions) > 1 else 1
    if step < 1 or not (np.diff(positions) == step).all():
        return None
    return slice(first, last + 1, step)
