"""Real CIFAR-10 images from the packs in the shared folder, without unpacking all 60,000.

The folder is that of the environment variable SPARSETOPO_SHARED (default: `shared` beside the
project).
"""

import importlib.util
import json
import lzma
import os
import zipfile
from pathlib import Path

import numpy as np

from sparsetopo.datasets.prepared import PreparedDataset

PACKS = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[4] / "shared")) / "data"
ABSENT = (
    None
    if (PACKS / "cifar10_part2.zip").is_file()
    else (
        f"the packs of CIFAR-10 are not in {PACKS} (set SPARSETOPO_SHARED to the folder above it)"
    )
)


def _batch(number: int | None):
    """Images (N, 3, 32, 32) and labels of a training batch (1 to 5), or of the test batch (None)."""
    specification = importlib.util.spec_from_file_location("imgpack", PACKS / "imgpack.py")
    imgpack = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(imgpack)
    name = "test_batch" if number is None else f"data_batch_{number}"
    part = 1 if number is not None and number <= 3 else 2
    with zipfile.ZipFile(PACKS / f"cifar10_part{part}.zip") as pack:
        index = json.loads(lzma.decompress(pack.read("index.json.xz")))[name]
        images = imgpack.dec(pack.read(f"{name}.webp"), index["n"])
    return images.transpose(0, 3, 1, 2), np.asarray(index["labels"], dtype=np.int64)


def cifar10_subset(training: int, test: int) -> PreparedDataset:
    """The first images of each part; their labels come in random order, as published."""
    batches = [_batch(number) for number in range(1, 1 + -(-training // 10_000))]
    parts = []
    for count, (images, labels) in (
        (training, [np.concatenate(arrays) for arrays in zip(*batches, strict=True)]),
        (test, _batch(None)),
    ):
        assert len(images) >= count
        parts.append((np.ascontiguousarray(images[:count]), labels[:count]))
    return PreparedDataset.from_arrays("CIFAR-10", *parts, 10)
