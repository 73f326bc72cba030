"""A graph made of plain arrays: all that the metrics ask of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.sparse import csr_array


@dataclass
class ArrayGraph:
    """Graph given by its edges."""

    layer_sizes: Sequence[int]
    matrix: csr_array

    def to_scipy(self) -> csr_array:
        return self.matrix


def _build(
    layer_sizes: Sequence[int], edges: Sequence[tuple[int, int]], weights: Sequence[float]
) -> ArrayGraph:
    """Graph of (source, target) pairs; a weight of 0 stays a stored entry."""
    nodes = int(sum(layer_sizes))
    pairs = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    matrix = csr_array(
        (np.asarray(weights, dtype=np.float32), (pairs[:, 0], pairs[:, 1])), shape=(nodes, nodes)
    )
    return ArrayGraph(list(layer_sizes), matrix)


@pytest.fixture(scope="session")
def array_graph() -> Callable[..., ArrayGraph]:
    """Builder of graphs: (layer sizes, edges, weights)."""
    return _build
