"""Whether a process lives, and ending with another one. Imports nothing that reads a number of threads."""

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

WATCH = "watch over the parent"


def is_alive(process: int) -> bool:
    """Whether a process of this machine lives. One that has ended and was not waited for (a zombie) does not."""
    try:
        os.kill(process, 0)
        # "pid (name) state ..."
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:  # another user's process, or no /proc
        return True
    return state != "Z"


def die_with_parent(process: int) -> None:
    """End this process when one above it has died: at once where Linux can do that, otherwise within a second.

    A killed Snakemake leaves its jobs behind: they would compute what the next run computes again, and write it later.
    The process need not be the parent itself: a shell may lie between.
    """
    if sys.platform == "linux":
        import ctypes

        # The "parent death signal", which comes even while compiled code lets no other thread run.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)

    def watch() -> None:
        while os.getppid() == process or is_alive(process):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name=WATCH, daemon=True).start()
