"""Which image files of a folder belong to which class.

The rules are those of torchvision's ``ImageFolder`` (one folder for each class, same suffixes, same order), except
that hidden folders and files are left out, and that no image is listed twice.
"""

import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sparsetopo.datasets.folder_parts import holds_parts
from sparsetopo.datasets.folders import SUFFIXES, is_folder, is_image, visible, visible_folders
from sparsetopo.errors import DataError

logger = logging.getLogger(__name__)

# Formats that nobody reads here; to drop a class's GIFs without a word would be a surprise.
_OTHER_IMAGES = (".gif", ".jfif", ".jpe", ".jp2", ".avif", ".heic", ".heif", ".svg", ".npy")


@dataclass(frozen=True)
class ImageFile:
    """One image of a class."""

    path: Path
    label: int
    real: str  # where it lies, all links followed


def class_folders(folder: Path) -> dict[str, Path]:
    """Folders of the classes by their names in Unicode's form NFC, sorted; a DataError if they are not clear.

    The same name is stored in form NFD by some systems: the order of the labels must not depend on that.
    """
    found: dict[str, Path] = {}
    alike: dict[str, Path] = {}
    for place in visible_folders(folder):
        other = alike.setdefault(_to_the_eye(place.name), place)
        if other != place:
            raise DataError(
                f"{folder}: has two folders whose names look the same, {other.name!a} and {place.name!a}; "
                f"put their images into one of them."
            )
        found[unicodedata.normalize("NFC", place.name)] = place
    if len(found) < 2:
        held = f"only '{next(iter(found))}'" if found else "none"
        hint = f"; if that holds the classes, give {next(iter(found.values()))}" if found else ""
        raise DataError(
            f"{folder}: must hold one folder of images for each of at least two classes, and holds {held}{hint}."
        )
    for name, place in found.items():
        if holds_parts(place):
            raise DataError(
                f"{place}: holds a training and a test part, so it is not read as the class '{name}'; if it is the "
                f"data set, give it as the folder, and if it is a class, put it below 'train' and 'test'."
            )
    return dict(sorted(found.items()))


def require_same_classes(train: dict[str, Path], test: dict[str, Path]) -> None:
    """Raise a DataError if one part has a class that the other lacks."""
    for here, there in ((test, train), (train, test)):
        missing = sorted(set(there) - set(here))
        if missing:
            raise DataError(
                f"{next(iter(here.values())).parent}: has no folder for the class {missing[0]!r}, which "
                f"{there[missing[0]].parent} has; both parts must have the same classes."
            )


def labelled_files(classes: dict[str, Path]) -> list[ImageFile]:
    """Image files with their labels, class by class, sorted.

    A DataError says if a class has no image, or shares one with another class. A file that a class reaches twice by
    links is listed once.
    """
    found: list[ImageFile] = []
    labels: dict[str, ImageFile] = {}
    for label, (name, folder) in enumerate(classes.items()):
        files = [ImageFile(Path(path), label, real) for path, real in _images_below(folder)]
        if not files:
            raise DataError(
                f"{folder}: holds no image, so the class '{name}' is empty; add images ({', '.join(SUFFIXES)}) "
                f"or delete the folder."
            )
        for file in files:
            other = labels.setdefault(file.real, file)
            if other.label != label:
                raise DataError(
                    f"{file.path}: is the same file as {other.path}, which belongs to the class "
                    f"'{list(classes)[other.label]}'; an image has one class: remove one of the links."
                )
        found += files
    return found


def require_apart(train: list[ImageFile], test: list[ImageFile]) -> None:
    """Raise a DataError if one file is an image of both parts."""
    paths = {file.real: file.path for file in train}
    for file in test:
        if file.real in paths:
            raise DataError(
                f"{file.path}: is the same file as {paths[file.real]} of the training part; a test image must not be "
                f"trained on: remove one of the links."
            )


def report_loose_images(folder: Path) -> None:
    """Warn of images that lie beside the folders of the classes or parts: they belong to none."""
    loose = sum(is_image(entry) for entry in visible(folder))
    if loose:
        logger.warning(
            "%s: %d images lie beside the folders, belong to no class and are not read",
            folder,
            loose,
        )


def _images_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Image files below a folder: (path, the same with all links followed), sorted, each file once."""
    start = os.path.realpath(folder)
    waiting, entered = [(str(folder), start)], {start}
    found: dict[str, str] = {}
    again, others = 0, Counter[str]()
    while waiting:
        place, real_place = waiting.pop()
        for entry in visible(Path(place)):
            is_link = entry.is_symlink()
            real = os.path.realpath(entry.path) if is_link else os.path.join(real_place, entry.name)
            if is_folder(entry):
                if real not in entered:
                    entered.add(real)
                    waiting.append((entry.path, real))
                else:
                    again += 1
            elif is_image(entry):
                # The path without links is kept: which one was met first depends on names.
                if real in found:
                    again += 1
                if real not in found or not is_link:
                    found[real] = entry.path
            else:
                others[os.path.splitext(entry.name)[1].lower()] += 1
    if again:
        logger.info(
            "%s: %d links lead to what lies there anyway; each image is read once", folder, again
        )
    for suffix in sorted(set(others) & set(_OTHER_IMAGES)):
        logger.warning("%s: %d files %s are not read", folder, others[suffix], suffix)
    order = sorted((os.path.split(path), path, real) for real, path in found.items())
    return iter((path, real) for _, path, real in order)


def _to_the_eye(name: str) -> str:
    """A name without what cannot be seen in it: its Unicode form, its spaces, characters of no width."""
    shown = "".join(
        character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) not in ("Cf", "Cc")
    )
    return " ".join(shown.split())
