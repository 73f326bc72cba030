"""Where the tables are that come with the project: the authors' released results, the paper's tables, measured jobs.

They lie in ``resources/`` of the repository; an installed wheel has a copy of that folder inside the package, which
``setup.py`` puts there.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "_resources"

RESOURCES = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parents[1] / "resources"
"""The folder, here."""
