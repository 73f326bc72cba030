"""CIFAR-10 and CIFAR-100, which differ only in torchvision's reader.

torchvision knows the archive, the files in it and their MD5s. The files are pickles: none is opened before its MD5 is
checked.
"""

import logging
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparsetopo.datasets.download import RemoteArchive, fetch, md5_of
from sparsetopo.datasets.files import DataFiles
from sparsetopo.datasets.layout import channels_first
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.errors import DataError

logger = logging.getLogger(__name__)


def prepare_cifar(name: str, reader: Any, classes: int, files: DataFiles) -> PreparedDataset:
    """Read the unpacked folder; if there is none, unpack the archive, downloaded if need be.

    `reader` is ``torchvision.datasets.CIFAR10`` or ``CIFAR100``. A DataError says if neither is there
    and nothing can be downloaded, or if a file is missing or damaged.
    """
    unpacked = files.folder / reader.base_folder
    if not unpacked.is_dir():
        archive = RemoteArchive(reader.url, reader.filename, reader.tgz_md5, reader.base_folder)
        _unpack(fetch(archive, files), reader, unpacked)
    _check(unpacked, _published_files(reader))
    logger.info("%s: reading %s", name, unpacked)
    train, test = (_part(reader, files.folder, train=train) for train in (True, False))
    return PreparedDataset.from_arrays(name, train, test, classes)


def _published_files(reader: Any) -> dict[str, str]:
    """MD5 of every file that the reader opens."""
    images = dict([*reader.train_list, *reader.test_list])
    return images | {reader.meta["filename"]: reader.meta["md5"]}


def _check(unpacked: Path, published: dict[str, str]) -> None:
    for filename, md5 in published.items():
        path = unpacked / filename
        if not path.is_file():
            state = "is missing"
        elif md5_of(path) != md5:
            state = f"does not have the published MD5 {md5}"
        else:
            continue
        raise DataError(
            f"{path.absolute()}: {state}, so the folder is damaged or incomplete: delete it and run again, or put the "
            f"published files into it."
        )


def _unpack(archive: Path, reader: Any, unpacked: Path) -> None:
    """Take the published files out of the archive; the folder gets its name once it is complete."""
    logger.info("%s: unpacking", archive)
    try:
        with (
            tempfile.TemporaryDirectory(
                dir=unpacked.parent, prefix=f".{unpacked.name}."
            ) as scratch,
            tarfile.open(archive) as tar,
        ):
            new = Path(scratch) / unpacked.name
            new.mkdir()
            # Only these names: nothing in an archive can make us write elsewhere.
            for filename in _published_files(reader):
                source = tar.extractfile(f"{reader.base_folder}/{filename}")
                if source is None:
                    raise KeyError(f"'{filename}' is not a file")
                with source, open(new / filename, "wb") as target:
                    shutil.copyfileobj(source, target)
            try:
                new.rename(unpacked)
            except OSError:
                if not unpacked.is_dir():  # else another process was first
                    raise
    except (OSError, tarfile.TarError, EOFError, KeyError) as error:
        raise DataError(f"{archive.absolute()}: cannot be unpacked there: {error}.") from error


def _part(reader: Any, folder: Path, *, train: bool) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    part = reader(folder, train=train, download=False)
    images = channels_first("torchvision's array", part.data, "NHWC")
    return images, np.asarray(part.targets, dtype=np.int64)
