"""Initial weights, drawn with NumPy: one named stream a parameter, the same on every machine.

Without torch: stages that need only the weights, not the network, draw them from the shapes.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sparsetopo import seeding


def kaiming_normal(shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.float32]:
    """Draw one weight with standard deviation sqrt(2 / fan_in).

    He et al., "Delving deep into rectifiers" (ICCV 2015), equation 10.

    The shape is (out, in, *kernel), and fan_in the product of all but the first.
    """
    fan_in = math.prod(shape[1:])
    # In float64 and rounded once: the float32 value then hardly ever depends on the last bit of
    # the machine's libm.
    return (generator.standard_normal(shape) * math.sqrt(2.0 / fan_in)).astype(np.float32)


def initial_weights(
    shapes: Mapping[str, tuple[int, ...]],
    dataset: str,
    architecture: str,
    seed: int,
    *,
    redrawn: bool = False,
) -> dict[str, NDArray[np.float32]]:
    """Kaiming-normal weights of every prunable parameter.

    They depend on (data set, architecture, seed, parameter name) only: every algorithm and the
    dense baseline share them, and one parameter's weights do not depend on which others there are.

    `redrawn` weights are independent of those that were scored, for the control that trains a mask
    from other weights (Frankle et al., "Pruning neural networks at initialization: why are we
    missing the mark?", ICLR 2021, section 5).

    Examples
    --------
    >>> weights = initial_weights({"fc.weight": (10, 64)}, "digits", "Resnet-20", seed=0)
    >>> weights["fc.weight"].shape, weights["fc.weight"].dtype
    ((10, 64), dtype('float32'))
    """
    purpose = "redrawn weights" if redrawn else "initial weights"
    return {
        name: kaiming_normal(
            tuple(shape), seeding.generator(purpose, dataset, architecture, seed, name)
        )
        for name, shape in shapes.items()
    }
