"""What measuring a second time, on trained weights, adds to the metric stage; core-seconds of whole processes.

    python -m tests.benchmarks.both_weights --data-folder data --algorithms snip       # table of docs/performance.md
    python -m tests.benchmarks.both_weights --data-set digits --architectures Resnet-20 # the default study's

For each of the paper's architectures and some sparsities: a mask, a network trained for a few hundred steps, its graph
with both weights, and two processes that do what a `topometrics` job does, with and without the trained weights.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ARCHITECTURES = ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"]
SPARSITIES = [0.6, 0.9, 0.98]
ROOT = Path(__file__).parents[2]

# What workflow/scripts/topometrics.py does, without Snakemake and the JSON.
JOB = """
import sys
from sparsetopo.graphs.mge import MGE
from sparsetopo.layers import layer_kinds, ramanujan_records, topometric_records
from sparsetopo.metrics.measure import topometrics
from sparsetopo.metrics.primitives import Eigenvectors
from sparsetopo.metrics.registry import METRIC_SETS, METRICS
path, both = sys.argv[1], sys.argv[2] == "both"
mge = MGE.load(path)
kinds = layer_kinds(mge.plan)
names = dict.fromkeys(block.parameter for block in mge.plan.blocks if block.parameter)
masks = {name: mge.masks[name] for name in names}
topometric_records(mge.weights, masks, kinds, motif_size=3)
ramanujan_records(mge.weights, masks, kinds)
known = Eigenvectors() if both else None
topometrics(mge, threads=1, skip_impossible=True, known=known)
if both:
    weighted = [name for name in METRIC_SETS["paper"] if METRICS[name].reads_weights]
    trained = MGE.load(path, trained=True)
    topometrics(trained, weighted, threads=1, skip_impossible=True, known=known)
"""


def trained_graph(
    architecture: str, sparsity: float, algorithm: str, images: int, data: object
) -> object:
    """A graph of initial weights, and the same of trained ones."""
    import numpy as np
    import torch

    import sparsetopo as st
    from sparsetopo.architectures import build
    from sparsetopo.datasets.prepared import TrainingPart
    from sparsetopo.networks.initialise import initialise
    from sparsetopo.training.images import ResidentImages
    from sparsetopo.training.optimiser import MaskedSGD

    torch.set_num_threads(1)
    model = build(architecture, data.input_shape, data.classes, {})
    initialise(model, data.name, architecture, 0)
    masks = st.prune(
        model, algorithm, sparsity, data=TrainingPart(data), input_shape=data.input_shape, seed=0
    )
    initial = st.encode(model, data.input_shape, masks)
    optimiser = MaskedSGD(model, 0.9, 1e-4, masks)
    resident = ResidentImages(data.train_images, data.train_labels, data, torch.device("cpu"))
    order = np.random.default_rng(0).permutation(len(data.train_labels))
    model.train()
    for start in range(0, images, 64):
        batch = torch.from_numpy(order[start : start + 64])
        optimiser.clear_gradients()
        loss = torch.nn.functional.cross_entropy(
            model(resident.batch(batch)), resident.labels[batch]
        )
        loss.backward()
        optimiser.step(0.05)
    return initial, st.encode(model.eval(), masks=masks, plan=initial.plan)


def core_seconds(path: Path, weights: str) -> float:
    """User and system time of a process that measures a graph."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", JOB, str(path), weights], check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a row for each architecture and sparsity, and the ratio of the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", default="CIFAR-10")
    parser.add_argument("--data-folder", default="data", help="where CIFAR-10 lies")
    parser.add_argument("--architectures", nargs="*", default=ARCHITECTURES)
    parser.add_argument("--algorithms", nargs="*", default=["snip", "er"])
    parser.add_argument("--images", type=int, default=6400, help="images to train on")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from sparsetopo.datasets import DataFiles, prepare

    data = prepare(options.data_set, files=DataFiles(Path(options.data_folder), False))
    totals = {"initial": 0.0, "both": 0.0}
    print(
        "| network | sparsity | mask | initial, core-s | both, core-s | ratio |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.safetensors"
        for architecture in options.architectures:
            for sparsity in SPARSITIES:
                for algorithm in options.algorithms:
                    initial, trained = trained_graph(
                        architecture, sparsity, algorithm, options.images, data
                    )
                    initial.save(path, {}, trained=trained)
                    if not totals["both"]:
                        core_seconds(path, "both")  # compiles the loops, if they are not
                    rounds = [
                        {kind: core_seconds(path, kind) for kind in totals}
                        for _ in range(options.rounds)
                    ]
                    cell = {kind: statistics.median(r[kind] for r in rounds) for kind in totals}
                    for kind, seconds in cell.items():
                        totals[kind] += seconds
                    print(
                        f"| {architecture} | {sparsity} | {algorithm} | {cell['initial']:.2f} | "
                        f"{cell['both']:.2f} | {cell['both'] / cell['initial']:.2f} |",
                        flush=True,
                    )
    print(
        f"\nOf all: {totals['both'] / totals['initial']:.3f} times the core-seconds of initial weights alone."
    )


if __name__ == "__main__":
    main()
