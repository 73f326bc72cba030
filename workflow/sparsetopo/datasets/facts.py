"""Image shape and number of classes of a prepared data set, read without its images."""

import os
from dataclasses import dataclass

from sparsetopo.datasets.prepared import KIND
from sparsetopo.errors import FileFormatError
from sparsetopo.files import read_header


@dataclass(frozen=True)
class DatasetFacts:
    """What a network must fit."""

    input_shape: tuple[int, int, int]  # channels, height, width
    classes: int

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "DatasetFacts":
        """Read the header of a file of `PreparedDataset.save`; a FileFormatError if it is another."""
        shapes, metadata = read_header(path)
        if metadata.get("kind") != KIND or len(shapes.get("train_images", ())) != 4:
            raise FileFormatError(
                f"{path}: is not a prepared data set; give the file that the data stage wrote."
            )
        _, channels, height, width = shapes["train_images"]
        return cls((channels, height, width), metadata["dataset"]["classes"])
