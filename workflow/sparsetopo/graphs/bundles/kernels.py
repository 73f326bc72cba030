"""Kernels of a plan's blocks: their weights, their masks, and the rounding of summed weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.plan import Block

Weights = Mapping[str, NDArray[np.float32]]
Masks = Mapping[str, NDArray[np.bool_]]


def kernels_and_mask(
    block: Block, weights: Weights, masks: Masks
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Kernels of a block and which of them are kept, both (outputs, inputs, kh, kw)."""
    if block.parameter is None:
        kernels = block.kernels(None)
        return kernels, np.ones(kernels.shape, dtype=bool)
    return block.kernels(weights[block.parameter]), block.kernels(masks[block.parameter])


def single_precision(sums: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Round the weights of merged edges to float32; EncodingError if one is larger than that can hold."""
    with np.errstate(over="ignore"):
        rounded = sums.astype(np.float32)
    if np.isinf(rounded).any():
        raise EncodingError(
            f"parallel edges have weights that sum to {float(sums.max()):.3g}, more than float32 "
            f"can hold ({np.finfo(np.float32).max:.3g}): scale the weights down."
        )
    return rounded
