"""The network that a command names: one of ours, of torchvision, of timm, or of the user's own code."""

import contextlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sparsetopo import seeding
from sparsetopo.architectures import ARCHITECTURES, build
from sparsetopo.architectures.references import HINT, is_reference
from sparsetopo.architectures.usual_inputs import usual_classes, usual_input_shape
from sparsetopo.commands.options import NetworkOptions, UsageError
from sparsetopo.errors import unknown_name
from sparsetopo.networks.random_state import random_states, seed_torch, set_random_states

if TYPE_CHECKING:
    from torch import nn


def built(
    model: "str | nn.Module", **how: Unpack[NetworkOptions]
) -> "tuple[str, nn.Module, tuple[int, ...]]":
    """Name, module and input shape of a network."""
    shape = how.get("input_shape")
    if not isinstance(model, str):
        if shape is None:
            raise UsageError("input_shape is missing: a module does not say what it takes.")
        return type(model).__name__, model, tuple(shape)
    if not is_reference(model) and model not in ARCHITECTURES:
        wrong = unknown_name("network", model, sorted(ARCHITECTURES))
        raise UsageError(wrong if wrong.endswith("?") else f"{wrong}; {HINT}.")
    shape = shape or usual_input_shape(model)
    if shape is None:
        raise UsageError(
            f"{model} takes inputs of more than one size; say which: --input 3x32x32 (input_shape=(3, 32, 32))."
        )
    classes = how.get("classes") or usual_classes(model)
    if classes is None:
        raise UsageError(
            f"{model} takes any number of classes; say how many: --classes 10 (classes=10)."
        )
    with _seeded(how.get("seed", 0)):
        return model, build(model, shape, classes, how.get("options")), tuple(shape)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed every generator that a network's code may draw from for the length of a block; nobody knows which it is."""
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
