"""Network architectures, for any number of channels and classes.

A new architecture is a new file in ``entries``; CONTRIBUTING.md lists what it holds. Networks of
torchvision, of timm and of the user's own code need no entry (`references`). Convolutions and
linear layers are what is pruned.
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparsetopo import registry
from sparsetopo.architectures.references import (
    is_reference,
    reference_problems,
    reference_shape_problem,
)
from sparsetopo.errors import SparsetopoError

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES = registry.scan(f"{__name__}.entries", Path(__file__).parent / "entries")


def shape_problem(name: str, input_shape: Sequence[int], classes: int) -> str | None:
    """Say in one sentence why an architecture cannot be built for a data set; None if it can.

    The parameters are those of `build`, and an UnknownNameError is raised if there is no such
    architecture. Needs no torch.

    Examples
    --------
    >>> shape_problem("Conv-6", (1, 8, 8), 10) is None
    True
    """
    if not is_reference(name):
        registry.look_up(ARCHITECTURES, name, "architecture")
    shape = tuple(input_shape)
    if len(shape) != 3 or any(isinstance(n, bool) or not isinstance(n, int) for n in shape):
        return f"{name}: the input shape must be integers (channels, height, width), got {shape}."
    smallest, multiple = _sizes(name)
    if shape[0] < 1 or any(n < smallest or n % multiple for n in shape[1:]):
        step = f" and be multiples of {multiple}" if multiple > 1 else ""
        return (
            f"{name} cannot take inputs of shape {shape}: height and width must be at least "
            f"{smallest}{step}, channels at least 1."
        )
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        return f"{name}: the number of classes must be an integer of at least 2, got {classes!r}."
    return reference_shape_problem(name, shape) if is_reference(name) else None


def _sizes(name: str) -> tuple[int, int]:
    """Smallest height and width, and what they must be multiples of, as far as it is known here."""
    if is_reference(name):
        return 1, 1
    sizes = registry.literals(ARCHITECTURES[name].path, {"SMALLEST_SIZE", "SIZE_MULTIPLE"})
    return sizes.get("SMALLEST_SIZE", 1), sizes.get("SIZE_MULTIPLE", 1)


def build(
    name: str,
    input_shape: Sequence[int],
    classes: int,
    options: Mapping[str, Any] | None = None,
) -> "nn.Module":
    """Build a network with the weights of its own code; `sparsetopo.networks.initialise` sets ours.

    Parameters
    ----------
    name
        Name of the architecture, e.g. "Resnet-20", or a reference, e.g. "torchvision:resnet18",
        "timm:vit_tiny_patch16_224", "my_networks:build" (`sparsetopo.architectures.references`).
    input_shape
        (channels, height, width) of an image.
    classes
        Number of outputs.
    options
        Options of the architecture, passed by keyword.

    Raises
    ------
    SparsetopoError
        If there is no such architecture, or it cannot take the shape, the number of classes or an
        option.

    Examples
    --------
    >>> build("Resnet-20", (1, 8, 8), classes=10).fc
    Linear(in_features=64, out_features=10, bias=True)
    >>> build("torchvision:resnet18", (3, 32, 32), classes=10, options={"width_per_group": 64}).fc
    Linear(in_features=512, out_features=10, bias=True)
    """
    given = dict(options or {})
    problem = shape_problem(name, input_shape, classes)
    if problem is not None:
        raise SparsetopoError(problem)
    faults = (
        reference_problems(name, given)
        if is_reference(name)
        else ARCHITECTURES[name].option_problems(given)
    )
    if faults:
        told = "; ".join(f"{option}: {fault}" if option else fault for option, fault in faults)
        raise SparsetopoError(f"{name}: {told}.")
    if is_reference(name):
        # Like an entry's file: it imports torch.
        foreign = importlib.import_module(f"{__name__}.foreign")
        network: nn.Module = foreign.build_reference(name, input_shape, classes, given)
        return network
    entry = ARCHITECTURES[name]
    network = entry.load().build(
        tuple(input_shape), classes, **{**entry.default_options(), **given}
    )
    return network
