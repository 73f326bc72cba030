"""A user's own images, in one folder for each class (the layout of torchvision's ImageFolder).

Either ``<folder>/train/<class>/...`` and ``<folder>/test/<class>/...`` (or ``val``, and the spellings that
`folder_parts` knows), or ``<folder>/<class>/...``, of which a share is set aside for testing. Labels follow the sorted
names of the classes.
"""

import logging
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sparsetopo import seeding
from sparsetopo.datasets.folder_parts import find_parts
from sparsetopo.datasets.image_listing import (
    ImageFile,
    class_folders,
    labelled_files,
    report_loose_images,
    require_apart,
    require_same_classes,
)
from sparsetopo.datasets.images import as_array, decode, in_channels, is_grey, square
from sparsetopo.datasets.overlap import report_shared_images
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.datasets.split import stratified_split
from sparsetopo.errors import DataError

logger = logging.getLogger(__name__)

NAME = "image-folder"
VERSION = 2
OPTIONS = {
    "folder": {
        "type": "string",
        "minLength": 1,
        "description": "Folder of the images; relative to the directory that the workflow runs in.",
    },
    "size": {
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
        "description": "Pixels per side after a centre crop to a square and resizing; null: as stored, all alike.",
    },
    "channels": {
        "type": "integer",
        "enum": [1, 3],
        "default": 3,
        "description": "3: colour (grey images get three equal channels); 1: grey (colours become their luma).",
    },
    "test_fraction": {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.2,
        "description": "Share of each class set aside for testing where there are no folders train and test (or val).",
    },
    "split_seed": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "Seed of the draw of the test images.",
    },
}


def prepare(
    folder: str,
    size: int | None = None,
    channels: int = 3,
    test_fraction: float = 0.2,
    split_seed: int = 0,
) -> PreparedDataset:
    """Prepare the data set; the parameters are the options."""
    root = Path(os.path.expanduser(folder)).absolute()  # of pathlib, an unknown user is an error
    if not root.is_dir():
        raise DataError(
            f"{root}: there is no such folder; the option 'folder' must name a folder that holds one folder of images "
            f"for each class."
        )
    parts = find_parts(root)
    train: NDArray[np.int64] | slice
    test: NDArray[np.int64] | slice
    if parts is None:
        classes = class_folders(root)
        report_loose_images(root)
        images, labels = _read(labelled_files(classes), size, channels)
        random = seeding.generator("test split", NAME, split_seed)
        try:
            train, test = stratified_split(labels, test_fraction, random)
        except DataError as error:
            raise DataError(f"{root}: {error}") from None
    else:
        classes, test_classes = class_folders(parts.train), class_folders(parts.test)
        require_same_classes(classes, test_classes)
        for place in (parts.root, parts.train, parts.test):
            report_loose_images(place)
        train_files, test_files = labelled_files(classes), labelled_files(test_classes)
        require_apart(train_files, test_files)
        images, labels = _read(train_files + test_files, size, channels)
        # Slices, so that nothing is copied.
        train, test = np.s_[: len(train_files)], np.s_[len(train_files) :]
    logger.info("%s: labels 0 to %d are the classes %s", root, len(classes) - 1, ", ".join(classes))
    report_shared_images(str(root), images[train], images[test])
    return PreparedDataset.from_arrays(
        NAME, (images[train], labels[train]), (images[test], labels[test]), len(classes)
    )


def _read(
    files: list[ImageFile], size: int | None, channels: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read images (N, C, H, W), which must have one size if `size` is None, and labels (N,)."""
    first = files[0].path
    images: NDArray[np.uint8] | None = None
    grey = 0
    for index, path in enumerate(file.path for file in files):
        image = decode(_content(path), str(path))
        grey += is_grey(image)
        image = in_channels(image, channels)
        pixels = as_array(image if size is None else square(image, size))
        if images is None:
            images = np.empty((len(files), *pixels.shape), dtype=np.uint8)
        elif pixels.shape != images.shape[1:]:
            raise DataError(
                f"{path}: is {image.width}x{image.height} pixels, but {first} is {images.shape[3]}x{images.shape[2]}; "
                f"give the option 'size' to bring all images to one size."
            )
        images[index] = pixels
    assert images is not None  # a class has at least one image
    _report_conversions(len(files), grey, channels)
    return images, np.array([file.label for file in files], dtype=np.int64)


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a pipe, which would be waited for without end
        raise DataError(f"{path}: is no file; delete it.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror or error}); make it readable or delete it."
        ) from error


def _report_conversions(count: int, grey: int, channels: int) -> None:
    if channels == 3 and grey == count:
        logger.warning("all %d images are grey: 'channels: 1' would store a third as much", count)
    elif channels == 3 and grey:
        logger.info("%d of %d images are grey and get three equal channels", grey, count)
    elif channels == 1 and grey < count:
        logger.info("%d of %d images are in colour and become grey", count - grey, count)
