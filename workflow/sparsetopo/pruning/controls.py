"""Controls: what a mask is compared with, to learn what matters about it. NumPy only.

Shuffling the kept weights within each layer keeps every layer's density, and nothing else of the
choice of weights: the check of Frankle, Dziugaite, Roy and Carbin, "Pruning neural networks at
initialization: why are we missing the mark?" (ICLR 2021), section 4, and of Su et al., "Sanity-
checking pruning methods" (NeurIPS 2020).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo import seeding
from sparsetopo.errors import SparsetopoError
from sparsetopo.pruning.mask import Mask
from sparsetopo.pruning.registry import COMMON_OPTIONS

SHUFFLES = tuple(COMMON_OPTIONS["shuffle"]["enum"])


def described_mask(
    arrays: Mapping[str, NDArray[np.bool_]],
    sparsity: float | str,
    shuffle: str,
    *,
    algorithm: str,
    seed: int,
    initial_weights_digest: str,
    metadata: Mapping[str, Any],
) -> Mask:
    """`Mask` of what an algorithm keeps, shuffled if asked, with a warning if a layer is empty.

    Shuffling depends on the "stream_labels" of the metadata, and is recorded there.
    """
    labels = metadata.get("stream_labels", ())
    mask = Mask(
        shuffled(arrays, shuffle, algorithm=algorithm, seed=seed, stream_labels=labels),
        algorithm=algorithm,
        sparsity=sparsity if isinstance(sparsity, str) else repr(float(sparsity)),
        seed=seed,
        initial_weights_digest=initial_weights_digest,
        metadata={**metadata, "shuffle": shuffle},
    )
    mask.warn_of_collapse()
    return mask


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
    With `shuffle` "none", the arrays stay as they are.
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
