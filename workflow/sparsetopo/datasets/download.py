"""Archives of official data sets: found in the folder of data files, or downloaded into it.

An archive carries its own name only once it is whole and its MD5 is right; before that it is
``<name>.part``, which an interrupted download leaves and the next one continues. A lock on that
file lets one process at a time write it; the others wait and then find the archive.
"""

import contextlib
import fcntl
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

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteArchive:
    """An archive that a data set is published as.

    Parameters
    ----------
    url
        Where it is published.
    filename
        Its name in the folder of data files.
    md5
        Hexadecimal MD5 of it.
    unpacked
        Name of the folder that does as well, for the messages.
    """

    url: str
    filename: str
    md5: str
    unpacked: str


def fetch(archive: RemoteArchive, files: DataFiles) -> Path:
    """Path of the archive, whole and checked; downloaded if it is missing and may be.

    Raises
    ------
    DataError
        If it is missing and cannot be had, or is not the published one.
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
            f"{path.absolute()}: has MD5 {found}, the published archive {archive.md5}, so it is damaged or "
            f"another file: delete it and run again."
        )
    return path


def md5_of(path: Path) -> str:
    """Hexadecimal MD5 of a file, read in pieces."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, _md5).hexdigest()


def _md5() -> "hashlib._Hash":
    # Against accidents, not attacks; some systems forbid MD5 for anything else.
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
                logger.warning("%s: the continued download has a wrong MD5; it begins anew", part)
                handle.truncate(0)
                transfer(archive.url, handle, archive.filename)
            found = md5_of(part)
            if found != archive.md5:
                handle.truncate(0)
                raise TransferError(f"what it sends has MD5 {found}, not {archive.md5}")
            os.fsync(handle.fileno())
            os.replace(part, path)
        finally:
            # Removed only by the holder of the lock; those who wait for it notice (see `_locked`).
            if _bears(part, handle) and os.fstat(handle.fileno()).st_size == 0:
                part.unlink()


@contextlib.contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    """Open a file for appending and hold its lock; the file is the one that bears the name."""
    while True:
        with open(part, "a+b") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.info("%s: another process is downloading; waiting for it", part)
                fcntl.flock(handle, fcntl.LOCK_EX)
            # The one who held it may have renamed or removed the file meanwhile.
            if _bears(part, handle):
                yield handle
                return


def _bears(path: Path, handle: IO[bytes]) -> bool:
    """Whether an open file still has that name: another process may have given the name to a new one."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
