"""What lies in a folder of images: its folders and its files, without those that programs hide there."""

import os
from pathlib import Path

from sparsetopo.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")

# Besides names that begin with a dot: what macOS, Windows, Synology, QNAP, Linux and Python leave behind.
_HIDDEN = frozenset(
    {
        "__macosx",
        "__pycache__",
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "#recycle",
        "#snapshot",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    }
)


def visible(folder: Path) -> list[os.DirEntry[str]]:
    """Entries of a folder that are not hidden, sorted by name; a DataError if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry for entry in entries if not is_hidden(entry.name)),
                key=lambda entry: entry.name,
            )
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be listed ({error.strerror or error}); make it readable, or move it away."
        ) from error


def visible_folders(folder: Path) -> list[Path]:
    """Folders directly in a folder, also by links, that are not hidden."""
    return [Path(entry.path) for entry in visible(folder) if is_folder(entry)]


def holds_images(folder: Path) -> bool:
    """Whether image files lie directly in a folder."""
    return any(is_image(entry) for entry in visible(folder))


def is_image(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file with the suffix of an image; links that lead nowhere are."""
    return entry.name.lower().endswith(SUFFIXES) and not is_folder(entry)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or leads to one; a link that leads to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_hidden(name: str) -> bool:
    """Whether a file or folder of that name is no part of a data set.

    Examples
    --------
    >>> [name for name in ("cat", ".git", "._1.png", "__MACOSX", "@eaDir") if is_hidden(name)]
    ['.git', '._1.png', '__MACOSX', '@eaDir']
    """
    return name.startswith(".") or name.casefold() in _HIDDEN
