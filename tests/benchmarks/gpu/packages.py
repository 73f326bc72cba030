"""Which packages the GPU check needs, and which of the project's it can do without."""

import importlib.util
from importlib.metadata import PackageNotFoundError, version

NEEDED = ("torch", "numpy", "safetensors", "lazy_loader")
# What goes without: the plain loop, compiling on a GPU, the digits of the miniature.
SPARED = ("torchvision", "PIL", "triton", "sklearn", "numba", "scipy", "pydantic", "jsonschema")


def missing(names: tuple[str, ...]) -> list[str]:
    """Those of some modules that cannot be imported here, without importing any."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def sentence() -> str:
    """What is here and what is not, in one sentence."""
    absent = missing(SPARED)
    rest = f"not here, and not needed: {', '.join(absent)}" if absent else "nothing is missing"
    here = ", ".join(f"{name} {_version(name)}" for name in ("torch", "numpy"))
    return f"{here}; {rest}."


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a build that was not installed by pip
        return "of unknown version"
