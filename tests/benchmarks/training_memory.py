"""Peak memory of a training process against the number of images: the table of docs/training.md.

One epoch would take minutes, so a process trains on one batch of the images it holds: loading, padding and the digest of the
checkpoint, which is where memory grows with the images, are those of a whole run. Resnet-20, batch 128, Linux.

    python -m tests.benchmarks.training_memory [images ...]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sparsetopo.datasets.prepared import PreparedDataset

COUNTS = (1_000, 50_000, 100_000)


def save_images(path: Path, count: int) -> None:
    random = np.random.default_rng(0)
    parts = [
        (random.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), random.integers(0, 10, n))
        for n in (count, 1_000)
    ]
    PreparedDataset.from_arrays("noise", *parts, 10).save(path, {})


def train_and_report(path: str) -> None:
    """Load the images, train on one batch, print the process's peak resident memory in MB."""
    import resource

    import sparsetopo.training.images
    from sparsetopo.architectures import build
    from sparsetopo.training.draws import batch_slices
    from sparsetopo.training.recipe import Recipe
    from sparsetopo.training.train import train

    def first_batch(images: int, batch_size: int):
        return list(batch_slices(images, batch_size))[:1]

    sparsetopo.training.images.batch_slices = first_batch
    dataset = PreparedDataset.load(path)
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    train(
        build("Resnet-20", (3, 32, 32), 10),
        dataset,
        Recipe(1, 128, 0.01, augmentation="crop-flip"),
        order_labels=("noise", "Resnet-20", 0),
        checkpoint=Path(path).with_suffix(".checkpoint"),
    )
    print(loaded // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main(counts: tuple[int, ...]) -> None:
    print(
        "| training images | pixels, MB | padded, MB | peak after loading, MB | peak of the run, MB |"
    )
    print("|" + " --- |" * 5)
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "images.safetensors"
            save_images(path, count)
            command = [sys.executable, "-m", "tests.benchmarks.training_memory", str(path)]
            loaded, peak = subprocess.run(
                command, check=True, capture_output=True, text=True
            ).stdout.split()
        pixels, padded = (count * 3 * size**2 / 1e6 for size in (32, 40))
        print(f"| {count:,} | {pixels:,.0f} | {padded:,.0f} | {loaded} | {peak} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 2 and not sys.argv[1].isdigit():
        train_and_report(sys.argv[1])
    else:
        main(tuple(map(int, sys.argv[1:])) or COUNTS)
