"""The files of a data set, in a folder or in a zip archive that stays packed."""

import zipfile
import zlib
from abc import ABC, abstractmethod
from pathlib import Path

from sparsetopo.errors import DataError

# NotImplementedError: a kind of compression that Python lacks.
_UNREADABLE = (KeyError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError)


class ImageTree(ABC):
    """Files by their path below the tree's root, parts joined by "/"."""

    root: str  # as messages name it

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Names of the files directly in a folder, sorted; empty if there is no such folder."""

    @abstractmethod
    def _content(self, path: str) -> bytes: ...

    def where(self, path: str) -> str:
        """Name a file for a message."""
        return f"{self.root}/{path}"

    def read(self, path: str) -> bytes:
        """Read one file; a DataError if it is missing or unreadable."""
        try:
            return self._content(path)
        except _UNREADABLE as error:
            raise DataError(
                f"{self.where(path)}: cannot be read ({getattr(error, 'strerror', None) or error}); this copy is "
                f"incomplete or damaged: delete it and run again, or take the file from the published archive."
            ) from error


class FolderTree(ImageTree):
    """The files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.root = str(self._folder)

    def names(self, folder: str) -> list[str]:  # noqa: D102
        place = self._folder / folder
        if not place.is_dir():
            return []
        return sorted(entry.name for entry in place.iterdir() if entry.is_file())

    def _content(self, path: str) -> bytes:
        return (self._folder / path).read_bytes()


class ZipTree(ImageTree):
    """The files below a folder of a zip archive."""

    def __init__(self, archive: Path, folder: str) -> None:
        self.root = f"{archive.absolute()}:{folder}"
        self._folder = folder
        try:
            self._zip = zipfile.ZipFile(archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(
                f"{archive.absolute()}: is not a readable zip archive: {error}."
            ) from error
        self._names: dict[str, list[str]] = {}
        for path in sorted(self._zip.namelist()):
            parent, _, name = path.rpartition("/")
            if name:
                self._names.setdefault(parent, []).append(name)

    def names(self, folder: str) -> list[str]:  # noqa: D102
        return self._names.get(f"{self._folder}/{folder}", [])

    def _content(self, path: str) -> bytes:
        return self._zip.read(f"{self._folder}/{path}")
