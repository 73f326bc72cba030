"""Where official data sets lie on this machine: a fact of the machine, not an option of a data set.

An option is part of what a result depends on, so changing one prepares the data set anew. The
folder of the downloaded files is not: the same checked files give the same data set anywhere.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DataFiles:
    """Given to the data sets that state ``NEEDS = "files"``.

    Parameters
    ----------
    folder
        Folder of archives and unpacked data sets; made if it is needed and absent.
    download
        Whether what is missing there may be downloaded.
    """

    folder: Path = Path("data")
    download: bool = True
