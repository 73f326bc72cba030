"""Real training images for benchmarks of pruning: the packs of the shared folder, cached as arrays.

The folder is that of the environment variable SPARSETOPO_SHARED (default: `shared` beside the
project).
"""

import importlib.util
import os
import tempfile
from pathlib import Path

import numpy as np

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[3] / "shared"))
CACHE = Path(tempfile.gettempdir()) / "sparsetopo-scoring-images"
# Data set: (pack, number of classes). One half of CIFAR-10 is enough for every algorithm.
PACKS = {
    "CIFAR-10": ("cifar10_part1.zip", 10),
    "CIFAR-100": ("cifar100_subset.zip", 100),
    "Tiny-ImageNet": ("tinyimagenet32_200x30.zip", 200),
}


class TrainingImages:
    """uint8 images on disk; `sample` reads and normalises those that are asked for."""

    def __init__(self, dataset: str, cache: Path = CACHE) -> None:
        self.classes = PACKS[dataset][1]
        folder = unpacked(dataset, cache)
        self.labels = np.load(folder / "labels.npy")
        self.statistics = np.load(folder / "statistics.npy")[..., None, None]
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.input_shape = self.images.shape[1:]

    def sample(self, indices):
        mean, std = self.statistics
        return (self.images[indices].astype(np.float32) - mean) / std


def unpacked(dataset: str, cache: Path = CACHE) -> Path:
    """Folder with the training images of a pack: images (N, 3, 32, 32), labels, (mean, std)."""
    from sparsetopo.datasets.statistics import channel_statistics
    from sparsetopo.files import atomic_path

    folder = cache / dataset
    if not (folder / "statistics.npy").is_file():
        parts, index, _ = packing().read(SHARED / "data" / PACKS[dataset][0])
        names = [name for name in parts if name == "train" or name.startswith("data_batch")]
        images = np.concatenate([parts[name] for name in names]).transpose(0, 3, 1, 2)
        images = np.ascontiguousarray(images)
        contents = {
            "images": images,
            "labels": np.concatenate([index[name]["labels"] for name in names]),
            "statistics": np.float32(channel_statistics(images)),  # last: all are there
        }
        for name, array in contents.items():
            with atomic_path(folder / f"{name}.npy") as temporary:
                np.save(temporary, array)
    return folder


def packing():
    """Import the module beside the packs that reads them."""
    specification = importlib.util.spec_from_file_location("imgpack", SHARED / "data/imgpack.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
