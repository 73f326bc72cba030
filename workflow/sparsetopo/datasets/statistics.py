"""Mean and standard deviation of uint8 images, from exact counts of their 256 possible values."""

import numpy as np
from numpy.typing import NDArray

# Images counted at a time: np.bincount makes an 8-byte copy of what it counts.
_CHUNK = 4096


def channel_statistics(
    images: NDArray[np.uint8],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation (divisor N, as ``numpy.std``) of each channel.

    Parameters
    ----------
    images
        Shape (N, C, H, W), uint8; the statistics run over N, H and W.

    Returns
    -------
    mean, std
        One number a channel, in raw pixel units (0..255).
    """
    values = np.arange(256)
    means: list[float] = []
    deviations: list[float] = []
    for channel in range(images.shape[1]):
        counts = np.zeros(256, dtype=np.int64)
        for start in range(0, len(images), _CHUNK):
            block = images[start : start + _CHUNK, channel]
            counts += np.bincount(block.ravel(), minlength=256)
        total = int(counts.sum())
        mean = float(counts @ values) / total
        means.append(mean)
        deviations.append(float(np.sqrt(counts @ (values - mean) ** 2 / total)))
    return tuple(means), tuple(deviations)
