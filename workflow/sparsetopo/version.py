"""The version that result files carry."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def package_version() -> str:
    """Version of the installed package; "unknown" if it runs from a bare source folder."""
    try:
        return version("sparsetopo")
    except PackageNotFoundError:
        return "unknown"
