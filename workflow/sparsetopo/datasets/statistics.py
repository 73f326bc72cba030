"""Mean and standard deviation of uint8 images, from exact counts of their 256 possible values."""

import numpy as np
from numpy.typing import NDArray

# Images counted at a time, as np.bincount copies what it counts to 8 bytes a number.
_CHUNK = 4096


def channel_statistics(
    images: NDArray[np.uint8],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation (divisor N, as in ``numpy.std``) of each channel."""
    values = np.arange(256)
    means: list[float] = []
    deviations: list[float] = []
    for channel in range(images.shape[1]):
        counts = np.zeros(256, dtype=np.int64)
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK, channel]
            counts += np.bincount(chunk.ravel(), minlength=256)
        total = int(counts.sum())
        mean = float(counts @ values) / total
        means.append(mean)
        deviations.append(float(np.sqrt(counts @ (values - mean) ** 2 / total)))
    return tuple(means), tuple(deviations)
