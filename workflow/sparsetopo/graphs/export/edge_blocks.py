"""The edges of a graph in edge blocks of bounded size.

The node ids of the edges of one tap are outer sums of short lists. The order of edges, which ``docs/formats.md`` gives,
does not depend on the size of the edge blocks.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle

if TYPE_CHECKING:
    from sparsetopo.graphs.mge import MGE


class EdgeBlock(NamedTuple):
    """Some edges: node ids of type `node_dtype`, and |w|."""

    sources: NDArray[np.integer[Any]]
    targets: NDArray[np.integer[Any]]
    weights: NDArray[np.float32]


def node_dtype(num_nodes: int) -> np.dtype[Any]:
    """Type of node ids: int32 where all of them fit, else int64."""
    return np.dtype(np.int32 if num_nodes <= 2**31 else np.int64)


def edge_blocks(mge: "MGE", max_edges: int) -> Iterator[EdgeBlock]:
    """Iterate over all edges in edge blocks of at most `max_edges`, none of them empty.

    Memory holds the bundles, the position pairs of one tap, and about three edge blocks.
    """
    if max_edges < 1:
        raise ValueError(f"an edge block must hold at least one edge, got max_edges={max_edges}.")
    pieces = (piece for bundle in mge.bundles for piece in _pieces(mge, bundle, max_edges))
    return _gathered(pieces, max_edges)


def edges(mge: "MGE") -> Iterator[tuple[int, int, float]]:
    """Iterate over all edges one by one, as Python numbers (source, target, |w|)."""
    for block in edge_blocks(mge, max_edges=2**16):
        yield from zip(*(column.tolist() for column in block), strict=True)


def _pieces(mge: "MGE", bundle: Bundle, max_edges: int) -> Iterator[EdgeBlock]:
    """Edges of a bundle: for some weights of a tap, or for one weight at some position pairs."""
    taps = product(bundle.rows.pairs_by_tap, bundle.columns.pairs_by_tap)
    for tap, ((row_sources, row_targets), (column_sources, column_targets)) in enumerate(taps):
        source_channels, target_channels, magnitudes = _kept_weights(bundle, tap)
        pairs = len(row_sources) * len(column_sources)
        if not (pairs and len(magnitudes)):
            continue
        source_planes = _planes(mge, bundle.source, source_channels)
        target_planes = _planes(mge, bundle.target, target_channels)
        source_positions = _positions(mge, bundle.source, row_sources, column_sources)
        target_positions = _positions(mge, bundle.target, row_targets, column_targets)
        for weights in _slices(len(magnitudes), max(max_edges // pairs, 1)):
            for positions in _slices(pairs, max_edges):
                yield EdgeBlock(
                    np.add.outer(source_planes[weights], source_positions[positions]).ravel(),
                    np.add.outer(target_planes[weights], target_positions[positions]).ravel(),
                    np.repeat(magnitudes[weights], positions.stop - positions.start),
                )


def _kept_weights(
    bundle: Bundle, tap: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """(source channels, target channels, |w|) of a tap's kept weights, channels of the layers."""
    channels = np.array(bundle.source_channels)
    first = tap * len(channels)
    starts = bundle.forward.starts[first : first + len(channels) + 1]
    kept = slice(starts[0], starts[-1])
    return (
        np.repeat(channels, np.diff(starts)),
        bundle.target_channels.start + bundle.forward.ends[kept].astype(np.int64),
        bundle.forward.magnitudes[kept],
    )


def _planes(mge: "MGE", layer: int, channels: NDArray[np.int64]) -> NDArray[np.integer[Any]]:
    """Node ids of channels at position (0, 0)."""
    plane = mge.plan.node_layers[layer].height * mge.plan.node_layers[layer].width
    return (mge.layer_offsets[layer] + channels * plane).astype(node_dtype(mge.num_nodes))


def _positions(
    mge: "MGE", layer: int, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[np.integer[Any]]:
    """Positions in a plane for the product of row pairs and column pairs."""
    positions = np.add.outer(rows * mge.plan.node_layers[layer].width, columns).ravel()
    return positions.astype(node_dtype(mge.num_nodes))


def _slices(length: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _gathered(pieces: Iterable[EdgeBlock], max_edges: int) -> Iterator[EdgeBlock]:
    """Join consecutive pieces as long as they fit in one edge block."""
    waiting: list[EdgeBlock] = []
    edges = 0
    for piece in pieces:
        if edges + len(piece.weights) > max_edges:
            yield _joined(waiting)
            waiting, edges = [], 0
        waiting.append(piece)
        edges += len(piece.weights)
    if waiting:
        yield _joined(waiting)


def _joined(pieces: list[EdgeBlock]) -> EdgeBlock:
    if len(pieces) == 1:
        return pieces[0]
    return EdgeBlock(*(np.concatenate(column) for column in zip(*pieces, strict=True)))
