"""How a network is trained: the validated numbers of the SGD recipe. Free of torch."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args

from sparsetopo.errors import ConfigurationError

Augmentation = Literal["none", "crop-flip"]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


# What each number must be.
_VALID: dict[str, tuple[Callable[[Any], bool], str]] = {
    "epochs": (lambda n: _is_whole(n) and n >= 1, "whole number of at least 1"),
    "batch_size": (lambda n: _is_whole(n) and n >= 1, "whole number of at least 1"),
    "learning_rate": (lambda x: _is_real(x) and x > 0, "number above 0"),
    "momentum": (lambda x: _is_real(x) and 0 <= x < 1, "number from 0 to below 1"),
    "weight_decay": (lambda x: _is_real(x) and x >= 0, "number of at least 0"),
    "decay_factor": (lambda x: _is_real(x) and x >= 1, "number of at least 1"),
    "evaluate_every": (lambda n: _is_whole(n) and n >= 1, "whole number of at least 1"),
}


@dataclass(frozen=True)
class Recipe:
    """SGD with momentum, weight decay on every parameter, and a learning rate that falls in steps.

    A ConfigurationError has one sentence for each value that is not valid.

    Examples
    --------
    >>> recipe = Recipe(epochs=160, batch_size=128, learning_rate=0.1, milestones=(80, 120))
    >>> [round(recipe.learning_rate_at(epoch), 3) for epoch in (0, 80, 120)]
    [0.1, 0.01, 0.001]
    """

    epochs: int  # passes over the training images
    batch_size: int  # images per step; a last, smaller batch is kept
    learning_rate: float  # in the first epoch
    momentum: float = 0.9  # as in `torch.optim.SGD`, without dampening
    weight_decay: float = 1e-4  # L2 coefficient, for biases and batch-norm too
    milestones: tuple[int, ...] = ()  # numbers of finished epochs, ascending
    decay_factor: float = 10.0  # divisor of the learning rate at each milestone
    augmentation: Augmentation = "none"  # "crop-flip": random crops (`draws.PADDING`) and flips
    evaluate_every: int = (
        1  # epochs from one evaluation on the test images to the next; the last is evaluated anyway
    )

    def __post_init__(self) -> None:
        if isinstance(self.milestones, list):
            object.__setattr__(self, "milestones", tuple(self.milestones))
        problems = self._problems()
        if problems:
            raise ConfigurationError([f"training recipe: {problem}" for problem in problems])
        # 1 and 1.0 are the same recipe and must give the same record.
        for name in ("learning_rate", "momentum", "weight_decay", "decay_factor"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def _problems(self) -> list[str]:
        """Sentences on what is wrong, empty if nothing is."""
        problems = [
            f"{name} is {getattr(self, name)!r}; it must be a {what}."
            for name, (is_valid, what) in _VALID.items()
            if not is_valid(getattr(self, name))
        ]
        if self.augmentation not in get_args(Augmentation):
            known = ", ".join(get_args(Augmentation))
            problems.append(f"augmentation is {self.augmentation!r}; known: {known}.")
        if not problems and not self._milestones_are_valid():
            problems.append(
                f"milestones are {self.milestones!r}; with {self.epochs} epochs they must be whole "
                f"numbers, ascending, above 0 and below {self.epochs}."
            )
        return problems

    def _milestones_are_valid(self) -> bool:
        if not isinstance(self.milestones, tuple) or not all(map(_is_whole, self.milestones)):
            return False
        bounds = (0, *self.milestones, self.epochs)
        return all(first < second for first, second in pairwise(bounds))

    def learning_rate_at(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        passed = sum(milestone <= epoch for milestone in self.milestones)
        return self.learning_rate / self.decay_factor**passed

    def is_evaluated(self, epoch: int) -> bool:
        """Whether the network is evaluated after an epoch, counted from 0."""
        return (epoch + 1) % self.evaluate_every == 0 or epoch + 1 == self.epochs

    def to_record(self) -> dict[str, Any]:
        """Return a JSON-able record of every value, which `from_record` reads.

        A network that is evaluated after each epoch has the record that it had before one could choose, so that what
        was trained then need not be trained again.
        """
        record = asdict(self) | {"milestones": list(self.milestones)}
        if self.evaluate_every == 1:
            del record["evaluate_every"]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Recipe":
        """Build a recipe from a record; a ConfigurationError names every key that is wrong."""
        known = [field.name for field in fields(cls)]
        required = known[:3]  # the fields without a default
        problems = [
            f"training recipe: unknown key '{key}'; known keys: {', '.join(known)}."
            for key in record
            if key not in known
        ] + [
            f"training recipe: '{key}' is missing; it has no default."
            for key in required
            if key not in record
        ]
        if problems:
            raise ConfigurationError(problems)
        return cls(**record)
