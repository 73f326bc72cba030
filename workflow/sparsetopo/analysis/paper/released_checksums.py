"""The checksums of the released results that this repository carries: one file, which every reader checks first.

The file ``SHA256SUMS`` lies beside the tables, in the format of the command ``sha256sum`` (which can check it too).
"""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from sparsetopo.errors import FileFormatError
from sparsetopo.files import write_text

CHECKSUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")
_REMEDY = "restore it from the repository, or tidy the released results again (resources/released/README.md)"


def write_checksums(folder: str | os.PathLike[str], contents: Mapping[str, bytes]) -> None:
    """Write the checksums of files, {name: content}, to the folder they lie in."""
    lines = (f"{_sha256(content)}  {name}\n" for name, content in sorted(contents.items()))
    write_text(Path(folder) / CHECKSUMS, "".join(lines))


def read_checksums(folder: str | os.PathLike[str]) -> dict[str, str]:
    """Read the SHA-256 of each file of a folder, by name.

    Raises
    ------
    FileFormatError
        If there is no such file, or a line is not a checksum and a name.
    """
    path = Path(folder) / CHECKSUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path}: there is no such file, so the tables beside it cannot be checked; {_REMEDY}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: not readable as text ({error}); {_REMEDY}.") from error
    matches = [_LINE.fullmatch(line) for line in lines]
    for line, match in zip(lines, matches, strict=True):
        if match is None:
            raise FileFormatError(
                f"{path}: the line '{line[:80]}' is not a SHA-256, two blanks and a file's name; {_REMEDY}."
            )
    return {match[2]: match[1] for match in matches if match}


def require_checksum(path: Path, expected: str) -> None:
    """Refuse a file that is missing or has another content than when its checksum was taken.

    Raises
    ------
    FileFormatError
        One sentence that names the file, the expected checksum and the one found.
    """
    try:
        found = _sha256(path.read_bytes())
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path}: there is no such file, but one of SHA-256 {expected} is expected; {_REMEDY}."
        ) from error
    except OSError as error:
        raise FileFormatError(
            f"{path}: cannot be read ({error}), but a file of SHA-256 {expected} is expected; {_REMEDY}."
        ) from error
    if found != expected:
        raise FileFormatError(
            f"{path}: has SHA-256 {found}, but {expected} is expected, so it is damaged or was edited; {_REMEDY}."
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
