"""CIFAR-100: 50,000 training and 10,000 test images of 32x32 pixels in 100 (fine) classes.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009),
https://www.cs.toronto.edu/~kriz/cifar.html. See `sparsetopo.datasets.cifar`.
"""

from sparsetopo.datasets.files import DataFiles
from sparsetopo.datasets.prepared import PreparedDataset

NAME = "CIFAR-100"
VERSION = 1
INPUT_SHAPE = [3, 32, 32]
CLASSES = 100
TRAIN_IMAGES = 50_000
NEEDS = "files"
OPTIONS: dict[str, dict[str, object]] = {}


def prepare(files: DataFiles) -> PreparedDataset:
    """Prepare the data set from ``cifar-100-python/`` or ``cifar-100-python.tar.gz``."""
    # Not at the top: torch takes seconds to import.
    from torchvision.datasets import CIFAR100

    from sparsetopo.datasets.cifar import prepare_cifar

    return prepare_cifar(NAME, CIFAR100, CLASSES, files)
