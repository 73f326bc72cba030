"""What a machine must have to run a study, said before any job is planned."""

import re

from sparsetopo.errors import RunError
from sparsetopo.locks import HAS_LOCKS

# What a POSIX shell reads as something else than a part of a word.
_SPECIAL = re.compile(r"""[\s'"\\$`&|;<>()*?\[\]{}]""")


def require_locks() -> None:
    """Raise a RunError on systems without the locks by which runs keep out of each other's way."""
    if not HAS_LOCKS:
        raise RunError(
            "This system has no file locks (Python's module fcntl), by which two runs of a study would notice each "
            "other: run studies on Linux, macOS or the Windows Subsystem for Linux; the library works here."
        )


def require_plain_path(python: str) -> None:
    """Raise a RunError if the shell would not take the path of Python as one word.

    Snakemake (9.27) starts each script by that path without quoting it (`PythonScript.execute_script`), so every job
    would fail with "No such file".
    """
    special = _SPECIAL.search(python)
    if special:
        raise RunError(
            f"Snakemake starts jobs by the path of Python without quotes, and {python!r} has {special[0]!r} in it, so "
            f"every job would fail: make the virtual environment in a folder without such characters (for example "
            f"`make VENV=/path/to/venv`) and use its snakemake; the clone may stay where it is."
        )
