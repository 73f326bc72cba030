"""What a drawing of a whole multipartite graph needs: counts by node layer and by pair of layers, from bundles.

No edge is unrolled, so that a graph of 10^8 edges takes seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.bundles.bundle import Bundle
from sparsetopo.graphs.mge import MGE
from sparsetopo.graphs.plan import NodeLayer
from sparsetopo.metrics.implicit.degrees import in_degrees, out_degrees

_PIXELS = 64
"""An image of a pair of layers has at most so many rows and columns."""


@dataclass(frozen=True)
class LayerCounts:
    """A node layer: the module that makes it, its shape, and how many of its nodes lack edges.

    *Isolated* nodes have none. A *dead end* has edges, but none that reaches it (after the first layers) or none that
    leaves it (before the last).
    """

    name: str
    channels: int
    height: int
    width: int
    isolated: int
    dead_ends: int

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.channels * self.height * self.width


@dataclass(frozen=True, eq=False)
class Link:
    """All edges between two node layers: how many, and which channels they join.

    The image, of shape (source channels, target channels), has the share of kernel positions that are kept, 0 to 1;
    of layers with many channels it is averaged over neighbouring ones.
    """

    source: int
    target: int
    edges: int
    image: NDArray[np.float64]

    @property
    def is_shortcut(self) -> bool:
        """Whether it skips a layer."""
        return self.target > self.source + 1


@dataclass(frozen=True)
class GraphSummary:
    """Layers in their order, and every link by (target, source)."""

    layers: list[LayerCounts]
    links: list[Link]

    @property
    def edges(self) -> int:
        """Number of edges."""
        return sum(link.edges for link in self.links)


def summarise_graph(mge: MGE) -> GraphSummary:
    """Count a graph's nodes and edges by layer and by pair of layers."""
    shapes, bundles = mge.plan.node_layers, mge.bundles
    reached = np.split(in_degrees(shapes, bundles) > 0, mge.layer_offsets[1:-1])
    left = np.split(out_degrees(shapes, bundles) > 0, mge.layer_offsets[1:-1])
    inputs, outputs = range(mge.plan.inputs), set(mge.plan.outputs) | {len(shapes) - 1}
    layers = []
    for number, (shape, enters, leaves) in enumerate(zip(shapes, reached, left, strict=True)):
        joined = enters | leaves
        lacks = np.zeros_like(joined)
        if number not in inputs:
            lacks |= ~enters
        if number not in outputs:
            lacks |= ~leaves
        layers.append(
            LayerCounts(
                shape.name, shape.channels, shape.height, shape.width,
                isolated=int((~joined).sum()), dead_ends=int((joined & lacks).sum()),
            )
        )  # fmt: skip
    links = [
        Link(bundle.source, bundle.target, bundle.num_edges, _image(bundle, shapes))
        for bundle in bundles
    ]
    return GraphSummary(layers, links)


def _image(bundle: Bundle, shapes: Sequence[NodeLayer]) -> NDArray[np.float64]:
    near, near_pixels = _pixels(bundle.source_channels, shapes[bundle.source].channels)
    far, far_pixels = _pixels(bundle.target_channels, shapes[bundle.target].channels)
    taps = len(bundle.kept_per_tap)
    lists = bundle.forward
    source = np.repeat(np.tile(near, taps), np.diff(lists.starts))
    kept = np.bincount(source * far_pixels + far[lists.ends], minlength=near_pixels * far_pixels)
    of_source = np.bincount(_bins(shapes[bundle.source].channels), minlength=near_pixels)
    of_target = np.bincount(_bins(shapes[bundle.target].channels), minlength=far_pixels)
    image: NDArray[np.float64] = kept.reshape(near_pixels, far_pixels) / (
        taps * np.outer(of_source, of_target)
    )
    return image


def _pixels(channels: range, total: int) -> tuple[NDArray[np.int64], int]:
    """The pixel of each channel of a range, and the number of pixels of the whole layer."""
    return _bins(total)[channels.start : channels.stop], min(total, _PIXELS)


def _bins(channels: int) -> NDArray[np.int64]:
    return np.arange(channels) * min(channels, _PIXELS) // channels
