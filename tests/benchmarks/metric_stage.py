"""How long the metrics of the paper's 1,260 networks take: graphs and metrics of a sample, by the workflow itself.

    python tests/benchmarks/metric_stage.py --data-folder data       # tables of docs/performance.md

The sample covers every architecture, sparsity and algorithm on CIFAR-10 (one seed; the other data sets have images and
graphs of the same size but for the last layer). Masks are made first, GraSP's and ProsPR's from fewer images than the
paper's, which is not timed. Then `snakemake all_topometrics` is timed, from its start to the last file: with Snakemake,
interpreters, imports and files. Graphs carry the initial weights, since nothing is trained.
"""

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
NETWORKS = 1260
ARCHITECTURES = ["Conv-6", "Resnet-20", "Resnet-32", "Wide-Resnet-28-2"]
SPARSITIES = ["0.6", "0.8", "0.9", "0.95", "0.98"]
ALGORITHMS = ["snip", "grasp", "synflow", "prospr", "uniform", "er", "erk"]


def configuration(algorithms: list[str], data_folder: str) -> dict:
    """A part of config/paper-accuracies.yaml."""
    options = {"grasp": {"samples_per_class": 12}, "prospr": {"batch_size": 128}}
    return {
        "study": "metric-stage",
        "grid": {
            "algorithms": algorithms,
            "datasets": ["CIFAR-10"],
            "architectures": ARCHITECTURES,
            "sparsities": SPARSITIES,
            "seeds": [0],
        },
        "accuracies": "published",
        "pruning": {name: options[name] for name in algorithms if name in options},
        "topometrics": {"weights": "initial"},
        "compute": {"data_folder": str(Path(data_folder).resolve()), "download": False},
    }


def snakemake(folder: Path, target: str, cores: int) -> float:
    """Run Snakemake to a target; the seconds it took."""
    start = time.monotonic()
    with open(folder / f"{target}.txt", "w") as messages:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "snakemake", target, "--cores", str(cores)),
                *("--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
                *("--configfile", str(folder / "config.yaml")),
            ],
            stdout=messages,
            stderr=messages,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    if done.returncode:
        sys.exit(f"{target}: see {folder / f'{target}.txt'}")
    return time.monotonic() - start


def seconds_of(folder: Path, rule: str) -> dict[tuple[str, str], list[float]]:
    """Seconds of a rule's jobs, by architecture and sparsity."""
    found = defaultdict(list)
    benchmarks = folder / "results/metric-stage/benchmarks" / rule
    for path in benchmarks.rglob("*.tsv"):
        _, architecture, _, sparsity, _ = path.relative_to(benchmarks).parts
        with open(path, newline="") as handle:
            found[architecture, sparsity] += [
                float(line["s"]) for line in csv.DictReader(handle, delimiter="\t")
            ]
    return found


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def table(seconds: dict[tuple[str, str], list[float]]) -> None:
    """Mean seconds of a `topometrics` job; those that ran side by side slow each other down."""
    row("a `topometrics` job, s", *SPARSITIES, "mean")
    row(*["---"] * (len(SPARSITIES) + 2))
    for architecture in ARCHITECTURES:
        means = [statistics.mean(seconds[architecture, sparsity]) for sparsity in SPARSITIES]
        row(architecture, *(f"{mean:.2f}" for mean in means), f"{statistics.mean(means):.2f}")


def main() -> None:
    """Make the masks, time the metrics, print what they come to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-folder", default="data", help="where CIFAR-10 lies")
    parser.add_argument("--algorithms", nargs="*", default=ALGORITHMS)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", help="keep the study there; a temporary one if absent")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        study = configuration(options.algorithms, options.data_folder)
        (folder / "config.yaml").write_text(yaml.safe_dump(study))
        snakemake(folder, "all_prune", options.cores)
        for kind in ("mges", "topometrics", "layers"):
            shutil.rmtree(folder / "results/metric-stage" / kind, ignore_errors=True)
        whole = snakemake(folder, "all_topometrics", options.cores)
        jobs = {rule: seconds_of(folder, rule) for rule in ("encode", "topometrics")}
    cells = len(options.algorithms) * len(ARCHITECTURES) * len(SPARSITIES)
    table(jobs["topometrics"])
    print()
    totals = {rule: sum(map(sum, seconds.values())) for rule, seconds in jobs.items()}
    print(
        f"{cells} networks in {whole:.0f} s on {options.cores} cores: "
        f"{whole * options.cores / cells:.2f} core-seconds each, of which "
        + ", ".join(f"{rule} {total / cells:.2f}" for rule, total in totals.items())
        + f"; {NETWORKS} networks: {whole * NETWORKS / cells / 60:.0f} minutes."
    )


if __name__ == "__main__":
    main()
