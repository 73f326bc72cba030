"""CIFAR-10: 50,000 training and 10,000 test images of 32x32 pixels in 10 classes.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009),
https://www.cs.toronto.edu/~kriz/cifar.html. See `sparsetopo.datasets.cifar`.
"""

from sparsetopo.datasets.files import DataFiles
from sparsetopo.datasets.prepared import PreparedDataset

NAME = "CIFAR-10"
VERSION = 1
INPUT_SHAPE = [3, 32, 32]
CLASSES = 10
TRAIN_IMAGES = 50_000
NEEDS = "files"
OPTIONS: dict[str, dict[str, object]] = {}


def prepare(files: DataFiles) -> PreparedDataset:
    """Prepare the data set from ``cifar-10-batches-py/`` or ``cifar-10-python.tar.gz``."""
    # Not at the top: torch takes seconds to import.
    from torchvision.datasets import CIFAR10

    from sparsetopo.datasets.cifar import prepare_cifar

    return prepare_cifar(NAME, CIFAR10, CLASSES, files)
