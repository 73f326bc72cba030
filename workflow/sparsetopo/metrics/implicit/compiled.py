"""Compilation of loops by numba, cached where it survives and where processes share it safely.

The cache lies in ``$SPARSETOPO_CACHE``, else in ``$XDG_CACHE_HOME/sparsetopo`` or
``~/.cache/sparsetopo``, in a folder named by a digest of the sources of all loops: numba notices an
edit of a loop's own file, but not of another file whose loops it calls.

Numba renames finished files, so readers never see half of one. But two processes that save
different variants of a loop at once may give both the same file name; so saving takes a lock.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache

from sparsetopo.locks import lock
from sparsetopo.sources import source_digest

logger = logging.getLogger(__name__)


@cache
def cache_folder() -> Path:
    """Folder of this version's compiled loops."""
    chosen = os.environ.get("SPARSETOPO_CACHE")
    if chosen is None:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        chosen = str(Path(home) / "sparsetopo")
    return Path(chosen) / f"loops-{source_digest(Path(__file__).parent)}"


class _LockedCache(FunctionCache):
    """Numba's cache, saving one variant at a time across processes."""

    def save_overload(self, sig: Any, data: Any) -> None:
        with _exclusive(Path(self.cache_path) / "lock"):
            super().save_overload(sig, data)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as handle:
        lock(handle)  # where there are no locks, save without one, as numba itself does
        yield


def announce_compilation() -> None:
    """Warn that loops are about to be compiled, if this version of the library has none yet.

    To be called before modules with loops are imported.
    """
    if not cache_folder().exists():
        logger.warning("compiling the loops of the metrics, once: this takes half a minute")


def loop(function: Callable[..., Any]) -> Any:
    """Compile a function when it is first called, without Python objects and without the GIL."""
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    settings: Any = numba.config
    previous, settings.CACHE_DIR = settings.CACHE_DIR, str(cache_folder())
    try:
        # Raises RuntimeError where no folder can be written: then every process compiles anew.
        with contextlib.suppress(RuntimeError, OSError):
            compiled._cache = _LockedCache(function)
    finally:
        settings.CACHE_DIR = previous
    return compiled


# For parts of a loop that are entered millions of times and do less than a call would cost.
inlined = numba.njit(nogil=True, error_model="numpy", forceinline=True)
