"""How much masks and trained networks move between one and two threads: the table in docs/determinism.md.

Usage: ``python tests/benchmarks/thread_dependence.py`` (a minute or two). Each thread count runs in a process of its own.
"""

import json
import subprocess
import sys

import numpy as np

ARCHITECTURE, SPARSITY, SEED, EPOCHS = "Resnet-20", "0.98", 0, 2
SHAPE, CLASSES = (1, 8, 8), 10


def one_run(threads: int, folder: str) -> None:
    """Prune by every algorithm and train one network; leave masks and weights in `folder`."""
    import torch

    from sparsetopo.architectures import build
    from sparsetopo.datasets import prepare
    from sparsetopo.networks.arrays import model_arrays
    from sparsetopo.networks.initialise import initialise
    from sparsetopo.pruning import ALGORITHMS, prune
    from sparsetopo.training.recipe import Recipe
    from sparsetopo.training.train import train

    torch.set_num_threads(threads)
    dataset = prepare("digits")
    data = (torch.from_numpy(dataset.normalised("train")), torch.from_numpy(dataset.train_labels))
    labels = ("digits", ARCHITECTURE, SEED)
    arrays: dict[str, np.ndarray] = {}
    for algorithm in ALGORITHMS:
        model = build(ARCHITECTURE, SHAPE, CLASSES)
        initialise(model, *labels)
        mask = prune(model, algorithm, SPARSITY, data=data, seed=SEED)
        arrays |= {f"{algorithm}/{name}": kept for name, kept in mask.items()}
    model = build(ARCHITECTURE, SHAPE, CLASSES)
    initialise(model, *labels)
    result = train(model, dataset, Recipe(EPOCHS, 64, 0.05), order_labels=labels)
    arrays |= {f"trained/{name}": array for name, array in model_arrays(model).items()}
    np.savez(f"{folder}/threads{threads}.npz", accuracy=result.accuracy, **arrays)


def main() -> None:
    """Compare one thread with two, and one with one again."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for threads in (1, 1, 2):
            subprocess.run([sys.executable, __file__, json.dumps([threads, folder])], check=True)
            with np.load(f"{folder}/threads{threads}.npz") as archive:
                runs.append(dict(archive))
    first, again, other = runs
    kinds = sorted({name.split("/")[0] for name in first if "/" in name})
    print("| result | repeated at 1 thread | 1 against 2 threads |\n|---|---|---|")
    for kind in kinds:
        names = [name for name in first if name.startswith(f"{kind}/") and name.endswith("weight")]
        cells = []
        for run in (again, other):
            if kind == "trained":
                largest = max(float(np.abs(first[name] - run[name]).max()) for name in names)
                accuracy = abs(float(first["accuracy"]) - float(run["accuracy"]))
                cells.append(f"weights {largest:.1e}, accuracy {accuracy:.4f}")
            else:
                kept = sum(int(first[name].sum()) for name in names)
                moved = sum(int((first[name] & ~run[name]).sum()) for name in names)
                cells.append(f"{moved} of {kept} kept weights")
        print(f"| {kind} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one_run(*json.loads(sys.argv[1]))
    else:
        main()
