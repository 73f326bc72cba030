"""Packages of networks, torchvision and timm: which models the installed one has, read from its files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sparsetopo.registry import literals

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Package:
    """What is known of a package besides its files."""

    name: str
    reserved: Mapping[str, str]  # options that are not the user's to give: {option: who gives it}
    channels: int | None = None  # channels of an image, if all models take the same


_FROM_DATA = "it follows from the data set"
_NO_WEIGHTS = "pretrained weights are never loaded: every network starts at random, from its seed"

PACKAGES = {
    "torchvision": Package(
        "torchvision",
        {"num_classes": _FROM_DATA, "weights": _NO_WEIGHTS, "weights_backbone": _NO_WEIGHTS},
        channels=3,
    ),
    "timm": Package(
        "timm",
        {
            "num_classes": _FROM_DATA,
            "in_chans": _FROM_DATA,
            "pretrained": _NO_WEIGHTS,
            "checkpoint_path": _NO_WEIGHTS,
        },
    ),
}


def jobs_run_elsewhere() -> bool:
    """Whether the jobs have an environment of their own (`--sdm conda`): then this one need not have torch."""
    return find_spec("torch") is None


def installed(package: Package) -> str:
    """Name and version of the installed package, "unknown" if there is none."""
    folder = _folder(package)
    if folder is None:
        return UNKNOWN
    version = literals(folder / "version.py", {"__version__"}).get("__version__", UNKNOWN)
    # Behind "+" stands what torch it was built for.
    return f"{package.name} {version.partition('+')[0]}"


def model_names(package: Package) -> list[str]:
    """Names of the models that classify images; of a package that is not installed, none.

    Examples
    --------
    >>> "resnet18" in model_names(PACKAGES["torchvision"])
    True
    """
    folder = _folder(package)
    return [] if folder is None else _registered(folder / "models")


def model_problems(
    package: Package, model: str, options: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """What is wrong with a model's name or options: (option or "", one sentence)."""
    problems = [
        (key, f"cannot be given: {why}") for key, why in package.reserved.items() if key in options
    ]
    names = model_names(package)
    if names and model not in names:
        close = [f"'{name}'" for name in get_close_matches(model, names, n=3)]
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else "its documentation lists what it has"
        )
        problems.append(("", f"{installed(package)} has no model '{model}'; {hint}"))
    elif not names and not jobs_run_elsewhere():
        problems.append(
            (
                "",
                f"{package.name} is not installed beside torch, and '{model}' is its model: pip install {package.name}",
            )
        )
    return problems


def _folder(package: Package) -> Path | None:
    spec = find_spec(package.name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


@cache
def _registered(folder: Path) -> list[str]:
    """Names of the functions behind ``@register_model``, in the files of a folder: 35 ms for timm's 1,400."""
    pattern = re.compile(r"^@register_model\b.*\n(?:@.*\n)*def (\w+)\(", re.MULTILINE)
    files = sorted(folder.glob("*.py"))
    return sorted(
        name for file in files for name in pattern.findall(file.read_text(encoding="utf-8"))
    )
