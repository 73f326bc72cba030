"""Training images/s, ours against a plain DataLoader loop in the same run: the table of docs/training.md.

The plain loop (tests/unit/training/plain_loop.py) is what a tutorial has: PIL images through torchvision's crop, flip,
ToTensor and Normalize, torch.optim.SGD, the mask multiplied on after each step. Both take the same random
images, 32x32 pixels of 10 classes, batch 128. Rounds alternate between the two; the first is not counted. Printed are
median images/s and, for ours, the median and range over the rounds of the ratio to the faster plain loop of that round.

    python -m tests.benchmarks.training [cpu|cuda] [--images N] [--rounds N] [--compile] [--networks NAME ...]
"""

import argparse
import dataclasses
import statistics
import time

import numpy as np
import torch
from torch.utils.data import DataLoader

from sparsetopo.architectures import build
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.networks.initialise import initialise
from sparsetopo.networks.prunable import prunable_parameters
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.result import EpochProgress
from sparsetopo.training.train import train

NETWORKS = ("Resnet-20", "Resnet-32", "Wide-Resnet-28-2", "Conv-6")
RECIPE = Recipe(1, 128, 0.01, augmentation="crop-flip")


def random_dataset(images: int) -> PreparedDataset:
    random = np.random.default_rng(0)
    parts = [
        (random.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), random.integers(0, 10, n))
        for n in (images, 128)
    ]
    return PreparedDataset.from_arrays("noise", *parts, 10)


def network(name: str) -> torch.nn.Module:
    model = build(name, (3, 32, 32), 10)
    initialise(model, "noise", name, 0)
    return model


def random_mask(name: str, sparsity: float) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    weights = prunable_parameters(network(name))
    return {n: random.random(tuple(w.shape)) >= sparsity for n, w in weights.items()}


def ours(name, dataset, mask, arithmetic, epochs=1, warm_up=None) -> list[EpochProgress]:
    """The counted epochs' loss, and images/s of their steps, without evaluation, as the progress line reports it."""
    reports = []
    # The first epoch of a compiled run contains its compilation.
    uncounted = int(arithmetic.compile if warm_up is None else warm_up)
    train(
        network(name),
        dataset,
        dataclasses.replace(RECIPE, epochs=epochs + uncounted),
        order_labels=("noise", name, 0),
        mask=mask,
        arithmetic=arithmetic,
        progress=reports.append,
    )
    return reports[uncounted:]


def plain(name, dataset, mask, device, workers, epochs=1, warm_up=False) -> list[float]:
    """Images/s of the counted epochs of the plain loop, its workers already running."""
    # Only here: what measures ours alone needs no torchvision.
    from tests.unit.training.plain_loop import RandomImages, plain_epochs

    images = RandomImages(dataset.train_images, dataset.train_labels, dataset.mean, dataset.std)
    loader = DataLoader(
        images,
        128,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device != "cpu",
    )
    if workers:
        next(iter(loader))
    recipe = dataclasses.replace(RECIPE, epochs=epochs + warm_up)
    seconds = list(plain_epochs(network(name), lambda epoch: loader, recipe, mask, device))
    return [len(images) / spent for spent in seconds[int(warm_up) :]]


def arms(device: str, compiled: bool) -> dict[str, Arithmetic]:
    """What is timed."""
    precisions = ["float32", "bfloat16", *(["tf32"] if device == "cuda" else [])]
    found = {precision: Arithmetic(device, precision) for precision in precisions}
    if compiled:
        found |= {f"{p}, compiled": Arithmetic(device, p, compile=True) for p in precisions}
    return found


def measure(name: str, sparsity: float, options: argparse.Namespace) -> None:
    dataset = random_dataset(options.images)
    mask = random_mask(name, sparsity) if sparsity else None
    timed = arms(options.device, options.compile)
    speeds: dict[str, list[float]] = {}
    for _ in range(options.rounds + 1):
        for workers in (0, 2):
            (speed,) = plain(name, dataset, mask, options.device, workers)
            speeds.setdefault(f"plain {workers}", []).append(speed)
        for label, arithmetic in timed.items():
            (epoch,) = ours(name, dataset, mask, arithmetic)
            speeds.setdefault(label, []).append(epoch.images_per_second)
    counted = {label: values[1:] for label, values in speeds.items()}
    best = [max(pair) for pair in zip(counted["plain 0"], counted["plain 2"], strict=True)]
    cells = [f"{statistics.median(counted[f'plain {workers}']):,.0f}" for workers in (0, 2)]
    for label in timed:
        ratios = [a / b for a, b in zip(counted[label], best, strict=True)]
        middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
        speed = statistics.median(counted[label])
        cells.append(f"{speed:,.0f}: {middle:.2f} ({least:.2f} to {most:.2f})")
    print(f"| {name} | {sparsity or 'dense'} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("device", nargs="?", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--images", type=int, help="images a round; default 640, on a GPU 12,800")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="also through torch.compile")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    options = parser.parse_args()
    options.images = options.images or (640 if options.device == "cpu" else 12_800)
    start = time.perf_counter()
    labels = ["plain, 0 workers", "plain, 2 workers", *arms(options.device, options.compile)]
    print(f"| network | sparsity | {' | '.join(labels)} |\n|{' --- |' * (2 + len(labels))}")
    for name in options.networks:
        for sparsity in (0.0, 0.9):
            measure(name, sparsity, options)
    place = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    print(
        f"\n{place}, {torch.get_num_threads()} threads, torch {torch.__version__}, {options.images} "
        f"images a round, {options.rounds} rounds; {time.perf_counter() - start:.0f} s in all."
    )


if __name__ == "__main__":
    main()
