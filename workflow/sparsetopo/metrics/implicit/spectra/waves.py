"""Standing waves on feature maps: what outer eigenvectors of a network's graph look like (``docs/graph.md``)."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer

WAVES = ((1, 1), (1, 2), (2, 1), (2, 2))
"""Half periods, vertical and horizontal, of the slowest waves."""


def standing_waves(layers: Sequence[NodeLayer]) -> NDArray[np.float32]:
    """(nodes, waves) values of the slowest waves at the nodes of some layers, alike in all channels.

    Examples
    --------
    In a map of one position the first wave is 1 and the others are 0:

    >>> abs(standing_waves([NodeLayer("class", 1, 1, 1)])).round(6)
    array([[1., 0., 0., 0.]], dtype=float32)
    """
    waves = np.empty((sum(layer.size for layer in layers), len(WAVES)), dtype=np.float32)
    offset = 0
    for layer in layers:
        maps = waves[offset : offset + layer.size].reshape(
            layer.channels, layer.height, layer.width, len(WAVES)
        )
        for column, (vertical, horizontal) in enumerate(WAVES):
            maps[..., column] = np.multiply.outer(
                _wave(layer.height, vertical), _wave(layer.width, horizontal)
            )
        offset += layer.size
    return waves


def _wave(length: int, halves: int) -> NDArray[np.float64]:
    positions = np.arange(1, length + 1) / (length + 1)
    return np.sin(math.pi * halves * positions)
