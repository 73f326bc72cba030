"""Learning on real CIFAR-10: test accuracy of our training and of a plain loop, dense and SNIP 0.9.

The plain loop (tests/unit/training/plain_loop.py) draws its own order, crops and flips. By default a short run on a subset
from the packs of the shared folder, which fits a CPU. With `--cifar FOLDER` (of `cifar-10-batches-py`) all images
are read; the paper's runs are

    python -m tests.benchmarks.training_learning --cifar FOLDER --epochs 160 --device cuda --only ours

and should end near its 91.7 % (dense) and 87.0 % (SNIP 0.9).
"""

import argparse
import dataclasses
import time
from pathlib import Path

import torch
from tests.unit.training.plain_loop import RandomImages, plain_accuracy, plain_epochs
from tests.unit.training.real_images import cifar10_subset
from torch.utils.data import DataLoader

from sparsetopo.architectures import build
from sparsetopo.datasets import prepare
from sparsetopo.datasets.files import DataFiles
from sparsetopo.datasets.prepared import PreparedDataset
from sparsetopo.networks.initialise import initialise
from sparsetopo.pruning import prune
from sparsetopo.training.arithmetic import Arithmetic
from sparsetopo.training.recipe import Recipe
from sparsetopo.training.train import train


def network(seed: int) -> torch.nn.Module:
    model = build("Resnet-20", (3, 32, 32), 10)
    initialise(model, "CIFAR-10", "Resnet-20", seed)
    return model


def snip_mask(dataset: PreparedDataset, seed: int):
    count = min(5_000, len(dataset.train_labels))
    part = dataclasses.replace(
        dataset,
        train_images=dataset.train_images[:count],
        train_labels=dataset.train_labels[:count],
    )
    data = (torch.from_numpy(part.normalised("train")), torch.from_numpy(part.train_labels))
    return dict(prune(network(seed), "snip", 0.9, data, seed))


def ours(dataset, recipe, mask, options) -> list[float]:
    result = train(
        network(options.seed),
        dataset,
        recipe,
        order_labels=("CIFAR-10", "Resnet-20", options.seed),
        mask=mask,
        arithmetic=Arithmetic(options.device, options.precision),
        progress=lambda line: print(f"    {line}", flush=True) if options.verbose else None,
    )
    return [record["accuracy"] for record in result.history]


def plain(dataset, recipe, mask, options) -> list[float]:
    torch.manual_seed(options.seed)
    model = network(options.seed)
    images = RandomImages(dataset.train_images, dataset.train_labels, dataset.mean, dataset.std)
    loader = DataLoader(images, recipe.batch_size, shuffle=True)
    for _ in plain_epochs(model, lambda epoch: loader, recipe, mask, options.device):
        pass
    return [plain_accuracy(model, dataset, options.device)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cifar", type=Path, help="folder that holds cifar-10-batches-py")
    parser.add_argument(
        "--images", type=int, default=5_000, help="training images, without --cifar"
    )
    parser.add_argument("--test", type=int, default=5_000, help="test images, without --cifar")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--only", choices=["ours", "plain"])
    parser.add_argument("--dense", action="store_true", help="leave the sparse network out")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if options.cifar is None:
        dataset = cifar10_subset(options.images, options.test)
    else:
        dataset = prepare("CIFAR-10", files=DataFiles(options.cifar, download=False))
    # The paper's recipe; its milestones (80 and 120 of 160) fall at half and three quarters.
    recipe = Recipe(
        epochs=options.epochs,
        batch_size=options.batch,
        learning_rate=0.1,
        milestones=(options.epochs // 2, options.epochs * 3 // 4),
        augmentation="crop-flip",
    )
    masks = {"dense": None}
    if not options.dense:
        masks["SNIP 0.9"] = snip_mask(dataset, options.seed)
    loops = {"ours": ours, "plain": plain}
    for label, kept in masks.items():
        for name in [options.only] if options.only else loops:
            start = time.perf_counter()
            accuracies = loops[name](dataset, recipe, kept, options)
            history = " ".join(f"{100 * accuracy:.1f}" for accuracy in accuracies)
            print(
                f"{label}, {name}: {history} % in {time.perf_counter() - start:.0f} s", flush=True
            )
    print(
        f"{len(dataset.train_labels)} training and {len(dataset.test_labels)} test images, {recipe}, device "
        f"{options.device}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()
