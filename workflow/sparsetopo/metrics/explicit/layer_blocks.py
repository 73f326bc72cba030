"""The pattern of the adjacency matrix, cut into one edge block for every two joined node layers."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from sparsetopo.errors import EncodingError


class LayerBlocks:
    """Edge blocks of a multipartite graph, patterns of int32 ones; those without edges are left out.

    `directed` has them by (source layer, target layer). `neighbours` are the layers that each layer is joined to, in
    either direction. EncodingError if an edge joins two nodes of one layer, or two layers are joined in both
    directions.
    """

    def __init__(self, matrix: csr_array, layer_sizes: Sequence[int]) -> None:
        self.sizes = list(layer_sizes)
        self.offsets = np.concatenate([[0], np.cumsum(self.sizes)])[:-1]
        layers = len(self.sizes)
        layer_of = np.repeat(np.arange(layers, dtype=np.int32), self.sizes)
        sources = np.repeat(
            np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr).astype(np.int64)
        )
        pairs = layer_of[sources] * layers + layer_of[matrix.indices]
        # Stable, so that every block keeps the row-major order of the matrix.
        order = np.argsort(pairs, kind="stable")
        found, starts = np.unique(pairs[order], return_index=True)
        self.directed: dict[tuple[int, int], csr_array] = {}
        for pair, edges in zip(found, np.split(order, starts[1:]), strict=False):
            source, target = divmod(int(pair), layers)
            rows = sources[edges] - self.offsets[source]
            columns = (matrix.indices[edges] - self.offsets[target]).astype(np.int32)
            indptr = np.concatenate(
                [[0], np.cumsum(np.bincount(rows, minlength=self.sizes[source]))]
            )
            self.directed[source, target] = csr_array(
                (np.ones(len(edges), dtype=np.int32), columns, indptr.astype(np.int32)),
                shape=(self.sizes[source], self.sizes[target]),
            )
        self.neighbours: list[set[int]] = [set() for _ in range(layers)]
        for source, target in self.directed:
            if (target, source) in self.directed:
                raise EncodingError(
                    f"edges join node layers {source} and {target} in both directions; "
                    "in a multipartite graph they join two different layers in one direction."
                )
            self.neighbours[source].add(target)
            self.neighbours[target].add(source)
        self._reversed: dict[tuple[int, int], csr_array] = {}

    def undirected(self, first: int, second: int) -> csr_array:
        """Edge block (first, second) of the undirected pattern; the two layers must be joined."""
        if (first, second) in self.directed:
            return self.directed[first, second]
        if (first, second) not in self._reversed:
            self._reversed[first, second] = self.directed[second, first].T.tocsr()
        return self._reversed[first, second]
