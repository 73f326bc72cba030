"""Seconds and memory of all topometrics, network by network, against the unrolled graph.

Every number comes from a fresh process without torch, which loads a plan and masked weights from a
file and measures. Seconds include everything from the weights in memory to the values, the encoding
too; loading, importing and compiling are reported separately.

    python tests/benchmarks/topometrics.py                    # the table of docs/performance.md
    python tests/benchmarks/topometrics.py --networks Resnet-20 --explicit none
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORKS = (
    ("Resnet-20", "0.98"),
    ("Resnet-20", "0.6"),
    ("Wide-Resnet-28-2", "0.6"),
    ("Conv-6", "0.6"),
    ("resnet50", "0.9"),
)
# Groups of metrics that one primitive or search answers, timed together.
GROUPS = {
    "degrees": ("sink", "source", "disconnected", "r_out", "r_in", "n1", "strength"),
    "n2": ("n2",),
    "motif4": ("motif4",),
    "n2 + motif4": ("n2", "motif4"),
    "k_core": ("k_core",),
    "components": ("components", "component_size"),
    "cut": ("components", "component_size", "cut_edges", "cut_nodes"),
    "gap": ("spectral_gap", "spectral_gap_signed"),
    "radius": ("spectral_radius",),
    "paths": (
        *("effective_nodes", "effective_edges", "effective_parameters", "effective_sparsity"),
        *("log_paths", "log_path_norm"),
    ),
}


def make(folder: str, architecture: str, sparsity: str) -> None:
    """Write one network with uniform masks and its initial weights (needs torch)."""
    import numpy as np
    import torch
    import torchvision

    from sparsetopo.architectures import build
    from sparsetopo.graphs import mge_from_masks, trace
    from sparsetopo.graphs.encode import weight_array
    from sparsetopo.networks.initial_weights import initial_weights

    if architecture == "resnet50":
        torch.manual_seed(0)
        model = torchvision.models.resnet50(weights=None)
        plan = trace(model, (3, 224, 224))
        weights = {name: weight_array(model, name) for name in plan.parameters}
    else:
        plan = trace(build(architecture, (3, 32, 32), 10), (3, 32, 32))
        weights = initial_weights(plan.parameters, "benchmark", architecture, 0)
    random = np.random.default_rng(0)
    masks = {}
    for name, shape in plan.parameters.items():
        mask = np.zeros(int(np.prod(shape)), dtype=bool)
        mask[: round(mask.size * (1 - float(sparsity)))] = True
        masks[name] = random.permutation(mask).reshape(shape)
    mge_from_masks(plan, weights, masks).save(file_of(folder, architecture, sparsity))


def file_of(folder: str, architecture: str, sparsity: str) -> Path:
    return Path(folder) / f"{architecture}-{sparsity}.safetensors"


def job(path: str, output: str) -> None:
    """Do what a metrics job does, from a file to JSON; its whole process is timed."""
    from sparsetopo.files import write_json
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.metrics.measure import topometrics

    write_json(output, topometrics(MGE.load(path)))


def measured(path: str, threads: int, repeats: int, names: list[str], explicit: bool) -> None:
    """Measure some metrics and print a record."""
    start = time.perf_counter()
    import resource
    import statistics

    import sparsetopo.metrics.implicit.backend  # noqa: F401
    from sparsetopo.graphs.mge import MGE
    from sparsetopo.metrics.measure import topometrics

    imported = time.perf_counter()
    loaded = MGE.load(path)
    read = time.perf_counter()
    seconds = []
    for _ in range(repeats + 1):
        mge = MGE(loaded.plan, loaded.weights, loaded.masks)
        begin = time.perf_counter()
        topometrics(mge, names or None, threads=threads, explicit=explicit)
        seconds.append(time.perf_counter() - begin)
    assert "torch" not in sys.modules
    record = {
        "import": imported - start,
        "load": read - imported,
        "first": seconds[0],
        "seconds": statistics.median(seconds[1:] or seconds),
        "edges": loaded.num_edges,
        "nodes": loaded.num_nodes,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(record))


def fresh(action: str, *arguments: object) -> dict[str, float]:
    """Run this script's `action` in a process of its own."""
    command = [sys.executable, __file__, "--action", action, json.dumps(arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines else {}


def row(cells: list[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def header(cells: list[str]) -> None:
    row(cells)
    row(["---"] * len(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="*", help="architectures; all of the table if absent")
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--explicit",
        nargs="*",
        default=["Resnet-20"],
        help="architectures that are also measured unrolled (minutes and gigabytes), or none",
    )
    parser.add_argument(
        "--folder", default=str(Path(tempfile.gettempdir()) / "sparsetopo-networks")
    )
    options = parser.parse_args()
    chosen = [n for n in NETWORKS if not options.networks or n[0] in options.networks]
    Path(options.folder).mkdir(parents=True, exist_ok=True)
    for network in chosen:
        if not file_of(options.folder, *network).exists():
            fresh("make", options.folder, *network)

    totals = whole_table(chosen, options)
    print()
    group_table(chosen, options)
    print()
    explicit_table([n for n in chosen if n[0] in options.explicit], options, totals)
    print()
    job_table(chosen[:1], options)


def whole_table(chosen, options) -> dict[tuple[str, str], float]:
    """All metrics at once: {network: seconds at the last number of threads}."""
    totals = {}
    threads = [f"{n} thread{'s' * (n > 1)}" for n in options.threads]
    seconds, memory = ([f"{words}, {unit}" for words in threads] for unit in ("s", "peak MB"))
    header(["network", "nodes", "edges", *seconds, "ns an edge", *memory, "load, s"])
    for network in chosen:
        path = str(file_of(options.folder, *network))
        repeats = options.repeats if network[0] != "resnet50" else min(1, options.repeats)
        runs = [fresh("measured", path, n, repeats, [], False) for n in options.threads]
        once = [fresh("measured", path, n, 0, [], False) for n in options.threads]
        totals[network] = runs[-1]["seconds"]
        row(
            [
                f"{network[0]}, {network[1]}",
                f"{runs[0]['nodes']:,}",
                f"{runs[0]['edges']:,}",
                *(f"{run['seconds']:.3f}" for run in runs),
                f"{1e9 * runs[0]['seconds'] / runs[0]['edges']:.1f}",
                *(f"{run['memory'] / 1e6:.0f}" for run in once),
                f"{runs[0]['load']:.3f}",
            ]
        )
    return totals


def group_table(chosen, options) -> None:
    """Groups of metrics by themselves, one thread, each with the encoding."""
    header(["seconds, one thread", *GROUPS])
    for network in chosen:
        path = str(file_of(options.folder, *network))
        runs = [
            fresh("measured", path, 1, min(3, options.repeats), names, False)
            for names in GROUPS.values()
        ]
        row([f"{network[0]}, {network[1]}", *(f"{run['seconds']:.3f}" for run in runs)])


def explicit_table(chosen, options, totals) -> None:
    """The unrolled graph with scipy and igraph, once."""
    if chosen:
        header(["unrolled", "s", "peak memory, MB", "ratio"])
    for network in chosen:
        run = fresh("measured", str(file_of(options.folder, *network)), 1, 0, [], True)
        row(
            [
                f"{network[0]}, {network[1]}",
                f"{run['seconds']:.1f}",
                f"{run['memory'] / 1e6:.0f}",
                f"{run['seconds'] / totals[network]:.0f}",
            ]
        )


def job_table(chosen, options) -> None:
    """A whole process, from its start to written JSON, and what importing and compiling cost."""
    header(["job", "process, s", "import, s", "first call, s", "cold: import + compile + first, s"])
    for network in chosen:
        path = str(file_of(options.folder, *network))
        times = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(min(5, options.repeats)):
                start = time.perf_counter()
                fresh("job", path, f"{folder}/values.json")
                times.append(time.perf_counter() - start)
            warm = fresh("measured", path, 1, 0, [], False)
            os.environ["SPARSETOPO_CACHE"] = f"{folder}/cache"
            cold = fresh("measured", path, 1, 0, [], False)
            del os.environ["SPARSETOPO_CACHE"]
        row(
            [
                f"{network[0]}, {network[1]}",
                f"{sorted(times)[len(times) // 2]:.2f}",
                f"{warm['import']:.2f}",
                f"{warm['first']:.2f}",
                f"{cold['import'] + cold['first']:.1f}",
            ]
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--action"]:
        globals()[sys.argv[2]](*json.loads(sys.argv[3]))
    else:
        main()
