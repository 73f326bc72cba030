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
    for path in sorted(_files(parts)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files(parts: Iterable[str | Path]) -> set[Path]:
    found: set[Path] = set()
    for part in parts:
        path = (_LIBRARY / part).resolve()
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such source file or folder")
        found |= set(path.rglob("*.py")) if path.is_dir() else {path}
    return found
