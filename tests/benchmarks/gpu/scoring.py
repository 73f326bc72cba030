"""Scores and masks of the four algorithms that differentiate, on a device and on the CPU.

Each is scored in float32, as a study does, and on a few images in float64, where rounding hardly shows: if the first
differs and the second does not, it is rounding and no mistake. (SynFlow always computes in float64.)

What may differ (`TOLERANCES`) is chosen from what rounding does on a CPU. Resnet-20 on 2,000 images of CIFAR-10: distance of
the scores relative to their norm, and kept weights that are other ones, of 27,090 at sparsity 0.9 and of 5,418 at 0.98:

| compared with the scores as they are | SNIP | GraSP | ProsPR |
|---|---|---|---|
| convolutions by torch's own code in place of oneDNN's | 0.003, 52, 15 | 0.006, 102, 20 | 2.2, 5458, 1160 |
| images times 1 + 1e-7 * normal noise | 0.001, 10, 6 | 0.002, 39, 5 | 0.5, 6424, 1413 |
| images times 1 + 5e-4 * normal noise, TF32's rounding | 0.05, 1004, 281 | 0.13, 2179, 499 | 0.7, 6348, 1266 |
| float64, 16 images, times 1 + 1e-15 * normal noise | 7e-15, 0, 0 | 1e-14, 0, 0 | 9e-12, 0, 0 |

So 0.02 and 98 % tell float32 from TF32 with SNIP and GraSP. ProsPR in float32 is mostly rounding, its largest scores entirely:
only its masks are judged, loosely, and float64 says whether the algorithm is right. Masks drawn independently would share
a tenth, or a fiftieth, of their weights.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tests.benchmarks.gpu.sizes import Size
from tests.benchmarks.gpu.verdicts import MEASURED, Row

from sparsetopo.architectures.resnet import CifarResNet
from sparsetopo.datasets.prepared import PreparedDataset, TrainingPart
from sparsetopo.networks.arrays import to_arrays
from sparsetopo.networks.determinism import deterministic_algorithms
from sparsetopo.networks.initialise import initialise
from sparsetopo.pruning import ALGORITHMS, Scores, is_single_shot, prune, score
from sparsetopo.pruning.arguments import make_problem

SPARSITIES = ("0.9", "0.98")
Found = dict[str, NDArray]  # "scores" (N,), and for each sparsity its mask (N,) over all layers


@dataclass(frozen=True)
class Tolerance:
    """How far a device may be from the CPU."""

    distance: float | None  # of the scores, relative to their norm; None: says nothing
    agreement: float  # smallest share of the CPU's kept weights that the device keeps too


TOLERANCES = {
    ("snip", "float32"): Tolerance(0.02, 0.98),
    ("grasp", "float32"): Tolerance(0.02, 0.98),
    ("prospr", "float32"): Tolerance(None, 0.6),
    ("snip", "float64"): Tolerance(1e-9, 0.999),
    ("grasp", "float64"): Tolerance(1e-9, 0.999),
    ("prospr", "float64"): Tolerance(1e-6, 0.999),
    ("synflow", "float64"): Tolerance(1e-9, 0.999),
}


def network(size: Size, dataset: PreparedDataset, seed: int) -> torch.nn.Module:
    """The network of a seed, at its initial weights."""
    model = CifarResNet(dataset.input_shape[0], dataset.classes, size.blocks_per_stage)
    initialise(model, *size.labels(seed))
    return model


def scored(
    algorithm: str, precision: str, size: Size, dataset: PreparedDataset, device: torch.device
) -> Found:
    """Score the network of seed 0 by one algorithm, and prune it, on a device."""
    if precision == "float64" and ALGORITHMS[algorithm].load().NEEDS == "data":
        dataset = first_images(dataset, size.exact_images)
    model = network(size, dataset, 0).to(device, getattr(torch, precision))
    data, labels = TrainingPart(dataset), size.labels(0)[:2]
    with deterministic_algorithms(device):
        if is_single_shot(algorithm):
            scores = score(model, algorithm, data, 0, stream_labels=labels)
            masks = {sparsity: scores.mask(sparsity) for sparsity in SPARSITIES}
        else:
            masks = {
                sparsity: prune(model, algorithm, sparsity, data, 0, stream_labels=labels)
                for sparsity in SPARSITIES
            }
            problem = make_problem(model, algorithm, None, data, 0, None, None, labels, {})
            arrays = to_arrays(ALGORITHMS[algorithm].load().scores(problem))
            scores = Scores(arrays, algorithm=algorithm)
    return {"scores": _flat(scores)} | {name: _flat(mask) for name, mask in masks.items()}


def first_images(dataset: PreparedDataset, count: int) -> PreparedDataset:
    """The data set with only its first training images, normalised as before."""
    return dataclasses.replace(
        dataset,
        train_images=dataset.train_images[:count],
        train_labels=dataset.train_labels[:count],
    )


def compared(check: str, expected: Found, found: Found, tolerance: Tolerance) -> Iterator[Row]:
    """Rows that say how far scores and masks are from those of the CPU."""
    reference = expected["scores"].astype(np.float64)
    distance = np.linalg.norm(found["scores"] - reference) / np.linalg.norm(reference)
    name, apart = f"{check}: scores", f"{distance:.1e} of the norm apart"
    if tolerance.distance is None and np.isfinite(distance):
        yield Row(MEASURED, name, apart)
    else:
        allowed = tolerance.distance or 0.0
        yield Row.of(bool(distance <= allowed), name, apart, f"at most {allowed:g}")
    for sparsity in SPARSITIES:
        kept = int(expected[sparsity].sum())
        shared = int((expected[sparsity] & found[sparsity]).sum())
        yield Row.of(
            shared >= tolerance.agreement * kept,
            f"{check}: mask at {sparsity}",
            f"{shared:,} of {kept:,} weights shared",
            f"at least {tolerance.agreement:.1%}",
        )


def check_scores(
    size: Size, dataset: PreparedDataset, expected: Mapping[str, Found], device: torch.device
) -> Iterator[Row]:
    """Compare every algorithm with the CPU."""
    for (algorithm, precision), tolerance in TOLERANCES.items():
        found = scored(algorithm, precision, size, dataset, device)
        name = f"{algorithm}, {precision}"
        yield from compared(name, expected[name], found, tolerance)


def expected_scores(size: Size, dataset: PreparedDataset) -> dict[str, Found]:
    """What `check_scores` compares with, by the name of the check."""
    cpu = torch.device("cpu")
    return {
        f"{algorithm}, {precision}": scored(algorithm, precision, size, dataset, cpu)
        for algorithm, precision in TOLERANCES
    }


def _flat(arrays: Mapping[str, NDArray]) -> NDArray:
    return np.concatenate([array.ravel() for array in arrays.values()])
