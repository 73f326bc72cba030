"""Controls: what a mask is compared with to learn what matters about it. NumPy only.

Shuffling the kept weights within each layer keeps every layer's density and nothing else of the
choice of weights: the check of Frankle, Dziugaite, Roy and Carbin, "Pruning neural networks at
initialization: why are we missing the mark?" (ICLR 2021), section 4, and of Su et al., "Sanity-
checking pruning methods" (NeurIPS 2020).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sparsetopo import seeding
from sparsetopo.errors import SparsetopoError

SHUFFLES = ("none", "layer")


def shuffled(
    arrays: Mapping[str, NDArray[np.bool_]],
    shuffle: str,
    *,
    algorithm: str,
    seed: int,
    stream_labels: Sequence[str | int] = (),
) -> dict[str, NDArray[np.bool_]]:
    """Permute the kept weights within each layer; every layer keeps as many as before.

    The permutation of a layer depends on the algorithm, the labels, the seed and the layer's name,
    not on the sparsity: shuffled masks of growing sparsity are nested if the unshuffled ones are.

    Parameters
    ----------
    arrays
        One bool array a layer.
    shuffle
        "layer", or "none" for the arrays as they are.
    algorithm, seed, stream_labels
        What the random stream "mask shuffle" is named by.

    Raises
    ------
    SparsetopoError
        If `shuffle` is neither.
    """
    check_shuffle(shuffle)
    if shuffle == "none":
        return dict(arrays)
    result = {}
    for name, array in arrays.items():
        generator = seeding.generator("mask shuffle", algorithm, *stream_labels, seed, name)
        result[name] = np.ravel(array)[generator.permutation(array.size)].reshape(array.shape)
    return result


def check_shuffle(shuffle: str) -> None:
    """Raise a SparsetopoError if `shuffle` is not one of `SHUFFLES`."""
    if shuffle not in SHUFFLES:
        raise SparsetopoError(f"shuffle must be one of {', '.join(SHUFFLES)}, got {shuffle!r}.")
