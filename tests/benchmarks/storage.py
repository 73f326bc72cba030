"""Bytes of every stage's files: the tables of docs/storage.md. Takes a minute or two on one core.

    python tests/benchmarks/storage.py

Files of single networks are written as their stages write them (`storage_files.py`); logs, benchmark files and
Snakemake's own records are those of a small study that this script runs in a temporary folder.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import yaml
from storage_files import CONFIGURATION, SPECIFICATIONS, Pair

ROOT = Path(__file__).parents[2]
# Jobs of one network, of the scores, and of a dense baseline, with the number of their output files.
NETWORK_JOBS = {"prune": 1, "train": 2, "encode": 1, "topometrics": 2}
MEASURED_ON = "CIFAR-10"  # its metrics stand in for the other data sets': as many values
BEFORE = {"mask": "mask before", "weights": "weights before"}


def small_study(folder: Path) -> dict[str, dict[str, float]]:
    """Run two networks of one epoch; bytes of log, benchmark file and one output's record, by rule."""
    values = yaml.safe_load((ROOT / "config/tiny.yaml").read_text(encoding="utf-8"))
    values["grid"]["sparsities"] = ["0.9"]
    values["analysis"]["checks"] = False
    (folder / "config.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "all", "--cores", "1", "--quiet", "all"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    subprocess.run(
        [*command, "--configfile", str(folder / "config.yaml")],
        check=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    results = folder / "results/tiny"
    sizes: dict[str, dict[str, float]] = {}
    for rule in ("score", "dense", *NETWORK_JOBS):
        logs = list((results / "logs" / rule).rglob("*.log"))
        tables = list((results / "benchmarks" / rule).rglob("*.tsv"))
        epochs = mean_epochs() if rule in ("dense", "train") else 1
        sizes[rule] = {
            "log": mean([log_bytes(path, epochs) for path in logs]),
            "benchmark": mean([path.stat().st_size for path in tables]),
        }
    for rule, found in records(folder).items():
        if rule in sizes:
            sizes[rule]["record"] = mean(found)
    return sizes


def mean_epochs() -> float:
    """Epochs of a training of the paper's grid."""
    return mean([recipe.epochs for recipe in CONFIGURATION.training.values()])


def log_bytes(path: Path, epochs: float) -> float:
    """Bytes of a log with as many lines of epochs."""
    lines = path.read_bytes().splitlines(keepends=True)
    repeated = sum(len(line) for line in lines if b": loss " in line)
    return sum(map(len, lines)) + (epochs - 1) * repeated


def records(folder: Path) -> dict[str, list[int]]:
    """Bytes of Snakemake's record of each output, by rule."""
    sizes = defaultdict(list)
    for path in (folder / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            rule = json.loads(path.read_text(encoding="utf-8")).get("rule")
            sizes[rule].append(path.stat().st_size)
    return sizes


def mean(values: list[float]) -> float:
    """Mean of at least one value."""
    return sum(values) / len(values)


def row(*cells: object) -> None:
    """Print a line of a table."""
    print("|", *(f"{cell} |" for cell in cells), flush=True)


def kilobytes(count: float) -> str:
    """A size as it stands in a table."""
    return f"{count / 1000:,.1f}"


def megabytes(count: float) -> str:
    """The size of many files, as it stands in a table."""
    return f"{count / 1e6:,.1f}"


def overhead(jobs: dict[str, dict[str, float]], rules: dict[str, int]) -> dict[str, float]:
    """Bytes of what a workflow adds to the jobs of one network, scoring or baseline."""
    return {
        "logs": sum(jobs[rule]["log"] for rule in rules),
        "benchmarks": sum(jobs[rule]["benchmark"] for rule in rules),
        "records": sum(jobs[rule]["record"] * outputs for rule, outputs in rules.items()),
    }


def network_table(networks: dict[tuple[str, str, str], dict[str, float]]) -> None:
    """Files of one network of each architecture and sparsity."""
    columns = ("mask", "weights", "result", "graph", "topometrics", "layers")
    columns += ("logs", "benchmarks", "records")
    row("network, kB", *columns, "sum", "*mask before*", "*weights before*", "*sum before*")
    row(*["---"] * 14)
    for (dataset, architecture, sparsity), sizes in networks.items():
        if dataset == MEASURED_ON:
            before = [sizes[BEFORE.get(column, column)] for column in columns]
            row(
                f"{architecture} at {sparsity}",
                *(kilobytes(sizes[column]) for column in columns),
                kilobytes(sum(sizes[column] for column in columns)),
                *(kilobytes(sizes[column]) for column in BEFORE.values()),
                kilobytes(sum(before)),
            )


def shared_table(shared: dict[tuple[str, str], dict[str, int]]) -> None:
    """Files that networks share."""
    columns = ("scores", "dense weights", "dense result", "plan")
    row("architecture", "prunable weights", *(f"{column}, kB" for column in columns))
    row(*["---"] * (2 + len(columns)))
    for (dataset, architecture), sizes in shared.items():
        if dataset == MEASURED_ON:
            counted = (kilobytes(sizes[column]) for column in columns)
            row(architecture, f"{sizes['parameters']:,}", *counted)


def grid_table(
    networks: dict[tuple[str, str, str], dict[str, float]],
    shared: dict[tuple[str, str], dict[str, int]],
    jobs: dict[str, dict[str, float]],
) -> None:
    """Sum over the paper's grid."""
    grid = CONFIGURATION.grid
    seeds = len(grid.seeds)
    copies = seeds * len(grid.algorithms)
    scored = seeds * sum(map(SPECIFICATIONS.is_scored_once, grid.algorithms))

    def of_networks(kind: str) -> tuple[float, int]:
        return copies * sum(sizes[kind] for sizes in networks.values()), copies * len(networks)

    def of_pairs(kind: str, each: int) -> tuple[float, int]:
        return each * sum(sizes[kind] for sizes in shared.values()), each * len(shared)

    scoring, training = overhead(jobs, {"score": 1}), overhead(jobs, {"dense": 2})
    counts = {"logs": (4, 1, 1), "benchmarks": (4, 1, 1), "records": (6, 1, 2)}
    added = {}
    for kind, (of_network, of_score, of_dense) in counts.items():
        size, networks_counted = of_networks(kind)
        size += len(shared) * (scored * scoring[kind] + seeds * training[kind])
        files = networks_counted * of_network + len(shared) * (scored * of_score + seeds * of_dense)
        added[kind] = (size, files)
    rows = {
        "`scores/`": of_pairs("scores", scored),
        "`masks/`": of_networks("mask"),
        "`trained/`, weights": of_networks("weights"),
        "`trained/`, results": of_networks("result"),
        "`dense/`, weights": of_pairs("dense weights", seeds),
        "`dense/`, results": of_pairs("dense result", seeds),
        "`plans/`": of_pairs("plan", 1),
        "`mges/`": of_networks("graph"),
        "`topometrics/`": of_networks("topometrics"),
        "`layers/`": of_networks("layers"),
        "`logs/`": added["logs"],
        "`benchmarks/`": added["benchmarks"],
        "`.snakemake/metadata/`": added["records"],
    }
    before = {
        "`masks/`": of_networks("mask before")[0],
        "`trained/`, weights": of_networks("weights before")[0],
    }
    row("paper's grid", "files", "MB", "*MB before*", "*before / now*")
    row(*["---"] * 5)
    total = [0.0, 0.0, 0.0]
    for name, (size, files) in rows.items():
        old = before.get(name, size)
        total = [total[0] + files, total[1] + size, total[2] + old]
        row(name, f"{files:,}", megabytes(size), megabytes(old), f"{old / size:.2f}")
    row("sum", f"{total[0]:,.0f}", *map(megabytes, total[1:]), f"{total[2] / total[1]:.2f}")
    unkept = rows["`trained/`, weights"][0] + rows["`dense/`, weights"][0]
    row("sum without trained weights (`keep`)", "", megabytes(total[1] - unkept), "", "")


def main() -> None:
    """Write the files and print the tables."""
    grid = CONFIGURATION.grid
    networks: dict[tuple[str, str, str], dict[str, float]] = {}
    shared: dict[tuple[str, str], dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        jobs = small_study(Path(folder))
        added = overhead(jobs, NETWORK_JOBS)
        for dataset in sorted(grid.datasets, key=lambda name: name != MEASURED_ON):
            for architecture in grid.architectures:
                pair = Pair(Path(folder), dataset, architecture)
                shared[dataset, architecture] = pair.shared()
                for sparsity in grid.sparsities:
                    sizes = pair.network(sparsity, measure=dataset == MEASURED_ON)
                    like = networks.get((MEASURED_ON, architecture, sparsity), {})
                    networks[dataset, architecture, sparsity] = {**like, **added, **sizes}
                    print(dataset, architecture, sparsity, file=sys.stderr, flush=True)
    for table in (lambda: network_table(networks), lambda: shared_table(shared)):
        table()
        print()
    grid_table(networks, shared, jobs)


if __name__ == "__main__":
    main()
