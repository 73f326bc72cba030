"""Which images an algorithm scores a network on, as indices. NumPy only."""

import logging

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)


def one_batch(count: int, size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw `size` of `count` images without replacement, or all of them if there are fewer."""
    _warn_if_fewer(count, size)
    return generator.permutation(count)[:size].astype(np.int64)


def successive_batches(
    count: int, size: int, batches: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw several batches as a shuffled loader would give them.

    The images come in random order, and in a new one whenever all have been used, if need be in the
    middle of a batch. With fewer than `size` images, every batch holds all of them.
    """
    _warn_if_fewer(count, size)
    size = min(size, count)
    epochs = -(-size * batches // count)
    order = np.concatenate([generator.permutation(count) for _ in range(epochs)]).astype(np.int64)
    return [order[first : first + size] for first in range(0, size * batches, size)]


def per_class(
    labels: NDArray[np.int64], samples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `samples` images of every class, class by class; a small class gives all it has."""
    chosen = []
    classes, sizes = np.unique(labels, return_counts=True)
    small = classes[sizes < samples]
    if small.size:
        logger.warning(
            "%d of %d classes have fewer than the %d images wanted of each (class %d has %d): all of theirs are used",
            small.size,
            classes.size,
            samples,
            small[0],
            sizes[sizes < samples][0],
        )
    for label in classes:
        members = np.flatnonzero(labels == label)
        chosen.append(generator.permutation(members)[:samples])
    return np.concatenate(chosen).astype(np.int64)


def _warn_if_fewer(count: int, size: int) -> None:
    if count < size:
        logger.warning("a batch has %d images, not the %d wanted: there are no more", count, size)
