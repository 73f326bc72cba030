"""Where official data sets lie on this machine.

This is a fact of the machine, not an option of a data set: changing an option prepares the data set
anew, but the same checked files give the same data set in any folder.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataFiles:
    """Given to the data sets that state ``NEEDS = "files"``."""

    folder: Path = Path("data")  # of archives and unpacked data sets; created when needed
    download: bool = True  # whether missing files may be downloaded into it
