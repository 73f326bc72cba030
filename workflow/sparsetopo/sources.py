"""A digest of source files, by which cheap stages notice that their code was edited."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

# Resolved, because files are digested in the order of their paths, which must not depend on links.
_LIBRARY = Path(__file__).resolve().parent


@cache
def source_digest(*parts: str | Path) -> str:
    """SHA-256 (16 hex digits) of files, and of every ``.py`` below folders; relative paths start at the library."""
    digest = hashlib.sha256()
    for path in sorted(_files(parts), key=lambda path: path.parts):
        digest.update(_content(path))
    return digest.hexdigest()[:16]


def _files(parts: Iterable[str | Path]) -> set[Path]:
    return {path for part in parts for path in _below((_LIBRARY / part).resolve())}


# The stages share most of their files: each is found and read once.
@cache
def _below(path: Path) -> frozenset[Path]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such source file or folder")
    return frozenset(path.rglob("*.py")) if path.is_dir() else frozenset({path})


@cache
def _content(path: Path) -> bytes:
    return path.name.encode() + b"\0" + path.read_bytes() + b"\0"
