"""Training images/s in every arithmetic, as a ratio to a plain DataLoader loop in the same run.

The network has a random mask of sparsity 0.9, as nearly all networks of a study have; the images are random, 32x32 pixels.
The plain loop is what a tutorial has (tests/unit/training/plain_loop.py), on a GPU with torch's defaults: convolutions in TF32.
It is taken with no worker and with several, and the faster one counts. A speed only counts if the loss is that of float32.
"""

import importlib.util
import math
import os
from collections.abc import Callable, Iterator
from statistics import median

import torch
from tests.benchmarks.gpu.sizes import Size
from tests.benchmarks.gpu.verdicts import MEASURED, SKIPPED, Row
from tests.benchmarks.training import arms, ours, plain, random_dataset, random_mask

from sparsetopo.errors import ConfigurationError
from sparsetopo.training.result import EpochProgress

# Nats; training on random labels ends near ln 10 = 2.3 in every arithmetic.
_LOSS = 0.2
# Seconds that a network may take to compile; less time left, and it is skipped.
_COMPILATION = 90
_FASTER = "at least the plain loop"


def check_speed(
    size: Size, device: torch.device, seconds_left: Callable[[], float]
) -> Iterator[Row]:
    """Measure every arithmetic; only float32, not compiled, must not be slower than the plain loop, and only on a GPU."""
    name, dataset = size.speed_architecture, random_dataset(size.speed_images)
    mask = random_mask(name, 0.9)
    warm_up = device.type == "cuda"  # a GPU loads its programs when they are first needed
    reference = None
    missing = [
        module for module in ("torchvision", "PIL") if importlib.util.find_spec(module) is None
    ]
    if missing:
        yield Row(SKIPPED, "speed of a plain loop", f"there is no {' and no '.join(missing)}")
    else:
        workers = (0, max(2, min(8, (os.cpu_count() or 1) - 1)))
        speeds = {
            count: median(
                plain(name, dataset, mask, device.type, count, size.speed_epochs, warm_up)
            )
            for count in workers
        }
        reference = max(speeds.values())
        for count, speed in speeds.items():
            yield Row(MEASURED, f"plain loop, {count} workers", f"{speed:,.0f} images/s")
    loss = math.nan
    for label, arithmetic in arms(device.type, size.compiles).items():
        check = f"speed in {label}"
        if arithmetic.compile and seconds_left() < _COMPILATION:
            yield Row(
                SKIPPED,
                check,
                f"{seconds_left():.0f} s are left, compiling may take {_COMPILATION}",
            )
            continue
        try:
            epochs = ours(
                name, dataset, mask, arithmetic, size.speed_epochs, arithmetic.compile or warm_up
            )
        except ConfigurationError as error:
            if not str(error).startswith(("compute.compile", "compute.precision")):
                raise
            yield Row(SKIPPED, check, str(error).removeprefix("compute.compile: is true, but "))
            continue
        loss = epochs[-1].loss if label == "float32" else loss
        must = _FASTER if label == "float32" and device.type == "cuda" else ""
        yield judged(check, epochs, loss, reference, must)


def judged(
    check: str, epochs: list[EpochProgress], loss: float, reference: float | None, must: str
) -> Row:
    """The row of an arithmetic."""
    apart = abs(epochs[-1].loss - loss)
    if not apart <= _LOSS:
        found = f"its loss {epochs[-1].loss:.3f} is not float32's {loss:.3f}"
        return Row.of(False, check, found, f"at most {_LOSS} apart")
    speed = median([epoch.images_per_second for epoch in epochs])
    found = f"{speed:,.0f} images/s"
    if reference is None:
        return Row(MEASURED, check, found)
    found += f", {speed / reference:.2f} of the plain loop"
    return Row.of(speed >= reference, check, found, must) if must else Row(MEASURED, check, found)
