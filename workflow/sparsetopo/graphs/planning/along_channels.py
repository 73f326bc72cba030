"""Convolutions along the channels of what they read, as in efficient channel attention.

There a sequence of one channel is convolved whose places are the channels of another layer. Laid out as places, each
result would read channels of its own, and who is gated by it a place for each channel: as many boxes as channels. So
the results are laid out as channels, made by a depthwise convolution whose groups share one kernel. Their nodes have
the same numbers.
"""

import math
from dataclasses import replace

import numpy as np

from sparsetopo.graphs.planning.grids import Grids, Terms
from sparsetopo.graphs.planning.incidences import taps_along
from sparsetopo.graphs.planning.recording import CONSTANT, Convolution, Site, as_array


def as_depthwise(grids: Grids, site: Site, terms: Terms) -> Site:
    """The operation with its places as channels, if it reads channels along its places; else as it is.

    `terms` are what its operand depends on.
    """
    kind = site.kind
    if not isinstance(kind, Convolution) or not _is_of_one_sequence(site, kind):
        return site
    parts = [part for term in terms for part in grids.parts(term)]
    channels, rows, columns = (
        [np.unique(part.coordinates[u][part.mask]).size for part in parts] for u in range(3)
    )
    if max(rows + columns, default=1) > 1 or max(channels, default=1) == 1:
        return site
    operand = as_array(site.operands[0]).ravel()
    results, taps, last = site.shape[-1], kind.weight.shape[-1], len(kind.stride) - 1
    table = taps_along(kind, last, taps, len(operand), results, None)
    weight = replace(
        kind.weight, shape=(results, taps, 1, 1), strides=(0, kind.weight.strides[-1], 1, 1)
    )
    depthwise = Convolution(weight, False, results, (1, 1), ((0, 0), (0, 0)), (1, 1))
    read = np.append(operand, CONSTANT)[table.T].reshape(1, results * taps, 1, 1)
    return replace(site, kind=depthwise, operands=(read,), shape=(1, results, 1, 1))


def _is_of_one_sequence(site: Site, kind: Convolution) -> bool:
    shapes = site.shape, site.operands[0].shape, kind.weight.shape
    return not kind.transposed and all(math.prod(shape) == shape[-1] for shape in shapes)
