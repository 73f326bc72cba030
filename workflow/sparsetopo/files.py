"""Reading and writing result files: never half-written, never pickled.

Records are JSON, arrays are safetensors with one JSON metadata record in the header. Every writer uses `atomic_path`:
it writes to a temporary name in the destination's folder, unique to the process, and then renames the file. Readers
raise a `FileFormatError` if the file is missing, truncated or foreign: not of the format, or not written by a writer
of this module.

NumPy is imported when tensors are written or read, so that what asks for records alone does not wait for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from sparsetopo.errors import FileFormatError
from sparsetopo.processes import is_alive

if TYPE_CHECKING:
    from numpy.typing import NDArray

_METADATA_KEY = "sparsetopo"
_TEMPORARY = re.compile(r"\..*\.(\d+)\.[0-9a-f]{8}\.tmp(\..*)?")


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds, otherwise remove it.

    The temporary name keeps the suffix of `path`, by which some writers choose a format.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = (
        final.parent / f".{final.stem}.{os.getpid()}.{uuid.uuid4().hex[:8]}.tmp{final.suffix}"
    )
    try:
        yield temporary
        # Flushed to disk before the rename, or a crash could leave an empty file of the final name.
        with open(temporary, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def remove_abandoned(folder: str | os.PathLike[str]) -> None:
    """Remove temporary files of `atomic_path` below a folder if the process that wrote them is dead.

    Only for folders that no other machine writes to, since processes are looked up on this one.
    """
    for path in Path(folder).rglob(".*.tmp*"):
        process = _TEMPORARY.fullmatch(path.name)
        if process and not is_alive(int(process[1])):
            path.unlink(missing_ok=True)


def canonical_json(record: Any) -> str:
    """Write a record as one line of JSON with sorted keys: equal records give equal strings."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], record: Any) -> None:
    """Write `record` as indented JSON, atomically; missing numbers must be None, not NaN."""
    write_text(path, json.dumps(record, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileFormatError(f"{path}: there is no such file.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(
            f"{path}: not valid JSON ({error}); the file is truncated or foreign: delete it and run again."
        ) from error


def write_tensors(
    path: str | os.PathLike[str], tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]
) -> None:
    """Write named arrays and one metadata record (JSON-serialisable) as a safetensors file, atomically."""
    import numpy as np
    from safetensors.numpy import save_file

    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(arrays, temporary, metadata={_METADATA_KEY: canonical_json(metadata)})
        except SafetensorError as error:
            # The error number is only in its text: "... (os error 28)".
            number = re.search(r"os error (\d+)", str(error))
            if not number:
                raise
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        # safetensors writes files that only their owner can read, whatever the umask.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read only the metadata record of a file of `write_tensors`."""
    with _opened(path) as handle:
        return _record(path, handle)


def read_header(
    path: str | os.PathLike[str],
) -> tuple[dict[str, tuple[int, ...]], dict[str, Any]]:
    """Read the shapes (by name) and the metadata record of a file of `write_tensors`, but no array."""
    with _opened(path) as handle:
        shapes = {name: tuple(handle.get_slice(name).get_shape()) for name in handle.keys()}  # noqa: SIM118
        return shapes, _record(path, handle)


def read_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the arrays (by name) and the metadata record of a file of `write_tensors`."""
    with _opened(path) as handle:
        return {name: handle.get_tensor(name) for name in handle.keys()}, _record(path, handle)  # noqa: SIM118


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    if not Path(path).is_file():
        raise FileFormatError(f"{path}: there is no such file.")
    try:
        with safe_open(path, framework="numpy") as handle:
            yield handle
    # AttributeError and TypeError: an array of a type that numpy lacks (bfloat16, float8).
    except (SafetensorError, OSError, ValueError, AttributeError, TypeError) as error:
        raise FileFormatError(
            f"{path}: not a readable safetensors file ({error}); it is truncated or foreign: delete it and run again."
        ) from error


def _record(path: str | os.PathLike[str], handle: Any) -> dict[str, Any]:
    header = handle.metadata() or {}
    if _METADATA_KEY not in header:
        raise FileFormatError(
            f"{path}: the safetensors header has no '{_METADATA_KEY}' record; it was not written by sparsetopo."
        )
    record = json.loads(header[_METADATA_KEY])
    if not isinstance(record, dict):
        raise FileFormatError(f"{path}: its '{_METADATA_KEY}' record is not a JSON object.")
    return record
