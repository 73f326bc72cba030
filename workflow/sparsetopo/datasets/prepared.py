"""A data set as every later stage reads it: uint8 images, labels, mean and standard deviation."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sparsetopo.checksums import checksum
from sparsetopo.datasets.statistics import channel_statistics
from sparsetopo.errors import DataError, FileFormatError
from sparsetopo.files import read_tensors, write_tensors
from sparsetopo.version import package_version

Part = Literal["train", "test"]

KIND = "prepared data set"
_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True, eq=False)
class PreparedDataset:
    """Images and labels of the training and the test part of a data set.

    A DataError says if dtypes, shapes, labels or statistics do not fit together.

    Examples
    --------
    >>> images, labels = np.arange(8, dtype=np.uint8).reshape(2, 1, 2, 2), np.array([0, 1])
    >>> tiny = PreparedDataset.from_arrays("tiny", (images, labels), (images, labels), 2)
    >>> tiny.input_shape, tiny.mean
    ((1, 2, 2), (3.5,))
    """

    name: str
    train_images: NDArray[np.uint8]  # raw pixel values, shape (N, C, H, W)
    train_labels: NDArray[np.int64]  # in 0 .. classes - 1, shape (N,)
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    classes: int
    mean: tuple[float, ...]  # of each channel of the training images, in raw pixel units
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            self._check_part(part, getattr(self, f"{part}_images"), getattr(self, f"{part}_labels"))
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise DataError(
                f"data set '{self.name}': training images have shape {self.train_images.shape[1:]} (channels, height, "
                f"width), test images {self.test_images.shape[1:]}; they must be equal."
            )
        if not len(self.mean) == len(self.std) == self.input_shape[0]:
            raise DataError(
                f"data set '{self.name}': {len(self.mean)} means and {len(self.std)} standard deviations for images of "
                f"{self.input_shape[0]} channels; each channel must have one of both."
            )
        for channel, deviation in enumerate(self.std):
            if not deviation > 0:
                raise DataError(
                    f"data set '{self.name}': channel {channel} has standard deviation {deviation} over the training "
                    f"images, so it cannot be normalised; leave the channel out or check the images."
                )

    def _check_part(self, part: str, images: NDArray[Any], labels: NDArray[Any]) -> None:
        where = f"data set '{self.name}', {part} part"
        if images.dtype != np.uint8 or images.ndim != 4 or 0 in images.shape:
            raise DataError(
                f"{where}: images are {images.dtype} of shape {images.shape}; they must be uint8 of shape "
                f"(N, channels, height, width), none of them zero."
            )
        if labels.dtype != np.int64 or labels.shape != (len(images),):
            raise DataError(
                f"{where}: labels are {labels.dtype} of shape {labels.shape}; they must be int64 of shape "
                f"({len(images)},), one for each image."
            )
        if labels.min() < 0 or labels.max() >= self.classes:
            raise DataError(
                f"{where}: labels run from {labels.min()} to {labels.max()}; with {self.classes} classes they must "
                f"lie in 0..{self.classes - 1}."
            )

    @classmethod
    def from_arrays(
        cls,
        name: str,
        train: tuple[NDArray[np.uint8], NDArray[np.int64]],
        test: tuple[NDArray[np.uint8], NDArray[np.int64]],
        classes: int,
    ) -> "PreparedDataset":
        """Build a data set from (images, labels) pairs, with statistics of the training images."""
        mean, std = channel_statistics(train[0])
        return cls(name, *train, *test, classes, mean, std)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of one image: (channels, height, width)."""
        channels, height, width = self.train_images.shape[1:]
        return channels, height, width

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Images and labels of both parts, by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def normalised(self, part: Part) -> NDArray[np.float32]:
        """Return (images - mean) / std of a part: float32, shape (N, C, H, W)."""
        return self._normalise(self._images(part))

    def sample(
        self, part: Part, indices: NDArray[np.integer[Any]] | Sequence[int]
    ) -> NDArray[np.float32]:
        """Return ``normalised(part)[indices]``, the same bits, converting only these images."""
        return self._normalise(self._images(part)[indices])

    def _images(self, part: Part) -> NDArray[np.uint8]:
        return self.train_images if part == "train" else self.test_images

    def _normalise(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        result = images.astype(np.float32)
        result -= np.asarray(self.mean, dtype=np.float32)[:, None, None]
        result /= np.asarray(self.std, dtype=np.float32)[:, None, None]
        return result

    def save(self, path: str | os.PathLike[str], specification: Mapping[str, Any]) -> None:
        """Write the data set with a checksum and the specification that produced it, atomically."""
        record = {
            "name": self.name,
            "classes": self.classes,
            "mean": list(self.mean),
            "std": list(self.std),
        }
        metadata = {
            "kind": KIND,
            "dataset": record,
            "sha256": checksum(self.arrays, record),
            "specification": dict(specification),
            "package_version": package_version(),
        }
        write_tensors(path, self.arrays, metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "PreparedDataset":
        """Read a file of `save`; a FileFormatError if it is missing, damaged or foreign."""
        arrays, metadata = read_tensors(path)
        if metadata.get("kind") != KIND:
            raise FileFormatError(
                f"{path}: holds '{metadata.get('kind')}', not a '{KIND}'; give the file that the "
                f"data stage wrote."
            )
        record = metadata["dataset"]
        if set(arrays) != set(_ARRAYS) or checksum(arrays, record) != metadata["sha256"]:
            raise FileFormatError(
                f"{path}: the contents do not match the SHA-256 in the header, so the file is damaged: delete it and "
                f"run again."
            )
        return cls(
            name=record["name"],
            classes=record["classes"],
            mean=tuple(record["mean"]),
            std=tuple(record["std"]),
            **arrays,
        )


class TrainingPart:
    """The training part as `sparsetopo.pruning.prune` takes it: a few normalised images at a time."""

    def __init__(self, dataset: PreparedDataset) -> None:
        self._dataset = dataset
        self.labels = dataset.train_labels
        self.input_shape = dataset.input_shape

    def sample(self, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Normalised images of these indices, shape (n, C, H, W)."""
        return self._dataset.sample("train", indices)
