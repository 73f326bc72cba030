"""Handwritten digits bundled with scikit-learn: 1,797 real images of 8x8 pixels in 10 classes.

The test part of E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
Learning Repository (1998), https://doi.org/10.24432/C50P49. A pixel (0..16) counts the inked pixels
in a 4x4 square of a 32x32 bitmap. These images have no official split; ours is stratified.
"""

import numpy as np

from sparsetopo import seeding
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.datasets.split import stratified_split

NAME = "digits"
VERSION = 1
INPUT_SHAPE = [1, 8, 8]
CLASSES = 10
TRAIN_IMAGES = 1_438
OPTIONS = {
    "test_fraction": {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.2,
        "description": "Share of the images set aside for testing, the same in every class.",
    },
    "split_seed": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "Seed of the draw of the test images.",
    },
}


def prepare(test_fraction: float = 0.2, split_seed: int = 0) -> PreparedDataset:
    """Prepare the data set: one channel, pixel values 0..16 as stored."""
    # Not at the top: scikit-learn takes a second to import.
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)[:, None]
    labels = bunch.target.astype(np.int64)
    train, test = stratified_split(
        labels, test_fraction, seeding.generator("test split", NAME, split_seed)
    )
    return PreparedDataset.from_arrays(
        NAME, (images[train], labels[train]), (images[test], labels[test]), classes=10
    )
