"""Locks on open files, between processes: given up when the file is closed, however a process ends.

Windows has none of this kind. There measuring works as elsewhere, but a study cannot be run.
"""

from typing import IO

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS = fcntl is not None


def lock(
    file: IO[str] | IO[bytes] | int, *, shared: bool = False, wait: bool = True
) -> bool | None:
    """Take the lock of an open file: true if it is had, false if another has it, None where there are no locks.

    Readers may share one. With `wait` another's is waited for, without end. Some file systems have no locks either.
    """
    if fcntl is None:
        return None
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
