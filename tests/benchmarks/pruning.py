"""Seconds and memory of every pruning algorithm on every (data set, architecture) of the paper.

Each number comes from a fresh process that prunes the initial network of a cell at sparsity 0.98
with real images (the packs of the shared folder, see `scoring_images`). Seconds are those of
`sparsetopo.pruning.prune` alone; the memory is the process's peak, torch included.

    python tests/benchmarks/pruning.py                                  # the whole table
    python tests/benchmarks/pruning.py --algorithms grasp --pairs CIFAR-100/Conv-6 --threads 2
    python tests/benchmarks/pruning.py --algorithms grasp --options '{"chunk_size": 500}'
"""

import argparse
import itertools
import json
import subprocess
import sys
import time

from scoring_images import PACKS, TrainingImages, unpacked

ALGORITHMS = ("uniform", "er", "erk", "snip", "synflow", "prospr", "grasp")
ARCHITECTURES = ("Wide-Resnet-28-2", "Conv-6", "Resnet-32", "Resnet-20")
SPARSITY = "0.98"


def measured(dataset, architecture, algorithm, seed, threads, options) -> dict:
    """Prune one network in this process and say what it took."""
    import resource

    import torch

    from sparsetopo.architectures import build
    from sparsetopo.networks.initialise import initialise
    from sparsetopo.pruning import prune

    torch.set_num_threads(threads)
    images = TrainingImages(dataset)
    model = build(architecture, images.input_shape, images.classes)
    initialise(model, dataset, architecture, seed)
    labels = (dataset, architecture)
    start = time.perf_counter()
    mask = prune(model, algorithm, SPARSITY, images, seed, stream_labels=labels, **options)
    return {
        "seconds": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "collapsed": mask.collapsed_layers,
        "kept": mask.kept,
    }


def fresh(*arguments) -> dict:
    """`measured`, in a process of its own; what it printed last if it failed."""
    command = [sys.executable, __file__, "--measure", json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"stopped with {done.returncode}"]
        return {"failed": lines[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def row(dataset, architecture, algorithm, result) -> str:
    cells = [dataset, architecture, algorithm]
    if "failed" in result:
        cells += ["-", "-", result["failed"]]
    else:
        collapsed = result["collapsed"]
        named = f"{len(collapsed)}: {', '.join(collapsed)}" if collapsed else "none"
        cells += [f"{result['seconds']:.1f}", f"{result['peak_mb']:,.0f}", named]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--algorithms", nargs="*", default=ALGORITHMS)
    parser.add_argument("--pairs", nargs="*", help="dataset/architecture; all twelve if absent")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, for the algorithms")
    chosen = parser.parse_args()
    everything = ["/".join(pair) for pair in itertools.product(PACKS, ARCHITECTURES)]
    print("| data set | architecture | algorithm | seconds | peak memory, MB | collapsed layers |")
    print("|---|---|---|---|---|---|", flush=True)
    for pair, algorithm in itertools.product(chosen.pairs or everything, chosen.algorithms):
        dataset, architecture = pair.split("/")
        unpacked(dataset)
        result = fresh(
            dataset, architecture, algorithm, chosen.seed, chosen.threads, chosen.options
        )
        print(row(dataset, architecture, algorithm, result), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(*json.loads(sys.argv[2]))))
    else:
        main()
