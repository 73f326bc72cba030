"""Real images for the tests, from the packs of the folder that SPARSETOPO_SHARED names.

Default: `shared` beside the project. Tests that need them are skipped where they are absent.
"""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

SHARED = Path(os.environ.get("SPARSETOPO_SHARED", Path(__file__).parents[4] / "shared"))
PACKS = SHARED / "data"


@pytest.fixture(scope="session")
def imgpack() -> ModuleType:
    """The script that unpacks the packs, as a module."""
    path = PACKS / "imgpack.py"
    if not path.is_file():
        pytest.skip(
            f"there are no image packs in {PACKS} (set SPARSETOPO_SHARED to the folder that has data/imgpack.py)"
        )
    specification = importlib.util.spec_from_file_location("imgpack", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def cifar_100_slice(imgpack, tmp_path_factory) -> Path:
    """5,000 training and 1,000 test images of CIFAR-100 as the pack's .npz, as it comes."""
    path = tmp_path_factory.mktemp("cifar-100") / "slice.npz"
    imgpack.npz(PACKS / "cifar100_subset.zip", path)
    return path


@pytest.fixture(scope="session")
def tiny_imagenet_slice(imgpack, tmp_path_factory) -> Path:
    """6,000 training and 2,000 validation images of Tiny-ImageNet at 32x32 as the pack's .npz, as it comes."""
    path = tmp_path_factory.mktemp("tiny-imagenet") / "slice.npz"
    imgpack.npz(PACKS / "tinyimagenet32_200x30.zip", path)
    return path


@pytest.fixture(scope="session")
def cifar_10_folder(imgpack, tmp_path_factory) -> Path:
    """Folder that holds cifar-10-batches-py, all 60,000 images, MD5s as published."""
    folder = tmp_path_factory.mktemp("cifar-10")
    for part in (1, 2):
        imgpack.cifar(PACKS / f"cifar10_part{part}.zip", folder)
    return folder
