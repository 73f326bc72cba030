"""Archives of official data sets: found in the folder of data files, or downloaded into it.

An archive is called ``<name>.part`` until its MD5 is right (``docs/datasets.md``). A lock on it lets one process at a
time write; the others wait and then find the archive. Where there are no locks, the MD5 tells if two have written.
"""

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sparsetopo.datasets.files import DataFiles
from sparsetopo.datasets.http import TransferError, transfer
from sparsetopo.errors import DataError
from sparsetopo.locks import lock

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteArchive:
    """An archive that a data set is published as."""

    url: str
    filename: str  # in the folder of data files
    md5: str  # hexadecimal
    unpacked: str  # the folder that may be there instead, for messages


def fetch(archive: RemoteArchive, files: DataFiles) -> Path:
    """Return the path of the checked archive, downloaded if it is missing and that is allowed.

    A DataError says if it cannot be downloaded or is not the published one.
    """
    path = files.folder / archive.filename
    if not path.exists():
        if not files.download:
            raise _missing(archive, files.folder, "downloading is off (compute.download: false)")
        try:
            _download(archive, path)
        except TransferError as error:
            reason = f"downloading it from {archive.url} failed ({error})"
            raise _missing(archive, files.folder, reason) from None
        except OSError as error:
            reason = f"it cannot be written there ({error.strerror or error})"
            raise _missing(archive, files.folder, reason) from None
    found = md5_of(path)
    if found != archive.md5:
        raise DataError(
            f"{path.absolute()}: has MD5 {found}, but the published archive has {archive.md5}, so it is damaged "
            f"or another file: delete it and run again."
        )
    return path


def md5_of(path: Path) -> str:
    """Hexadecimal MD5 of a file."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, _md5).hexdigest()


def _md5() -> "hashlib._Hash":
    # This guards against accidents, not attacks; some systems forbid MD5 for anything else.
    return hashlib.md5(usedforsecurity=False)


def _missing(archive: RemoteArchive, folder: Path, reason: str) -> DataError:
    return DataError(
        f"{folder.absolute()}: holds neither the folder '{archive.unpacked}' nor '{archive.filename}', and {reason}; "
        f"put one of them there (the archive is {archive.url}, MD5 {archive.md5}), or set compute.data_folder to "
        f"the folder that has one."
    )


def _download(archive: RemoteArchive, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with _locked(part) as handle:
        try:
            if path.exists():  # another process finished it while this one waited
                handle.truncate(0)
                return
            logger.info("%s: downloading %s", path, archive.url)
            resumed = os.path.getsize(part) > 0
            transfer(archive.url, handle, archive.filename)
            if resumed and md5_of(part) != archive.md5:
                logger.warning("%s: the continued download has a wrong MD5; it starts over", part)
                handle.truncate(0)
                transfer(archive.url, handle, archive.filename)
            found = md5_of(part)
            if found != archive.md5:
                handle.truncate(0)
                raise TransferError(f"what it sends has MD5 {found}, not {archive.md5}")
            os.fsync(handle.fileno())
            os.replace(part, path)
        finally:
            # Only the holder of the lock removes the file; waiting processes notice (see `_locked`).
            if _has_name(part, handle) and os.fstat(handle.fileno()).st_size == 0:
                part.unlink()


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    """Open a file for appending and hold its lock, making sure that it still has that name."""
    while True:
        with open(part, "a+b") as handle:
            if lock(handle, wait=False) is False:
                logger.info("%s: another process is downloading; waiting for it", part)
                lock(handle)
            # The process that held the lock may have renamed or removed the file.
            if _has_name(part, handle):
                yield handle
                return


def _has_name(path: Path, handle: IO[bytes]) -> bool:
    """Whether an open file still has that name; another process may have given it to a new file."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
