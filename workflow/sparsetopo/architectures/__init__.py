"""Network architectures, for any number of channels and classes.

A new architecture is a new file in ``entries``; CONTRIBUTING.md lists what it holds. Its
convolutions and linear layers are what is pruned.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sparsetopo import registry
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
    entry = registry.look_up(ARCHITECTURES, name, "architecture")
    shape = tuple(input_shape)
    if len(shape) != 3 or any(isinstance(n, bool) or not isinstance(n, int) for n in shape):
        return f"{name}: the input shape must be integers (channels, height, width), got {shape}."
    sizes = registry.literals(entry.path, {"SMALLEST_SIZE", "SIZE_MULTIPLE"})
    smallest, multiple = sizes.get("SMALLEST_SIZE", 1), sizes.get("SIZE_MULTIPLE", 1)
    if shape[0] < 1 or any(n < smallest or n % multiple for n in shape[1:]):
        step = f" and be multiples of {multiple}" if multiple > 1 else ""
        return (
            f"{name} cannot take inputs of shape {shape}: height and width must be at least "
            f"{smallest}{step}, channels at least 1."
        )
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        return f"{name}: the number of classes must be an integer of at least 2, got {classes!r}."
    return None


def build(name: str, input_shape: Sequence[int], classes: int) -> "nn.Module":
    """Build a network with torch's default weights; `sparsetopo.networks.initialise` sets ours.

    Parameters
    ----------
    name
        Name of the architecture, e.g. "Resnet-20".
    input_shape
        (channels, height, width) of an image.
    classes
        Number of outputs.

    Raises
    ------
    SparsetopoError
        If there is no such architecture, or it cannot take the shape or the number of classes.

    Examples
    --------
    >>> build("Resnet-20", (1, 8, 8), classes=10).fc
    Linear(in_features=64, out_features=10, bias=True)
    """
    problem = shape_problem(name, input_shape, classes)
    if problem is not None:
        raise SparsetopoError(problem)
    network: nn.Module = ARCHITECTURES[name].load().build(tuple(input_shape), classes)
    return network
