"""Why a job failed, as the end of its log says."""

import os
import re
from pathlib import Path

# As `open_log` of the scripts writes it: date, time, level, message; what follows belongs to the message.
_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ([A-Z]+) (.*)$", re.MULTILINE)
_KILLED = (
    "it was killed or crashed without a word, as happens when memory or a time limit runs out; if so, run fewer jobs "
    "at once (--cores), or let it have more."
)


def reason_of_failure(path: str | os.PathLike[str], since: float) -> str:
    """One sentence that says why a job failed.

    Parameters
    ----------
    path
        The job's log.
    since
        When the run began, in seconds since 1970: an older log is not of this run.

    Returns
    -------
    str
        The error it ended with; if there is none, that it must have been killed. Empty if the log says nothing: it is
        missing or old (the job never started), or the job had done its part.
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
        return _KILLED
    last = entries[-1]
    level, message = last.groups()
    if level == "ERROR":
        # Of a traceback, its last line: the exception.
        return text[last.end() :].strip().rpartition("\n")[2].strip() or message
    return "" if message.startswith("done") else _KILLED
