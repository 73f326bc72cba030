"""A job's log: opened by the job, read after a failure for why it failed."""

import logging
import os
import re
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(message)s"
# Date, time, level, message; further lines belong to the message.
_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ([A-Z]+) (.*)$", re.MULTILINE)
STOPPED = "interrupted"
"""What a job logs that ends because of Ctrl-C."""
KILLED = (
    "it was killed or crashed without a word, as happens when memory or a time limit runs out; "
    "if so, run fewer jobs at once (--cores), or let it have more."
)


def open_log(path: Path) -> None:
    """Send everything that is logged to the job's log file, which is begun anew."""
    logging.raiseExceptions = False  # on a full disk every line would be a traceback on the screen
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w")
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[handler])
    logging.captureWarnings(True)


def reason_of_failure(path: str | os.PathLike[str], since: float = 0.0) -> str:
    """Say in one sentence why a job failed: the error that its log ends with, or else that it must have been killed.

    The sentence is empty if the log is missing or older than the run, which began at `since` (seconds since 1970), as
    the job then never started; or if the job had done its part.
    """
    log = Path(path)
    try:
        if log.stat().st_mtime < since:
            return ""
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    entries = list(_ENTRY.finditer(text))
    if not entries:
        return KILLED
    last = entries[-1]
    level, message = last.groups()
    if level == "ERROR":
        # Of a traceback, its last line: the exception.
        return text[last.end() :].strip().rpartition("\n")[2].strip() or message
    return "" if message.startswith("done") else KILLED
