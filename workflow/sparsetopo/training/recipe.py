"""How a network is trained: the numbers of the SGD recipe, validated. Free of torch."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args

from sparsetopo.errors import ConfigurationError

Augmentation = Literal["none", "crop-flip"]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class Recipe:
    """SGD with momentum, weight decay on every parameter, and a learning rate that falls in steps.

    Parameters
    ----------
    epochs
        Passes over the training images.
    batch_size
        Images a step; a last, smaller batch is kept.
    learning_rate
        Of the first epoch.
    momentum
        As in `torch.optim.SGD`, without dampening.
    weight_decay
        L2 coefficient added to the gradient of every parameter (biases and batch-norm too), as
        `torch.optim.SGD` does.
    milestones
        Finished epochs after which the learning rate is divided by `decay_factor`, ascending.
    decay_factor
        Divisor of the learning rate at each milestone.
    augmentation
        "crop-flip": random crop after zero padding of 4 pixels and random horizontal flip; "none".

    Raises
    ------
    ConfigurationError
        If a value is not valid; one sentence a fault.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float = 0.9
    weight_decay: float = 1e-4
    milestones: tuple[int, ...] = ()
    decay_factor: float = 10.0
    augmentation: Augmentation = "none"

    def __post_init__(self) -> None:
        if isinstance(self.milestones, list):
            object.__setattr__(self, "milestones", tuple(self.milestones))
        problems = self._problems()
        if problems:
            raise ConfigurationError([f"training recipe: {problem}" for problem in problems])
        # 1 and 1.0 are one recipe, and must have one record.
        for name in ("learning_rate", "momentum", "weight_decay", "decay_factor"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def _problems(self) -> list[str]:
        """Sentences on what is wrong, empty if nothing is."""
        problems = [
            f"{name} is {value!r}; it must be a whole number of at least 1."
            for name, value in (("epochs", self.epochs), ("batch_size", self.batch_size))
            if not _is_whole(value) or value < 1
        ]
        if not _is_real(self.learning_rate) or self.learning_rate <= 0:
            problems.append(
                f"learning_rate is {self.learning_rate!r}; it must be a number above 0."
            )
        if not _is_real(self.momentum) or not 0 <= self.momentum < 1:
            problems.append(
                f"momentum is {self.momentum!r}; it must be a number from 0 to below 1."
            )
        if not _is_real(self.weight_decay) or self.weight_decay < 0:
            problems.append(
                f"weight_decay is {self.weight_decay!r}; it must be a number of at least 0."
            )
        if not _is_real(self.decay_factor) or self.decay_factor < 1:
            problems.append(
                f"decay_factor is {self.decay_factor!r}; it must be a number of at least 1."
            )
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
        """Learning rate of an epoch, counted from 0."""
        passed = sum(milestone <= epoch for milestone in self.milestones)
        return self.learning_rate / self.decay_factor**passed

    def to_record(self) -> dict[str, Any]:
        """JSON-able record of every value; `from_record` reads it."""
        return asdict(self) | {"milestones": list(self.milestones)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Recipe":
        """Build a recipe from a record.

        Raises
        ------
        ConfigurationError
            If a key is unknown or missing, or a value is not valid.
        """
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
