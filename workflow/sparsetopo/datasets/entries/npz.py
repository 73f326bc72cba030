"""A user's own arrays: one NumPy ``.npz`` file with images and labels of both parts.

It holds ``train_x``, ``train_y`` and ``test_x``, ``test_y`` (or ``val_x``, ``val_y``): images as uint8, labels as
integers from 0. Of the other arrays only ``classes`` is read: its length is the number of classes
unless the option of that name is given. Nothing is unpickled.
"""

import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.datasets.layout import channels_first, find_layout
from sparsetopo.datasets.overlap import report_shared_images
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError

NAME = "npz"
VERSION = 1
OPTIONS = {
    "file": {
        "type": "string",
        "minLength": 1,
        "description": "The .npz file; relative to the directory that the workflow runs in.",
    },
    "layout": {
        "type": "string",
        "enum": ["auto", "NHWC", "NCHW", "NHW"],
        "default": "auto",
        "description": "Order of the images' axes; auto: the axis of length 1 or 3 is that of the channels.",
    },
    "classes": {
        "type": ["integer", "null"],
        "minimum": 2,
        "default": None,
        "description": "Number of classes; null: length of the array 'classes' if it is there, else largest label + 1.",
    },
}


def prepare(file: str, layout: str = "auto", classes: int | None = None) -> PreparedDataset:
    """Prepare the data set; the parameters are the options."""
    path = Path(os.path.expanduser(file)).absolute()  # of pathlib, an unknown user is an error
    with _opened(path) as archive:
        test = "test" if "test_x" in archive.files or "val_x" not in archive.files else "val"
        arrays = {
            part: (_images(path, archive, f"{part}_x"), _labels(path, archive, f"{part}_y"))
            for part in ("train", test)
        }
        if classes is None and "classes" in archive.files:
            classes = len(np.atleast_1d(_array(path, archive, "classes")))
    for part, (images, labels) in arrays.items():
        if len(images) != len(labels) or len(images) == 0:
            raise DataError(
                f"{path}: '{part}_x' has {len(images)} images and '{part}_y' {len(labels)} labels; there must be as "
                f"many of each, and at least one."
            )
    train_part, test_part = _in_layout(path, arrays, layout)
    classes = _checked_classes(path, {f"{part}_y": y for part, (_, y) in arrays.items()}, classes)
    report_shared_images(str(path), train_part[0], test_part[0])
    return PreparedDataset.from_arrays(NAME, train_part, test_part, classes)


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; the option 'file' must name a .npz file.")
    try:
        archive = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: is not a readable .npz file ({error}); save it again with numpy.savez."
        ) from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"{path}: holds a single array (.npy); it must be a .npz file of several.")
    return archive


def _array(path: Path, archive: Any, name: str) -> NDArray[Any]:
    if name not in archive.files:
        raise DataError(
            f"{path}: there is no array '{name}'; it must hold train_x, train_y, test_x and test_y (or val_x and "
            f"val_y), and holds {', '.join(archive.files) or 'none'}."
        )
    try:
        array: NDArray[Any] = archive[name]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the array '{name}' cannot be read ({error}); save the file again with numpy.savez."
        ) from error
    return array


def _images(path: Path, archive: Any, name: str) -> NDArray[np.uint8]:
    array = _array(path, archive, name)
    if array.ndim == 0:
        raise DataError(f"{path}: '{name}' is a single value; images must have 3 axes or 4.")
    if array.dtype != np.uint8:
        raise DataError(
            f"{path}: '{name}' is {array.dtype}; images must be uint8, 0 to 255 (numbers from 0 to 1: multiply by 255, "
            f"round and convert)."
        )
    return array


def _labels(path: Path, archive: Any, name: str) -> NDArray[Any]:
    array = _array(path, archive, name)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise DataError(
            f"{path}: '{name}' is {array.dtype} of shape {array.shape}; labels must be integers of shape (N,)."
        )
    return array


def _checked_classes(path: Path, labels: dict[str, NDArray[Any]], classes: int | None) -> int:
    """Return the number of classes, having checked that labels are below it and each has a training image."""
    if classes is None:
        classes = 1 + max(int(array.max()) for array in labels.values())
    for name, array in labels.items():
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= classes:
            raise DataError(
                f"{path}: the labels '{name}' run from {low} to {high}; with {classes} classes they must lie in "
                f"0..{classes - 1}."
            )
    if classes < 2:
        raise DataError(f"{path}: all labels are 0; there must be at least two classes.")
    present = np.unique(labels["train_y"])
    if len(present) < classes:
        # The sorted labels are 0, 1, ... up to the first gap.
        first = int(np.count_nonzero(present == np.arange(len(present))))
        raise DataError(
            f"{path}: {classes - len(present)} of {classes} classes have no image in 'train_x', the first is {first}; "
            f"leave them out and number the others from 0, or correct the option 'classes'."
        )
    return classes


def _in_layout(
    path: Path, arrays: dict[str, tuple[NDArray[np.uint8], NDArray[Any]]], layout: str
) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Bring both parts, in the layout of the training images, into (N, C, H, W)."""
    layout = find_layout(f"{path}: 'train_x'", arrays["train"][0].shape, layout)
    parts = []
    for part, (images, labels) in arrays.items():
        images = channels_first(f"{path}: '{part}_x'", images, layout)
        parts.append((images, labels.astype(np.int64)))
    (train, _), (test, _) = parts
    if train.shape[1:] != test.shape[1:]:
        name = list(arrays)[1]
        raise DataError(
            f"{path}: images of 'train_x' have (channels, height, width) {train.shape[1:]}, those of '{name}_x' "
            f"{test.shape[1:]} (layout {layout}); they must be equal."
        )
    return parts
