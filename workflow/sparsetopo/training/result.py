"""What a training run yields besides the weights. Free of torch."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["finished", "diverged"]


@dataclass(frozen=True)
class TrainingResult:
    """Outcome of a training run."""

    status: Status  # "diverged" if the loss became infinite or NaN; training ends with that epoch
    accuracy: float  # share of the test images classified correctly after the last epoch run, 0..1
    best_accuracy: (
        float  # the largest after any evaluated epoch; recorded, never used to choose weights
    )
    history: list[dict[str, Any]]  # one record of `epoch_record` for each epoch run

    @classmethod
    def of(cls, history: list[dict[str, Any]]) -> "TrainingResult":
        """Return the outcome of a run with this history.

        Examples
        --------
        >>> history = [epoch_record(n, 0.1, 2.0, (2.0, n / 10)) for n in (0, 4, 3)]
        >>> TrainingResult.of(history).best_accuracy
        0.4
        """
        accuracies = [record["accuracy"] for record in history if "accuracy" in record]
        status: Status = "diverged" if has_diverged(history) else "finished"
        return cls(status, accuracies[-1], max(accuracies), history)


def epoch_record(
    epoch: int, learning_rate: float, loss: float, test: tuple[float, float] | None
) -> dict[str, Any]:
    """Record an epoch (counted from 0 here, from 1 in the record) as JSON can hold it.

    The loss is the mean over the training images, measured while training; `test` are the loss and the accuracy on the
    test images, None where they were not evaluated, of which the record then has no keys. A loss that is not finite
    becomes None.
    """
    record = {
        "epoch": epoch + 1,
        "learning_rate": learning_rate,
        "loss": loss if math.isfinite(loss) else None,
    }
    if test is None:
        return record
    test_loss, accuracy = test
    return record | {
        "test_loss": test_loss if math.isfinite(test_loss) else None,
        "accuracy": accuracy,
    }


def has_diverged(history: list[dict[str, Any]]) -> bool:
    """Whether a loss of the last epoch was not finite."""
    return bool(history) and None in (history[-1]["loss"], history[-1].get("test_loss", 0.0))


@dataclass(frozen=True)
class EpochProgress:
    """What a progress callback is told after each epoch; `str` of it is a progress line.

    Examples
    --------
    >>> print(EpochProgress(2, 5, 0.75, 0.8, 1234.5))
    epoch 2/5: loss 0.7500, test accuracy 80.00%, 1234 images/s
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float | None  # on the test images, where they were evaluated
    images_per_second: float

    def __str__(self) -> str:
        accuracy = "" if self.accuracy is None else f"test accuracy {self.accuracy:.2%}, "
        return (
            f"epoch {self.epoch}/{self.epochs}: loss {self.loss:.4f}, {accuracy}"
            f"{self.images_per_second:.0f} images/s"
        )


Progress = Callable[[EpochProgress], None]
