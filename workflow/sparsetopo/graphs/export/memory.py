"""Refusing an explicit graph that would not fit in memory, before anything is allocated."""

import os
import sys
from pathlib import Path

from sparsetopo.errors import EncodingError


def require_memory(needed: int, edges: int) -> None:
    """Raise an EncodingError if less memory is available than a graph of `edges` needs, in bytes."""
    available = available_memory()
    if needed > available:
        raise EncodingError(
            f"the explicit graph has {edges:,} edges and needs {needed:,} bytes of memory, but "
            f"{available:,} are available: stream the edges to a .parquet or .npz file with "
            "`mge.export`, or use metrics, which need no edges."
        )


def available_memory() -> int:
    """Bytes this process may still use: those of the machine, or fewer under a control group's limit."""
    if not hasattr(os, "sysconf"):  # Windows: then nothing is refused beforehand
        return sys.maxsize
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                available = int(line.split()[1]) * 1024
    limit, usage = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.exists() and usage.exists() and (text := limit.read_text().strip()).isdigit():
        available = min(available, max(int(text) - int(usage.read_text()), 0))
    return available
