"""Networks outside the registry: built, and tried with images, so that what does not fit is said in one sentence.

Torch's random state is left as it was; that of Python and NumPy, which a user's own function may draw from, is not.
"""

import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sparsetopo.architectures import own_code
from sparsetopo.errors import SparsetopoError, UsageError

# Models of torchvision that are built for one size of images, by the beginning of their names.
_TORCHVISION_SIZES = {
    "vit_": lambda height, width: {"image_size": height},
    "maxvit": lambda height, width: {"input_size": (height, width)},
}


def build_reference(
    reference: str, input_shape: Sequence[int], classes: int, options: Mapping[str, Any]
) -> nn.Module:
    """Build a network with its own initial weights, never with pretrained ones.

    Raises
    ------
    SparsetopoError
        If the network cannot be built, whatever its code raised.
    """
    module, _, name = reference.partition(":")
    make = {"torchvision": _from_torchvision, "timm": _from_timm}.get(module)

    def network() -> Any:
        if make is not None:
            return make(name, input_shape, classes, options)
        function = own_code.load(module, name)
        return function(input_shape=tuple(input_shape), classes=classes, **options)

    wanted = f"images of shape {tuple(input_shape)} and {classes} classes{_with(options)}"
    return _built(reference, network, wanted)


def build_own(
    reference: str, input_shape: Sequence[int], classes: int | None, options: Mapping[str, Any]
) -> nn.Module:
    """Build a network of the user's own, by a function or class that takes what it likes.

    It is called with its options, and with input_shape and classes if it takes them. A module that is already there is
    taken as it is.

    Raises
    ------
    SparsetopoError
        If the network cannot be built, whatever its code raised, or it takes `classes`, which are None (a UsageError).
    """
    module, _, name = reference.partition(":")

    def network() -> Any:
        found = own_code.load(module, name)
        if isinstance(found, nn.Module):
            return found
        taken = _given_to(found, reference, tuple(input_shape), classes)
        return found(**taken, **options)

    return _built(reference, network, f"inputs of shape {tuple(input_shape)}{_with(options)}")


def _given_to(
    function: Callable[..., Any], reference: str, input_shape: tuple[int, ...], classes: int | None
) -> dict[str, Any]:
    """Those of input_shape and classes that a function takes by keyword."""
    parameters = inspect.signature(function).parameters
    takes_any = any(p.kind == p.VAR_KEYWORD for p in parameters.values())
    given = {"input_shape": input_shape, "classes": classes}
    taken = {key: value for key, value in given.items() if takes_any or key in parameters}
    if classes is None and "classes" in taken:
        if "classes" in parameters and parameters["classes"].default is inspect.Parameter.empty:
            raise UsageError(
                f"{reference} takes the number of classes; say how many: --classes 10 (classes=10)."
            )
        del taken["classes"]
    return taken


def _built(reference: str, make: Callable[[], Any], wanted: str) -> nn.Module:
    """Call foreign code, and put what it raises in one sentence."""
    with torch.random.fork_rng(devices=[]):
        try:
            network = make()
        except SparsetopoError:
            raise
        except Exception as error:
            raise SparsetopoError(
                f"{reference} cannot be built for {wanted}: {_reason(error)}"
            ) from error
    if not isinstance(network, nn.Module):
        raise SparsetopoError(
            f"{reference} gives a {type(network).__name__}, but must give a torch.nn.Module."
        )
    return network


def require_logits(
    network: nn.Module, reference: str, input_shape: Sequence[int], classes: int
) -> None:
    """Refuse a network that does not give one logit a class, in training and in evaluation.

    Batch norm counts the images it is tried with.
    """
    shape = tuple(input_shape)
    mode = network.training
    # Two in training: batch norm over a single value has no variance.
    for training, images in ((True, 2), (False, 1)):
        network.train(training)
        when = "training" if training else "evaluation"
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            try:
                output = network(torch.rand(images, *shape))
            except Exception as error:
                raise SparsetopoError(
                    f"{reference} cannot take images of shape {shape} in {when}: {_reason(error)}"
                ) from error
        if not isinstance(output, Tensor) or tuple(output.shape) != (images, classes):
            found = (
                f"a tensor of shape {tuple(output.shape)}"
                if isinstance(output, Tensor)
                else f"a {type(output).__name__}"
            )
            raise SparsetopoError(
                f"{reference} gives {found} for {images} images in {when}, but must give one tensor of "
                f"logits of shape ({images}, {classes}){_advice(output)}."
            )
    network.train(mode)


def _from_torchvision(
    name: str, input_shape: Sequence[int], classes: int, options: Mapping[str, Any]
) -> nn.Module:
    from torchvision.models import get_model

    sizes = {}
    for beginning, size in _TORCHVISION_SIZES.items():
        if name.startswith(beginning):
            sizes = size(*input_shape[1:])
    network: nn.Module = get_model(name, weights=None, num_classes=classes, **sizes | dict(options))
    return network


def _from_timm(
    name: str, input_shape: Sequence[int], classes: int, options: Mapping[str, Any]
) -> nn.Module:
    from timm import create_model

    given = {"num_classes": classes, "in_chans": input_shape[0], **options}
    try:
        return create_model(name, pretrained=False, **{"img_size": tuple(input_shape[1:]), **given})
    except TypeError as error:
        # Only networks that are built for one size take it.
        if "img_size" not in str(error) or "img_size" in options:
            raise
    return create_model(name, pretrained=False, **given)


def _with(options: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{key}: {value}" for key, value in options.items())
    return f" with {listed}" if listed else ""


def _reason(error: Exception) -> str:
    """An error of foreign code in one line: its kind, what it says, and where it was raised."""
    lines = (line.strip() for line in str(error).splitlines())
    said = next(filter(None, lines), "no message")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {said} ({Path(frame.filename).name}, line {frame.lineno})"


def _advice(output: Any) -> str:
    """What to do about torchvision's networks with a second classifier, which is for training alone."""
    fields = getattr(output, "_fields", ())
    return "; set aux_logits: false" if any(n.startswith("aux_logits") for n in fields) else ""
