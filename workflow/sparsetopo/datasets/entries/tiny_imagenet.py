"""Tiny-ImageNet-200: 100,000 training and 10,000 validation images in 200 classes, 64 -> 32 pixels.

Source: the course CS231n of Stanford University, http://cs231n.stanford.edu/tiny-imagenet-200.zip;
a part of ImageNet (O. Russakovsky et al., IJCV 2015), under its terms: research, not commerce.
As in the paper, images are averaged over 2x2 boxes, as in Downsampled ImageNet (P. Chrabaszcz et
al., arXiv 1707.08819), and tests use the validation images, because the test images have no labels.
"""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sparsetopo.datasets.download import RemoteArchive, fetch
from sparsetopo.datasets.files import DataFiles
from sparsetopo.datasets.image_tree import FolderTree, ImageTree, ZipTree
from sparsetopo.datasets.images import as_array, decode, in_channels
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError

logger = logging.getLogger(__name__)

NAME = "Tiny-ImageNet"
VERSION = 1
INPUT_SHAPE = [3, 32, 32]
CLASSES = 200
TRAIN_IMAGES = 100_000
NEEDS = "files"
OPTIONS: dict[str, dict[str, object]] = {}

_ROOT = "tiny-imagenet-200"
_ARCHIVE = RemoteArchive(
    url="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    filename=f"{_ROOT}.zip",
    md5="90528d7ca1a48142e341f4ef8d21d0de",
    unpacked=_ROOT,
)
_STORED, _SIZE = 64, 32  # pixels per side: in the files, and as prepared


@dataclass(frozen=True)
class Counts:
    """How many classes and images a complete copy has."""

    classes: int = CLASSES
    train_images_a_class: int = 500
    test_images: int = 10_000


_PUBLISHED = Counts()


def prepare(files: DataFiles) -> PreparedDataset:
    """Prepare the data set from ``tiny-imagenet-200/`` or ``tiny-imagenet-200.zip`` (``docs/datasets.md``)."""
    folder = files.folder / _ROOT
    if folder.is_dir():
        return _read_tree(FolderTree(folder))
    return _read_tree(ZipTree(fetch(_ARCHIVE, files), _ROOT))


def _read_tree(tree: ImageTree) -> PreparedDataset:
    """Prepare the data set from a tree of the published layout.

    The tree holds ``wnids.txt``, ``train/<WordNet id>/images/*.JPEG``, ``val/images/*.JPEG`` and
    ``val/val_annotations.txt``.
    """
    wordnet_ids = sorted(tree.read("wnids.txt").decode().split())
    _require(tree, "wnids.txt", "classes", len(wordnet_ids), _PUBLISHED.classes)
    train: list[tuple[str, int]] = []
    for label, wordnet_id in enumerate(wordnet_ids):
        folder = f"train/{wordnet_id}/images"
        names = [name for name in tree.names(folder) if name.endswith(".JPEG")]
        _require(tree, folder, "images", len(names), _PUBLISHED.train_images_a_class)
        train += [(f"{folder}/{name}", label) for name in names]
    test = _annotated(tree, {wordnet_id: label for label, wordnet_id in enumerate(wordnet_ids)})
    _require(tree, "val/val_annotations.txt", "images", len(test), _PUBLISHED.test_images)
    return PreparedDataset.from_arrays(
        NAME, _read(tree, train), _read(tree, test), len(wordnet_ids)
    )


def _annotated(tree: ImageTree, labels: dict[str, int]) -> list[tuple[str, int]]:
    """Validation images with their labels, in the order of the annotation file."""
    path = "val/val_annotations.txt"
    test: list[tuple[str, int]] = []
    for number, line in enumerate(tree.read(path).decode().splitlines(), start=1):
        # Separated by tabs: file name, WordNet id, and a bounding box, which is not used.
        name, _, rest = line.partition("\t")
        wordnet_id = rest.partition("\t")[0]
        if wordnet_id not in labels:
            raise DataError(
                f"{tree.where(path)}: line {number} gives '{name}' the class '{wordnet_id}', which wnids.txt lacks, so "
                f"the file is damaged: take it from the published archive."
            )
        test.append((f"val/images/{name}", labels[wordnet_id]))
    return test


def _require(tree: ImageTree, path: str, what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise DataError(
            f"{tree.where(path)}: has {found} {what}, but the published data set has {wanted}, so this copy is "
            f"incomplete or rearranged: delete it and run again, or unpack the published archive there."
        )


def _read(
    tree: ImageTree, items: list[tuple[str, int]]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = np.empty((len(items), 3, _SIZE, _SIZE), dtype=np.uint8)
    for index, (path, _) in enumerate(items):
        image = in_channels(decode(tree.read(path), tree.where(path)), 3)
        if image.size != (_STORED, _STORED):
            raise DataError(
                f"{tree.where(path)}: is {image.width}x{image.height} pixels, but the published image has "
                f"{_STORED}x{_STORED}; take it from the published archive."
            )
        images[index] = as_array(image.resize((_SIZE, _SIZE), Image.Resampling.BOX))
        if (index + 1) % 10_000 == 0:
            logger.info("%s: %d of %d images read", NAME, index + 1, len(items))
    return images, np.array([label for _, label in items], dtype=np.int64)
