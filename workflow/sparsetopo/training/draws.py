"""What is random in an epoch of training: the order of the images, crops and flips. Free of torch.

Each epoch is drawn from a stream of its own (``docs/training.md``), so a resumed run needs no generator state.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sparsetopo import seeding

# Zero pixels added on each side before a crop: K. He et al., "Deep Residual Learning for Image
# Recognition" (2016), section 4.2.
PADDING = 4


@dataclass(frozen=True)
class EpochDraws:
    """Order of the training images in one epoch, and their augmentation, if there is any."""

    order: NDArray[np.int64]  # indices of the images as they are seen, shape (N,)
    # Of the i-th image seen: top and left edge of the crop in the padded image, shape (N, 2), each in
    # 0..2 * PADDING; whether it is mirrored, shape (N,).
    offsets: NDArray[np.int64] | None = None
    flips: NDArray[np.bool_] | None = None


def draw_epoch(
    labels: tuple[str, str, int], epoch: int, images: int, augmented: bool
) -> EpochDraws:
    """Draw the order and, if wanted, the augmentation of an epoch (counted from 0).

    `labels` are data set, architecture and seed. The order is the same with and without augmentation.
    """
    random = seeding.generator("data order", *labels, epoch)
    order = random.permutation(images)
    if not augmented:
        return EpochDraws(order)
    offsets = random.integers(0, 2 * PADDING, size=(images, 2), endpoint=True)
    return EpochDraws(order, offsets, random.random(images) < 0.5)


def batch_slices(images: int, batch_size: int) -> Iterator[slice]:
    """Positions of each batch in the order of an epoch; a last, smaller batch is kept.

    A last batch of one image joins the batch before it, because batch normalisation over a single
    value has no variance.
    """
    start = 0
    while start < images:
        stop = min(start + batch_size, images)
        if images - stop == 1 and batch_size > 1:
            stop = images
        yield slice(start, stop)
        start = stop
