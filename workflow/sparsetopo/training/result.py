"""What a training run yields besides the weights. Free of torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["finished", "diverged"]


@dataclass(frozen=True)
class TrainingResult:
    """Outcome of a training run.

    Parameters
    ----------
    status
        "diverged" if the loss became infinite or NaN; training ends with that epoch.
    accuracy
        Share of the test images classified correctly after the last epoch run, 0..1.
    best_accuracy
        The largest after any epoch; recorded, never used to choose weights.
    history
        One record an epoch run: epoch (counted from 1), learning_rate, loss (mean over the training
        images, measured while training), test_loss, accuracy. A loss that is not finite is None.
    """

    status: Status
    accuracy: float
    best_accuracy: float
    history: list[dict[str, Any]]


@dataclass(frozen=True)
class EpochProgress:
    """What a progress callback is told after each epoch; `str` of it is a progress line."""

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    images_per_second: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}/{self.epochs}: loss {self.loss:.4f}, "
            f"test accuracy {self.accuracy:.2%}, {self.images_per_second:.0f} images/s"
        )


Progress = Callable[[EpochProgress], None]
