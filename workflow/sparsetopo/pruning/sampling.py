"""Which images an algorithm scores a network on. Indices only, NumPy only."""

import numpy as np
from numpy.typing import NDArray


def one_batch(count: int, size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Draw `size` of `count` images without replacement, or all of them if there are fewer."""
    return generator.permutation(count)[:size].astype(np.int64)


def successive_batches(
    count: int, size: int, batches: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Draw several batches as a shuffled loader would give them.

    The images come in a random order, in a new one whenever all have been used; a batch may reach
    over the border. With fewer than `size` images, every batch holds all of them.
    """
    size = min(size, count)
    epochs = -(-size * batches // count)
    order = np.concatenate([generator.permutation(count) for _ in range(epochs)]).astype(np.int64)
    return [order[first : first + size] for first in range(0, size * batches, size)]


def per_class(
    labels: NDArray[np.int64], samples: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `samples` images of every class, class by class; a small class gives all it has."""
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        chosen.append(generator.permutation(members)[:samples])
    return np.concatenate(chosen).astype(np.int64)
