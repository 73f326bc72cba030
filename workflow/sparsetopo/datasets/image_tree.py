"""Files of a data set that lies in a folder or, the same tree, in a zip archive that stays packed."""

import zipfile
import zlib
from pathlib import Path
from typing import Protocol

from sparsetopo.errors import DataError


class ImageTree(Protocol):
    """Files by their path below the tree's root, parts joined by "/"."""

    def where(self, path: str) -> str:
        """Name a file for a message."""

    def names(self, folder: str) -> list[str]:
        """Names of the files directly in a folder, sorted; empty if there is no such folder."""

    def read(self, path: str) -> bytes:
        """Read one file; DataError if it is missing or unreadable."""


class FolderTree:
    """A tree of files in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def where(self, path: str) -> str:
        """Name a file for a message."""
        return str(self._root / path)

    def names(self, folder: str) -> list[str]:
        """Names of the files directly in a folder, sorted; empty if there is no such folder."""
        place = self._root / folder
        if not place.is_dir():
            return []
        return sorted(entry.name for entry in place.iterdir() if entry.is_file())

    def read(self, path: str) -> bytes:
        """Read one file; DataError if it is missing or unreadable."""
        try:
            return (self._root / path).read_bytes()
        except OSError as error:
            raise DataError(
                f"{self.where(path)}: cannot be read ({error.strerror or error}); the folder is incomplete: unpack the "
                f"archive again."
            ) from error


class ZipTree:
    """A tree of files in a zip archive.

    Parameters
    ----------
    archive
        The zip file.
    root
        The archive's folder that is the tree's root.
    """

    def __init__(self, archive: Path, root: str) -> None:
        self._archive = archive.absolute()
        self._root = root
        try:
            self._zip = zipfile.ZipFile(archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{self._archive}: is not a readable zip archive: {error}.") from error
        self._names: dict[str, list[str]] = {}
        for path in sorted(self._zip.namelist()):
            folder, _, name = path.rpartition("/")
            if name:
                self._names.setdefault(folder, []).append(name)

    def where(self, path: str) -> str:
        """Name a file for a message."""
        return f"{self._archive}:{self._root}/{path}"

    def names(self, folder: str) -> list[str]:
        """Names of the files directly in a folder, sorted; empty if there is no such folder."""
        return self._names.get(f"{self._root}/{folder}", [])

    def read(self, path: str) -> bytes:
        """Read one file; DataError if it is missing or unreadable."""
        try:
            return self._zip.read(f"{self._root}/{path}")
        # NotImplementedError: a kind of compression that Python lacks.
        except (KeyError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise DataError(
                f"{self.where(path)}: cannot be read ({error}); the archive is incomplete or damaged: delete it and "
                f"run again."
            ) from error
