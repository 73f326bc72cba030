"""Packages that only a part of the library needs, and the extra of this package that brings each.

``pip install sparsetopo`` alone measures graphs, and makes them from masks and a plan. Whatever else a function needs
is imported by it, inside `needed_for`, so that where it is missing one sentence says what to install.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lazy_loader

from sparsetopo.errors import MissingPackageError

EXTRAS = {
    "torch": "torch",
    "torchvision": "torch",
    "PIL": "torch",
    "igraph": "igraph",
    "networkx": "networkx",
    "pyarrow": "parquet",
    "jsonschema": "config",
    "pydantic": "config",
    "yaml": "config",
    "pandas": "analysis",
    "sklearn": "analysis",
    "matplotlib": "analysis",
    "jinja2": "analysis",
    "altair": "analysis",
    "vl_convert": "analysis",
    "typer": "cli",
    "rich": "cli",
}
"""{module: extra}, of the extras in ``pyproject.toml``."""


@contextmanager
def needed_for(what: str) -> Iterator[None]:
    """Import inside this what may not be installed.

    Parameters
    ----------
    what
        What needs the package: the subject of a sentence.

    Raises
    ------
    MissingPackageError
        If a package of an extra is not installed. Any other failure of an import is passed on, as a bug.

    Examples
    --------
    >>> with needed_for("this"):
    ...     raise ModuleNotFoundError(name="rich")
    Traceback (most recent call last):
    sparsetopo.errors.MissingPackageError: this needs rich, which is not installed: pip install 'sparsetopo[cli]'.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise MissingPackageError(
            f"{what} needs {package}, which is not installed: pip install 'sparsetopo[{EXTRAS[package]}]'."
        ) from error


def import_lazily(
    package: str, names: Mapping[str, list[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Give a package names that are imported when they are first used.

    Parameters
    ----------
    package
        Name of the package.
    names
        {module below the package: names in it}.

    Returns
    -------
    __getattr__, __dir__, __all__
        Of the package. The first raises what `needed_for` does.
    """
    load, listed, exported = lazy_loader.attach(package, submod_attrs=dict(names))

    def attribute(name: str) -> Any:
        with needed_for(f"{package}.{name}"):
            return load(name)

    return attribute, listed, exported
