"""The last lines of a run, for what Snakemake's own messages do not say how to mend."""

import shutil

from sparsetopo.runtime.run_lock import explain_locks

_LITTLE_ROOM = 1 << 20
"""Bytes. With less free Snakemake cannot keep its records, and ends with a traceback."""


def last_words(study: str) -> list[str]:
    """Sentences that say what keeps the study from being run, in the working directory.

    Snakemake says of every lock that it may be removed; when its disk is full it does not always say that.
    """
    words = []
    lock = explain_locks(study)
    if lock:
        words.append(lock)
    free = shutil.disk_usage(".").free
    if free < _LITTLE_ROOM:
        words.append(
            f"The disk is full ({free >> 10} kB are free): free some room on it and run the same command again."
        )
    return words
