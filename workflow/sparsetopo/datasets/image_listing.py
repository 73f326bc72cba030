"""Which image files of a folder belong to which class and part.

The rules are those of torchvision's ``ImageFolder`` (one folder for each class, same suffixes, same
order), except that hidden folders are not classes.
"""

import os
from pathlib import Path

from sparsetopo.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
_TEST_FOLDERS = ("test", "val")


def part_folders(root: Path) -> tuple[Path, Path] | None:
    """Folders of the training and the test part, or None if `root` holds the classes itself.

    ``test`` is preferred to ``val``. A DataError says if only one of the parts is there.
    """
    train = root / "train"
    tests = [root / name for name in _TEST_FOLDERS if (root / name).is_dir()]
    if not train.is_dir() and not tests:
        return None
    if not train.is_dir():
        raise DataError(
            f"{root}: has a folder '{tests[0].name}' but no 'train'; add it, or put the folders of the classes there."
        )
    if not tests:
        raise DataError(
            f"{root}: has a folder 'train' but neither 'test' nor 'val'; add one of them, or give {train} as the "
            f"folder to set a share of its images aside."
        )
    return train, tests[0]


def class_names(folder: Path) -> list[str]:
    """Names of the classes, sorted; a DataError if there are fewer than two."""
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )
    if len(names) < 2:
        found = f"only '{names[0]}'" if names else "none"
        raise DataError(
            f"{folder}: must hold one folder of images for each of at least two classes, and holds {found}."
        )
    return names


def require_same_classes(train: Path, test: Path) -> list[str]:
    """Names of the classes, sorted; a DataError if one part has a class that the other lacks."""
    names, test_names = class_names(train), class_names(test)
    for here, there in (
        (test, set(names) - set(test_names)),
        (train, set(test_names) - set(names)),
    ):
        if there:
            raise DataError(
                f"{here}: has no folder for the class '{min(there)}', which {train if here == test else test} has; "
                f"both parts must have the same classes."
            )
    return names


def labelled_files(folder: Path, names: list[str]) -> list[tuple[Path, int]]:
    """Image files with their labels, class by class, sorted; a DataError if a class has no image."""
    found: list[tuple[Path, int]] = []
    for label, name in enumerate(names):
        files = [
            (Path(place, file), label)
            for place, _, files in sorted(os.walk(folder / name, followlinks=True))
            for file in sorted(files)
            if file.lower().endswith(SUFFIXES)
        ]
        if not files:
            raise DataError(
                f"{folder / name}: holds no image, so the class '{name}' is empty; add images ({', '.join(SUFFIXES)}) "
                f"or delete the folder."
            )
        found += files
    return found
