"""Stratified split of labelled images into a training and a test part."""

import numpy as np
from numpy.typing import NDArray

from sparsetopo.errors import DataError


def stratified_split(
    labels: NDArray[np.int64], test_fraction: float, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split images so that every class has the same share in the test part, up to rounding.

    The test part has round(test_fraction * N) images: floor(test_fraction * size) of each class, and
    one more of the classes with the largest remainders (of the lower label in a tie). `random` draws
    which. Returned are the indices of the training and of the test images, ascending. A DataError says
    if a class would have none of either.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    shares = test_fraction * sizes
    taken = np.floor(shares).astype(np.int64)
    missing = round(test_fraction * len(labels)) - int(taken.sum())
    taken[np.argsort(taken - shares, kind="stable")[:missing]] += 1
    for label, size, count in zip(classes, sizes, taken, strict=True):
        if not 0 < count < size:
            raise DataError(
                f"a test fraction of {test_fraction} leaves class {label} ({size} images) with "
                f"{count} test and {size - count} training images; choose a fraction that leaves "
                f"at least one of each."
            )
    test = np.concatenate(
        [
            random.permutation(np.flatnonzero(labels == label))[:count]
            for label, count in zip(classes, taken, strict=True)
        ]
    )
    test.sort()
    return np.setdiff1d(np.arange(len(labels)), test), test
