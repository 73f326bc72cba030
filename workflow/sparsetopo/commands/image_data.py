"""The images that a pruning algorithm scores on: a data set by name, a file of arrays, or what a caller has."""

import logging
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from sparsetopo.commands.options import File
from sparsetopo.datasets import DATASETS, DataFiles, prepare
from sparsetopo.datasets.prepared import KIND, PreparedDataset, TrainingPart
from sparsetopo.errors import FileFormatError, SparsetopoError, UsageError, unknown_name
from sparsetopo.files import read_metadata
from sparsetopo.pruning.images import ImageSource, image_source

logger = logging.getLogger(__name__)

_PREPARED_BY = {"train_x", "train_y"}
"""Arrays of the .npz files that the registry's data set "npz" reads: raw pixels of both parts, normalised here."""


@dataclass(frozen=True)
class ImageData:
    """Normalised images and their labels, as `sparsetopo.prune` takes them, and the number of classes."""

    name: str
    images: ImageSource
    classes: int

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return tuple(self.images.input_shape)


def read_data(
    data: Any, folder: File | None = None, options: Mapping[str, Any] | None = None
) -> ImageData | None:
    """The training images of a data set.

    Parameters
    ----------
    data
        The name of a data set of ours ("digits"); a file of the stage `data` of a study; an .npz or safetensors file
        with the arrays images, float and normalised as for training, and labels, integers from 0; an .npz file of raw
        images with train_x, train_y, test_x and test_y, which are normalised here; or what `sparsetopo.prune` takes,
        such as (images, labels). None gives None.
    folder
        Where the files of a named data set lie, and into which missing ones are downloaded; None: ``data``.
    options
        Options of a named data set. Values given as text are converted.

    Raises
    ------
    UsageError
        If there is no data set or file of that name, or `folder` or `options` say nothing about it.
    SparsetopoError
        If the data are missing or unusable.

    Examples
    --------
    >>> digits = read_data("digits")
    >>> digits.input_shape, digits.classes, len(digits.images.labels)
    ((1, 8, 8), 10, 1438)
    """
    named = isinstance(data, str) and data in DATASETS
    if not named and (folder is not None or options):
        word = (
            "data_folder (--data-folder)" if folder is not None else "data_options (--data-option)"
        )
        raise UsageError(
            f"{word} goes with a data set of ours by its name: {', '.join(DATASETS)}; the data are "
            f"{data if isinstance(data, str | PathLike) else type(data).__name__}."
        )
    if data is None:
        return None
    if named:
        return _named(data, folder, options or {})
    if isinstance(data, str | PathLike):
        return _file(Path(data))
    source = image_source(data)
    return ImageData(type(data).__name__, source, _classes(source))


def _named(name: str, folder: File | None, options: Mapping[str, Any]) -> ImageData:
    entry = DATASETS[name]
    given = entry.read_options(options)
    for option, fault in entry.option_problems(given):
        known = option not in entry.options and entry.options
        raise UsageError(
            f"{unknown_name(f'option of data set {name}', option, entry.options)}"
            if known
            else f"data set {name}: option {option} (--data-option): {fault}"
        )
    files = DataFiles() if folder is None else DataFiles(Path(folder))
    return _training_part(prepare(name, given, files=files))


def _training_part(dataset: PreparedDataset) -> ImageData:
    return ImageData(dataset.name, TrainingPart(dataset), dataset.classes)


def _file(path: Path) -> ImageData:
    if not path.is_file():
        if path.suffix or path.parent != Path():
            raise FileFormatError(f"{path}: there is no such file.")
        raise UsageError(
            f"{unknown_name('data set', str(path), DATASETS)} (or name a file of images and labels)"
        )
    if path.suffix == ".npz":
        arrays = _npz(path)
        if arrays.keys() >= _PREPARED_BY:
            return _training_part(prepare("npz", {"file": str(path)}))
    elif path.suffix == ".safetensors":
        if _is_prepared(path):
            return _training_part(PreparedDataset.load(path))
        arrays = _safetensors(path)
    else:
        raise UsageError(
            f"{path}: images are read from .npz and .safetensors files, by the suffix of the file."
        )
    missing = [name for name in ("images", "labels") if name not in arrays]
    if missing:
        raise FileFormatError(
            f"{path}: has no array '{missing[0]}'; it must hold images (N, C, H, W), normalised as for training, and "
            f"labels (N,), and holds {', '.join(arrays) or 'none'}."
        )
    try:
        source = image_source((arrays["images"], arrays["labels"]))
    except SparsetopoError as error:
        raise FileFormatError(f"{path}: {error}") from error
    return ImageData(str(path), source, _classes(source))


def _npz(path: Path) -> dict[str, Any]:
    """All arrays of a file, none of them unpickled."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (
        OSError,
        ValueError,
        EOFError,
        AttributeError,
        TypeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise FileFormatError(
            f"{path}: not a readable .npz file of plain arrays ({error}); save it with numpy.savez."
        ) from error


def _is_prepared(path: Path) -> bool:
    try:
        return read_metadata(path).get("kind") == KIND
    except FileFormatError:
        return False


def _safetensors(path: Path) -> dict[str, Any]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"{path}: not a readable safetensors file ({error}).") from error


def _classes(source: ImageSource) -> int:
    """One more than the largest label, where nothing says how many classes there are."""
    return int(source.labels.max()) + 1
