"""Whether test images are training images too: then the test accuracy tells what was learnt by heart."""

import hashlib
import logging

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)


def report_shared_images(
    where: str, train_images: NDArray[np.uint8], test_images: NDArray[np.uint8]
) -> None:
    """Warn of test images whose every pixel is that of a training image.

    Some are in many data sets, the well-known ones included, so they are no error. `where` names the data set.
    """
    known = {_digest(image) for image in train_images}
    shared = [index for index, image in enumerate(test_images) if _digest(image) in known]
    if shared:
        logger.warning(
            "%s: %d of %d test images are training images too, pixel by pixel (the first is test image %d); accuracies "
            "will be too high",
            where,
            len(shared),
            len(test_images),
            shared[0],
        )


def _digest(image: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
