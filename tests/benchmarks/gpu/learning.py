"""Training on a device reaches what the CPU reaches, dense and at SNIP 0.9.

Rounding is amplified by training until two runs of one seed are as far apart as two seeds. So what is compared is the mean
accuracy over seeds, and what may differ follows from the spread over the CPU's seeds. In steps a hundredth as long, rounding
does not grow: the loss of an epoch of such steps is compared seed by seed, and shows whether images, crops, order, masks and
updates are the same. It is taken with masks of ERK, which are the same everywhere: with SNIP's, the few weights that rounding
exchanges change it by a hundredth.

Measured on a CPU, Resnet-20 on 2,000 images of CIFAR-10, seeds 0, 1 and 2. Accuracies after ten epochs: dense 41.0, 43.2 and
38.1 %, SNIP 0.9 40.0, 41.5 and 34.8 %; so the spread is 3.1 %, and means of three seeds may be 10 % apart. Losses in small
steps, with convolutions by torch's own code in place of oneDNN's: dense 0.00002 and 0.0002 off (seeds 0 and 1), ERK 0.9
0.0001, 0.0009 and 0.0005. With a learning rate a fifth larger: 0.043, 0.057 and 0.055; without crops and flips: 0.009, 0.035
and 0.001.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import fmean, variance

import torch
from tests.benchmarks.gpu.scoring import network
from tests.benchmarks.gpu.sizes import Size
from tests.benchmarks.gpu.verdicts import Row

from sparsetopo.datasets.prepared import PreparedDataset, TrainingPart
from sparsetopo.networks.determinism import deterministic_algorithms
from sparsetopo.pruning import prune
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.result import TrainingResult
from sparsetopo.training.train import train

KINDS = ("dense", "SNIP 0.9")  # of which accuracies are compared
EXACT_KINDS = ("dense", "ERK 0.9")  # of which losses are
SMALL_STEPS = 0.001  # learning rate
LOSS = 0.005  # nats
# Standard errors of the difference of two means that it may be: one check of 16,000 fails by chance if the spread
# were known; it is estimated from a few seeds, so more like one of a hundred.
_ERRORS = 4.0
Values = dict[str, list[float]]  # of each kind, for every seed


@dataclass(frozen=True)
class Runs:
    """What training came to on one device."""

    accuracies: Values
    losses: Values  # in small steps


def trained(
    kind: str,
    size: Size,
    dataset: PreparedDataset,
    seed: int,
    device: torch.device,
    recipe: Recipe | None = None,
) -> tuple[torch.nn.Module, TrainingResult]:
    """Prune, if it is no dense network, and train, as the stages of a study do."""
    model = network(size, dataset, seed).to(device)
    mask = None
    if kind != "dense":
        with deterministic_algorithms(device):
            labels = size.labels(seed)[:2]
            data, algorithm = TrainingPart(dataset), kind.split()[0].lower()
            mask = prune(model, algorithm, "0.9", data, seed, stream_labels=labels)
    result = train(
        model,
        dataset,
        recipe or size.recipe,
        size.labels(seed),
        mask,
        arithmetic=Arithmetic(device.type),
    )
    return model, result


def runs(size: Size, dataset: PreparedDataset, device: torch.device) -> Runs:
    """Train every kind with every seed."""
    small = replace(size.recipe, epochs=1, milestones=(), learning_rate=SMALL_STEPS)
    found = Runs({}, {})
    for seed in range(size.seeds):
        for kind in EXACT_KINDS:
            loss = trained(kind, size, dataset, seed, device, small)[1].history[0]["loss"]
            found.losses.setdefault(kind, []).append(math.inf if loss is None else loss)
        for kind in KINDS:
            accuracy = trained(kind, size, dataset, seed, device)[1].accuracy
            found.accuracies.setdefault(kind, []).append(accuracy)
    return found


def allowed_difference(accuracies: Values, test_images: int) -> float:
    """How far mean accuracies over as many seeds may be apart.

    The spread over seeds is pooled over the kinds, and taken no smaller than that of drawing the test images.
    """
    mean = fmean(accuracy for kind in accuracies.values() for accuracy in kind)
    spread = max(fmean(map(variance, accuracies.values())), mean * (1 - mean) / test_images)
    return _ERRORS * math.sqrt(spread * 2 / len(next(iter(accuracies.values()))))


def compared(expected: Runs, found: Runs, test_images: int) -> Iterator[Row]:
    """Rows that say how far training is from that on the CPU."""
    for kind, losses in found.losses.items():
        apart = [abs(e - f) for e, f in zip(expected.losses[kind], losses, strict=True)]
        check, said = f"{kind}: loss in small steps", f"{max(apart):.5f} apart at most, over seeds"
        yield Row.of(all(loss <= LOSS for loss in apart), check, said, f"at most {LOSS:g}")
    allowed = allowed_difference(expected.accuracies, test_images)
    for kind, accuracies in found.accuracies.items():
        here, there = fmean(accuracies), fmean(expected.accuracies[kind])
        yield Row.of(
            abs(here - there) <= allowed,
            f"{kind}: accuracy over {len(accuracies)} seeds",
            f"{here:.1%}, on the CPU {there:.1%}",
            f"at most {allowed:.1%} apart",
        )


def check_learning(
    size: Size, dataset: PreparedDataset, expected: Runs, device: torch.device
) -> Iterator[Row]:
    """Train on the device and compare with the CPU's runs."""
    yield from compared(expected, runs(size, dataset, device), len(dataset.test_labels))
