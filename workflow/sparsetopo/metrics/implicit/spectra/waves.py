"""Standing waves on feature maps: what outer eigenvectors of a network's graph look like.

Convolutions are almost the same at every position. So the outer eigenvectors vary over a feature
map almost as the slowest standing waves do, which are 0 just outside of it; these are what the
iterations start from.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo.graphs.plan import NodeLayer

WAVES = ((1, 1), (1, 2), (2, 1), (2, 2))
"""Half periods, vertical and horizontal, of the slowest waves."""


def standing_waves(layers: Sequence[NodeLayer]) -> NDArray[np.float32]:
    """Values of the slowest waves at the nodes of some layers, (nodes, waves), the same in all channels.

    In a map of one position the first is 1 and the others are 0.
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
