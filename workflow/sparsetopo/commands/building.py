"""The network that a command names: one of ours, of torchvision, of timm, or of the user's own code."""

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sparsetopo import seeding
from sparsetopo.architectures import ARCHITECTURES, build
from sparsetopo.architectures.foreign import build_own
from sparsetopo.architectures.own_code import function_problems
from sparsetopo.architectures.packages import PACKAGES
from sparsetopo.architectures.references import HINT, is_reference, reference_problems
from sparsetopo.architectures.usual_inputs import usual_classes, usual_input_shape
from sparsetopo.commands.options import NetworkOptions
from sparsetopo.errors import SparsetopoError, UsageError, unknown_name
from sparsetopo.networks.random_state import (
    SEEDED_BY_ONE,
    random_states,
    seed_torch,
    set_random_states,
)

if TYPE_CHECKING:
    from torch import nn

_SAID_ELSEWHERE = {
    "num_classes": "--classes (classes)",
    "classes": "--classes (classes)",
    "in_chans": "--input (input_shape)",
    "input_shape": "--input (input_shape)",
}
"""Options of networks that commands have words of their own for."""


def built(
    model: "str | nn.Module", **how: Unpack[NetworkOptions]
) -> "tuple[str, nn.Module, tuple[int, ...]]":
    """Name, module and input shape of a network.

    Raises
    ------
    UsageError
        If there is no network of that name, or a word that it needs is missing.
    SparsetopoError
        If it cannot be built.

    Examples
    --------
    >>> name, module, shape = built("Resnet-20", input_shape=(3, 32, 32), classes=10)
    >>> name, type(module).__name__, shape
    ('Resnet-20', 'CifarResNet', (3, 32, 32))
    """
    shape = how.get("input_shape")
    if not isinstance(model, str):
        if shape is None:
            raise UsageError("input_shape is missing: a module does not say what it takes.")
        return type(model).__name__, model, tuple(shape)
    options = dict(how.get("options") or {})
    is_own = is_reference(model) and model.partition(":")[0] not in PACKAGES
    _require_name(model, options, is_own)
    shape = shape or usual_input_shape(model)
    if shape is None:
        raise UsageError(
            f"{model} does not say what inputs it is for; say it: --input 3x32x32 (input_shape=(3, 32, 32))."
        )
    classes = how.get("classes") or usual_classes(model)
    if classes is None and not is_own:
        raise UsageError(
            f"{model} takes any number of classes; say how many: --classes 10 (classes=10)."
        )
    with _seeded(how.get("seed", 0)):
        return model, _network(model, shape, classes, options, is_own), tuple(shape)


def _require_name(model: str, options: Mapping[str, Any], is_own: bool) -> None:
    """UsageError if it can be seen, without importing anything, that there is no such network or option."""
    if not is_reference(model):
        if model not in ARCHITECTURES:
            wrong = unknown_name("network", model, sorted(ARCHITECTURES))
            raise UsageError(wrong if wrong.endswith("?") else f"{wrong}; {HINT}.")
        faults = ARCHITECTURES[model].option_problems(options)
    elif is_own:
        module, _, function = model.partition(":")
        faults = function_problems(module, function, options, in_study=False)
    else:
        faults = reference_problems(model, options)
    for option, fault in faults:
        if option in _SAID_ELSEWHERE and option in options:
            fault = f"cannot be given as an option; it follows from {_SAID_ELSEWHERE[option]}"
        end = "" if fault.endswith("?") else "."
        raise UsageError(f"{model}: {option}: {fault}{end}" if option else f"{model}: {fault}{end}")


def _network(
    model: str, shape: Sequence[int], classes: int | None, options: Mapping[str, Any], is_own: bool
) -> "nn.Module":
    if is_own:
        return build_own(model, shape, classes, options)
    if len(shape) != 3:
        raise SparsetopoError(
            f"{model} takes images, so its input shape must be (channels, height, width), not {tuple(shape)}."
        )
    return build(model, shape, classes or 0, options)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed every generator that a network's code may draw from for the length of a block; nobody knows which it is."""
    with SEEDED_BY_ONE:
        states, python, numpy = random_states([]), random.getstate(), np.random.get_state()  # noqa: NPY002
        stream = seeding.generator("initial weights of a command", seed)
        seed_torch([], stream)
        np.random.seed(int(stream.integers(2**32)))  # noqa: NPY002
        random.seed(int(stream.integers(2**32)))
        try:
            yield
        finally:
            set_random_states(states)
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
