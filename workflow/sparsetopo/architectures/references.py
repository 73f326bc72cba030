"""Networks that are not registered: `torchvision:<model>`, `timm:<model>`, `<module>:<function>` of the user's own.

Nothing is imported to find out what such a *reference* names, because the workflow asks while it is parsed. What only
the network itself can tell is checked by `fit`, in a process of its own.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sparsetopo.architectures import own_code, packages
from sparsetopo.architectures.packages import PACKAGES, UNKNOWN
from sparsetopo.errors import SparsetopoError
from sparsetopo.files import canonical_json

_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)

HINT = "a network of your own is written <module>:<function>, others torchvision:<model> or timm:<model>"


def is_reference(name: str) -> bool:
    """Whether a name refers to a network outside the registry."""
    return ":" in name


def path_part(name: str) -> str:
    """The name under which a network lies in folders and stands in tables: its Python path.

    Examples
    --------
    >>> path_part("torchvision:resnet18"), path_part("my_networks.small:build"), path_part("Resnet-20")
    ('torchvision.resnet18', 'my_networks.small.build', 'Resnet-20')
    """
    return name.replace(":", ".")


def reference_of(part: str) -> str:
    """The reference of a `path_part`.

    Examples
    --------
    >>> reference_of("my_networks.small.build")
    'my_networks.small:build'
    """
    return ":".join(part.rsplit(".", 1))


def form_problem(reference: str) -> str | None:
    """Say in one sentence what is wrong with how a reference is written; None if nothing is."""
    if _REFERENCE.fullmatch(reference):
        return None
    return f"'{reference}' is no <module>:<function>, torchvision:<model> or timm:<model>"


def reference_problems(reference: str, options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What can be seen to be wrong without importing anything: (option or "", one sentence)."""
    wrong = form_problem(reference)
    if wrong:
        return [("", wrong)]
    for option, value in options.items():
        try:
            canonical_json(value)
        except (TypeError, ValueError):
            return [
                (str(option), f"must be made of numbers, texts, lists and mappings, got {value!r}")
            ]
    module, _, function = reference.partition(":")
    if module in PACKAGES:
        return packages.model_problems(PACKAGES[module], function, options)
    return own_code.function_problems(module, function, options)


def reference_shape_problem(reference: str, input_shape: Sequence[int]) -> str | None:
    """Say why a network cannot take images of that shape, as far as its reference tells; else None."""
    package = PACKAGES.get(reference.partition(":")[0])
    if package is None or package.channels in (None, input_shape[0]):
        return None
    return (
        f"{reference} takes images of {package.channels} channels, not of shape {tuple(input_shape)}; "
        f"timm's models and functions of your own can take any number."
    )


def reference_version(reference: str) -> str:
    """What the network depends on besides its options: a package's version, or a digest of the user's files.

    It is "unknown" where the package is not installed, because the jobs run in another environment.
    """
    module = reference.partition(":")[0]
    if module in PACKAGES:
        return packages.installed(PACKAGES[module])
    return own_code.code_digest(module)


def require_version(name: str, recorded: int | str) -> None:
    """Refuse to work with other code than the run was planned with; of registered architectures nothing is checked."""
    if not is_reference(name) or recorded == UNKNOWN:
        return
    present = reference_version(name)
    if present != recorded:
        raise SparsetopoError(
            f"{name} is now another than when this run began ({present} instead of {recorded}); "
            "give the same command again."
        )
