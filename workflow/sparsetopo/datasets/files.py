"""Where official data sets lie on this machine: not an option, as the same checked files give the same data."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataFiles:
    """Given to the data sets that state ``NEEDS = "files"``."""

    folder: Path = Path("data")  # of archives and unpacked data sets; created when needed
    download: bool = True  # whether missing files may be downloaded into it
