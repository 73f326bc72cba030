"""Which files a user's network is made of, and a digest of what they say."""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path


def files_behind(module: str, file: Path) -> tuple[Path, list[Path]]:
    """The folder that a module is imported from, and the files in it that the module consists of.

    These are its own file, those that it imports, and so on, as far as they lie in that folder. Of an
    installed package they are all of its files.
    """
    levels = module.count(".") + (file.name == "__init__.py")
    root = file.parents[levels]
    if _holds_packages(root):
        package = root / module.partition(".")[0]
        return root, sorted(package.rglob("*.py")) if package.is_dir() else [file]
    found: set[Path] = set()
    waiting = list(_files(root, module))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(root, path)
    return root, sorted(found)


def digest_of_files(root: Path, files: Sequence[Path]) -> str:
    """SHA-256 (16 hex digits) of files and their places below a folder.

    Comments and blank lines do not count, but in an installed package, which has too many files to be read so closely.
    """
    said = bytes if _holds_packages(root) else _without_comments
    digest = hashlib.sha256()
    for path in files:
        place = path.relative_to(root).as_posix()
        digest.update(place.encode() + b"\0" + said(path.read_bytes()) + b"\0")
    return digest.hexdigest()[:16]


def _holds_packages(folder: Path) -> bool:
    """Whether it is a folder that packages are installed into."""
    return folder.name in ("site-packages", "dist-packages")


def _files(root: Path, module: str) -> Iterator[Path]:
    """Files below a folder that are run when a module is imported: packages' __init__.py, and its own."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:depth])
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                yield path


def _imported(root: Path, path: Path) -> Iterator[Path]:
    """Files below the folder that a file imports, at any place in it."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # said elsewhere, by who reads it
    package = path.parent.relative_to(root).parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(root, alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package[: max(0, len(package) - node.level + 1)] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield from _files(root, f"{base}.{alias.name}".strip("."))


def _without_comments(source: bytes) -> bytes:
    """The source without comments, blank lines and spaces at the ends of lines; as it is if it cannot be read.

    Cut out of the text, so that every version of Python gives the same.
    """
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(source).readline))
    except (SyntaxError, tokenize.TokenError, IndentationError):
        return source
    lines = source.decode(tokens[0].string).replace("\r\n", "\n").split("\n")
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(line.rstrip() for line in lines if line.strip()).encode()
