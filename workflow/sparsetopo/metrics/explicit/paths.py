"""Paths of a stored graph, node layer by node layer: sums in logarithms, and weights one by one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparsetopo.errors import EncodingError
from sparsetopo.metrics.primitives import EffectiveParts, Graph, path_ends

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.graphs.plan import Block


class StoredPaths:
    """Paths of a graph given as a sparse matrix, from the nodes of the first layers to those of the output layers.

    EncodingError if an edge leads from a layer to itself or to an earlier one.
    """

    def __init__(self, matrix: csr_array, layer_sizes: Sequence[int], graph: Graph) -> None:
        self._matrix, self._graph = matrix, graph
        self._offsets = np.cumsum([0, *layer_sizes])
        self._sources = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        source_layers, target_layers = (
            np.searchsorted(self._offsets, nodes, side="right")
            for nodes in (self._sources, matrix.indices)
        )
        wrong = np.flatnonzero(source_layers >= target_layers)
        if len(wrong):
            source, target = self._sources[wrong[0]], matrix.indices[wrong[0]]
            raise EncodingError(
                f"the edge from node {source} to node {target} does not lead to a later node layer; paths are only "
                "counted where all edges do."
            )
        inputs, outputs = path_ends(graph)
        self._is_input = np.arange(matrix.shape[0]) < self._offsets[inputs]
        self._is_output = np.zeros(matrix.shape[0], dtype=bool)
        for layer in outputs:
            if layer >= inputs:
                self._is_output[self._offsets[layer] : self._offsets[layer + 1]] = True

    def log_sums(self, *, weighted: bool) -> NDArray[np.float64]:
        """(V,) logarithm of the sum, over the paths from the inputs to a node, of the product of their weights."""
        with np.errstate(divide="ignore"):
            weights = np.log(self._matrix.data.astype(np.float64))
        backwards = csr_array(
            (
                weights if weighted else np.zeros_like(weights),
                self._matrix.indices,
                self._matrix.indptr,
            ),
            shape=self._matrix.shape,
        ).T.tocsr()
        logs = np.where(self._is_input, 0.0, -np.inf)
        for first, last in zip(self._offsets[:-1], self._offsets[1:], strict=True):
            starts = backwards.indptr[first : last + 1]
            edges = slice(starts[0], starts[-1])
            terms = logs[backwards.indices[edges]] + backwards.data[edges]
            with_edges = np.flatnonzero(np.diff(starts))
            if len(with_edges):
                places = starts[with_edges] - starts[0]
                logs[first + with_edges] = np.logaddexp.reduceat(terms, places)
        return logs

    def log_total(self, *, weighted: bool) -> float:
        """The same over all paths from the inputs to the outputs."""
        ends = self.log_sums(weighted=weighted)[self._is_output]
        return float(np.logaddexp.reduce(ends, initial=-np.inf))

    def effective(self) -> EffectiveParts:
        """Nodes, edges and weights on a path."""
        reached = self.log_sums(weighted=False) > -np.inf
        leading = self._is_output.copy()
        for first, last in zip(self._offsets[-2::-1], self._offsets[:0:-1], strict=True):
            starts = self._matrix.indptr[first : last + 1]
            flags = leading[self._matrix.indices[starts[0] : starts[-1]]]
            with_edges = np.flatnonzero(np.diff(starts))
            if len(with_edges):
                places = starts[with_edges] - starts[0]
                leading[first + with_edges] |= np.logical_or.reduceat(flags, places)
        on_path = reached[self._sources] & leading[self._matrix.indices]
        nodes, edges = int(np.count_nonzero(reached & leading)), int(np.count_nonzero(on_path))
        if not hasattr(self._graph, "plan"):
            return EffectiveParts(nodes, edges, edges, self._possible_edges())
        weights = effective_weights(self._graph, reached, leading)
        sizes = sum(flags.size for flags in weights.values())
        return EffectiveParts(nodes, edges, sum(int(w.sum()) for w in weights.values()), sizes)

    def _possible_edges(self) -> int:
        """Pairs of nodes of layers that are joined: the weights there could be, if none is used twice."""
        layers = [
            np.searchsorted(self._offsets, nodes, side="right") - 1
            for nodes in (self._sources, self._matrix.indices)
        ]
        sizes = np.diff(self._offsets).tolist()
        pairs = set(zip(*(of.tolist() for of in layers), strict=True))
        return sum(sizes[source] * sizes[target] for source, target in pairs)


def effective_weights(
    mge: Any, reached: NDArray[np.bool_], leading: NDArray[np.bool_]
) -> dict[str, NDArray[np.bool_]]:
    """{parameter: which elements have an edge from a reached node to a leading one}, weight by weight."""
    found = {name: np.zeros(mask.size, dtype=bool) for name, mask in mge.masks.items()}
    for block in mge.plan.blocks:
        if block.parameter is not None:
            _mark(mge, block, found[block.parameter], reached, leading)
    return found


def _mark(
    mge: "MGE",
    block: "Block",
    found: NDArray[np.bool_],
    reached: NDArray[np.bool_],
    leading: NDArray[np.bool_],
) -> None:
    plan = mge.plan
    source, target = plan.node_layers[block.source], plan.node_layers[block.target]
    offsets = plan.layer_offsets
    from_source = reached[offsets[block.source] : offsets[block.source + 1]]
    to_target = leading[offsets[block.target] : offsets[block.target + 1]]
    from_source = from_source.reshape(source.channels, source.height, source.width)
    to_target = to_target.reshape(target.channels, target.height, target.width)
    rows, columns = (
        plan.axes[axis].pairs_by_tap(taps)
        for axis, taps in zip((block.rows, block.columns), block.kernel, strict=True)
    )
    kernels = block.kernels(mge.masks[block.parameter or ""])
    for output, own, ky, kx in np.argwhere(kernels).tolist():
        group, number = divmod(output, block.outputs // block.groups)
        read = group * block.inputs + own
        if block.channel_map is None:
            channels = [block.source_channel + read]
        else:
            channel_map = plan.channel_maps[block.channel_map]
            span = channel_map.starts[read : read + 2]
            channels = channel_map.channels[span[0] : span[1]].tolist()
        (ys, yt), (xs, xt) = rows[ky], columns[kx]
        ends = to_target[block.target_channel + output][np.ix_(yt, xt)]
        if any((from_source[channel][np.ix_(ys, xs)] & ends).any() for channel in channels):
            index = np.array([group, number, own, ky, kx]) @ np.array(block.strides)
            found[block.offset + index] = True
