"""Products of 0/1 matrices: how many walks of two steps join a row to a column, in bounded memory.

Blocks of rows are dense or sparse, whichever is cheaper: dense products suit a barely pruned layer with few nodes,
sparse ones a large feature map. Both are exact.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

# (first row, last row + 1, the rows as float32 array or as int32 csr_array with positive entries
# only)
RowBlock = tuple[int, int, NDArray[np.float32] | csr_array]

# Rough seconds on one core, to choose between dense and sparse; only speed depends on them.
_SECONDS_PER_DENSE_ENTRY = 3e-9
_SECONDS_PER_MULTIPLICATION = 2e-11
_SECONDS_PER_WALK = 6e-9
# Most entries of a dense operand or result, and walks of a sparse row block: about 50 MB at a time.
_BLOCK_ENTRIES = 2**22
_MAX_DENSE_RIGHT = 2**24
# Below it float32 counts exactly.
_FLOAT32_EXACT = 2**24


def walk_counts(left: Sequence[csr_array], right: Sequence[csr_array]) -> Iterator[RowBlock]:
    """Sum over k of left[k] @ right[k], matrices (n, m_k) and (m_k, p) of int32 ones, in blocks of rows.

    There is one pair of matrices for each node layer walked through.
    """
    first = hstack(left, format="csr") if len(left) > 1 else left[0]
    second = vstack(right, format="csr") if len(right) > 1 else right[0]
    rows, inner = first.shape
    columns = second.shape[1]
    # Walks that start in each row, cumulated.
    walks = np.concatenate([[0], np.cumsum(np.diff(second.indptr)[first.indices], dtype=np.int64)])[
        first.indptr
    ]
    dense_seconds = (
        rows * columns * (_SECONDS_PER_DENSE_ENTRY + inner * _SECONDS_PER_MULTIPLICATION)
    )
    if (
        dense_seconds < walks[-1] * _SECONDS_PER_WALK
        and inner * columns <= _MAX_DENSE_RIGHT
        and inner < _FLOAT32_EXACT
    ):
        yield from _dense_blocks(first, second)
        return
    start = 0
    while start < rows:
        stop = int(np.searchsorted(walks, walks[start] + _BLOCK_ENTRIES, side="right")) - 1
        stop = min(max(stop, start + 1), rows)
        yield start, stop, first[start:stop] @ second
        start = stop


def _dense_blocks(first: csr_array, second: csr_array) -> Iterator[RowBlock]:
    right = second.astype(np.float32).toarray()
    step = max(1, _BLOCK_ENTRIES // max(first.shape[1], second.shape[1]))
    for start in range(0, first.shape[0], step):
        stop = min(start + step, first.shape[0])
        yield start, stop, first[start:stop].astype(np.float32).toarray() @ right


def values_at(
    block: NDArray[np.float32] | csr_array, pattern: csr_array
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(rows, columns, values) where the pattern has entries and the block is not zero."""
    if isinstance(block, np.ndarray):
        rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
        columns = pattern.indices.astype(np.int64)
        values = block[rows, columns].astype(np.int64)
        kept = values > 0
        return rows[kept], columns[kept], values[kept]
    common = block.multiply(pattern).tocoo()
    rows, columns = common.coords
    return rows.astype(np.int64), columns.astype(np.int64), common.data.astype(np.int64)


def count_positive(block: NDArray[np.float32] | csr_array) -> int:
    """Entries above zero."""
    return int(np.count_nonzero(block) if isinstance(block, np.ndarray) else block.nnz)


def sum_of_squares(block: NDArray[np.float32] | csr_array) -> int:
    """Exact sum of the squared entries."""
    entries = block.ravel() if isinstance(block, np.ndarray) else block.data
    if entries.size == 0:
        return 0
    values = entries.astype(np.float64)
    # Float64 adds integers exactly below 2**53.
    if float(values.max()) ** 2 * values.size < 2**53:
        return int(values @ values)
    counts, times = np.unique(values, return_counts=True)
    return sum(int(count) ** 2 * int(number) for count, number in zip(counts, times, strict=True))
