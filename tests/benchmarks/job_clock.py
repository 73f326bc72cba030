"""Where the seconds of one job go: its interpreter's start, imports, compiled loops, files, and the work itself.

Copied as `sitecustomize.py` into a folder on PYTHONPATH, it is imported by every Python that starts. In the script of
a job it then times, and at the end adds one line to the file that $JOB_CLOCK names; elsewhere it does nothing.
"""

import os
import sys

_READ_AND_WRITE = (
    *("read_json", "write_json", "write_text", "read_tensors", "write_tensors"),
    *("read_metadata", "read_header"),
)


def _install() -> None:
    import atexit
    import builtins
    import functools
    import json
    import time

    begin = time.time()
    with open("/proc/self/stat") as handle:
        ticks = int(handle.read().rpartition(")")[2].split()[19])
    with open("/proc/uptime") as handle:
        booted = begin - float(handle.read().split()[0])
    started = booted + ticks / os.sysconf("SC_CLK_TCK")
    spent = {"imports": 0.0, "loops": 0.0, "files": 0.0}
    running: list[str] = []

    def timed(kind, function):
        """Time the outermost calls; an import within a file's reading counts as an import."""

        @functools.wraps(function)
        def call(*arguments, **named):
            if running and (running[-1] == kind or running[-1] == "imports"):
                return function(*arguments, **named)
            at = time.perf_counter()
            running.append(kind)
            try:
                return function(*arguments, **named)
            finally:
                running.pop()
                seconds = time.perf_counter() - at
                spent[kind] += seconds
                if running:
                    spent[running[-1]] -= seconds

        return call

    plain = builtins.__import__

    def importing(*arguments, **named):
        module = plain_timed(*arguments, **named)
        wrap()
        return module

    def wrap():
        """Time what was imported by now; modules that import these functions by name come later."""
        files = sys.modules.get("sparsetopo.files")
        for name in _READ_AND_WRITE if files and hasattr(files, "read_header") else ():
            if not hasattr(getattr(files, name), "__wrapped__"):
                setattr(files, name, timed("files", getattr(files, name)))
        caching = sys.modules.get("numba.core.caching")
        cache = getattr(caching, "FunctionCache", None)
        if cache and not hasattr(cache.load_overload, "__wrapped__"):
            cache.load_overload = timed("loops", cache.load_overload)

    plain_timed = timed("imports", plain)
    builtins.__import__ = importing

    def report():
        record = {
            "script": os.path.basename(sys.argv[0] or sys.orig_argv[1]).split(".")[-2],
            "begin": started,
            "end": time.time(),
            "start_up": begin - started,
            **spent,
        }
        with open(os.environ["JOB_CLOCK"], "a") as handle:
            handle.write(json.dumps(record) + "\n")

    atexit.register(report)


if "JOB_CLOCK" in os.environ and "/.snakemake/scripts/" in "".join(sys.orig_argv[1:2]):
    _install()
