"""Training on a device reaches what the CPU reaches, dense and at SNIP 0.9.

Rounding is amplified by training until two runs of one seed are as far apart as two seeds. So what is compared is the mean
accuracy over seeds, and what may differ follows from the spread over the CPU's seeds. The loss of the first epoch, before
rounding has grown, is compared seed by seed: `FIRST_LOSS` is ten times what was seen on a CPU when the initial weights
were multiplied by 1 + 1e-7 * noise.
"""

import math
import statistics
from collections.abc import Iterator, Mapping

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

KINDS = ("dense", "SNIP 0.9")
FIRST_LOSS = 0.05
# Standard errors of the difference of two means that it may be: one check of 16,000 fails by chance if the spread
# were known; it is estimated from a few seeds, so more like one of a hundred.
_ERRORS = 4.0
Runs = dict[str, list[dict[str, float]]]  # of each kind, for every seed: "accuracy", "first_loss"


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
            mask = prune(model, "snip", "0.9", TrainingPart(dataset), seed, stream_labels=labels)
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
    found: Runs = {}
    for kind in KINDS:
        for seed in range(size.seeds):
            _, result = trained(kind, size, dataset, seed, device)
            first_loss = result.history[0]["loss"]
            found.setdefault(kind, []).append(
                {
                    "accuracy": result.accuracy,
                    "first_loss": math.inf if first_loss is None else first_loss,
                }
            )
    return found


def allowed_difference(expected: Mapping[str, list[dict[str, float]]], test_images: int) -> float:
    """How far mean accuracies over as many seeds may be apart.

    The spread over seeds is pooled over the kinds, and taken no smaller than that of drawing the test images.
    """
    accuracies = [[run["accuracy"] for run in kind] for kind in expected.values()]
    mean = statistics.fmean(accuracy for kind in accuracies for accuracy in kind)
    variance = statistics.fmean(statistics.variance(kind) for kind in accuracies)
    spread = math.sqrt(max(variance, mean * (1 - mean) / test_images))
    return _ERRORS * spread * math.sqrt(2 / len(accuracies[0]))


def compared(expected: Runs, found: Runs, test_images: int) -> Iterator[Row]:
    """Rows that say how far training is from that on the CPU."""
    allowed = allowed_difference(expected, test_images)
    for kind, runs_here in found.items():
        pairs = list(zip(expected[kind], runs_here, strict=True))
        losses = max(abs(there["first_loss"] - here["first_loss"]) for there, here in pairs)
        yield Row.of(
            losses <= FIRST_LOSS,
            f"{kind}: loss of the first epoch",
            f"at most {losses:.4f} apart over seeds",
            f"at most {FIRST_LOSS:g}",
        )
        there, here = (
            statistics.fmean(r["accuracy"] for r in side) for side in zip(*pairs, strict=True)
        )
        yield Row.of(
            abs(here - there) <= allowed,
            f"{kind}: accuracy over {len(pairs)} seeds",
            f"{here:.1%}, on the CPU {there:.1%}",
            f"at most {allowed:.1%} apart",
        )


def check_learning(
    size: Size, dataset: PreparedDataset, expected: Runs, device: torch.device
) -> Iterator[Row]:
    """Train on the device and compare with the CPU's runs."""
    yield from compared(expected, runs(size, dataset, device), len(dataset.test_labels))
