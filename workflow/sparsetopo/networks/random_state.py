"""torch's random generators, which layers such as dropout draw from: their states and seeds."""

import contextlib
import threading
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

RandomStates = list[tuple[torch.Generator, Tensor]]

SEEDED_BY_ONE = threading.RLock()
"""Held while torch's generators, which all threads share, are seeded and then put back: two that did so at once would
draw each other's numbers, and the last to end would put back the other's state."""


def generators(tensors: Iterable[Tensor]) -> list[torch.Generator]:
    """Torch's default generators of the CPU and of every GPU that a tensor lies on."""
    gpus = {tensor.device.index for tensor in tensors if tensor.device.type == "cuda"}
    return [torch.default_generator, *(torch.cuda.default_generators[gpu] for gpu in sorted(gpus))]


def seed_torch(tensors: Iterable[Tensor], random: np.random.Generator) -> None:
    """Seed the `generators` of some tensors with a number drawn from a NumPy generator.

    Examples
    --------
    >>> import torch
    >>> from sparsetopo import seeding
    >>> draws = []
    >>> for _ in range(2):
    ...     seed_torch([torch.zeros(1)], seeding.generator("layer noise", 0))
    ...     draws.append(torch.rand(3))
    >>> torch.equal(*draws)
    True
    """
    seed = int(random.integers(2**63))
    # Not torch.manual_seed, which seeds every GPU of the machine.
    for generator in generators(tensors):
        generator.manual_seed(seed)


def random_states(tensors: Iterable[Tensor]) -> RandomStates:
    """The `generators` of some tensors, with their present states."""
    return [(generator, generator.get_state()) for generator in generators(tensors)]


def set_random_states(states: RandomStates) -> None:
    """Put generators back to the states of `random_states`."""
    for generator, state in states:
        generator.set_state(state)


@contextlib.contextmanager
def replayed(states: RandomStates) -> Iterator[None]:
    """Draw the random numbers that followed some states again, then go on as before the block."""
    present = [(generator, generator.get_state()) for generator, _ in states]
    set_random_states(states)
    try:
        yield
    finally:
        set_random_states(present)
