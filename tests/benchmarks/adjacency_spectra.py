"""Seconds and values of the adjacency's eigenvalues, network by network, against another commit of the library.

    python -m tests.benchmarks.adjacency_spectra                       # the table of docs/performance.md
    python -m tests.benchmarks.adjacency_spectra --against b5e41b8     # the same, and that commit in the same run
    python -m tests.benchmarks.adjacency_spectra --networks Resnet-20:0.98 resnet18:0.9 --rounds 3

Graphs are written once, with weights and masks from different seeds (from one seed they are correlated, and the
problem turns easy). Each measurement is a process of its own, which loads a graph and computes these eigenvalues
twice; the second time counts, since the first one compiles loops. The two libraries take turns; medians are printed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = [
    f"{name}:{sparsity}"
    for name in ("Resnet-20", "Resnet-32", "Wide-Resnet-28-2", "Conv-6")
    for sparsity in ("0.6", "0.98")
]
TORCHVISION = [
    f"{name}:0.9"
    for name in (
        "resnet18",
        "resnet50",
        "resnet50_fanin",
        "densenet121",
        "mobilenet_v2",
        "googlenet",
        "squeezenet1_1",
        "vgg11_bn",
        "efficientnet_b0",
        "convnext_tiny",
    )
]
REPOSITORY = Path(__file__).resolve().parents[2]
# What a process measures; it runs on either library, and says how long loading and measuring took.
MEASURE = """
import json, resource, sys, time
from sparsetopo.graphs.mge import MGE
from sparsetopo.metrics.blas import single_threaded_blas
from sparsetopo.metrics.implicit.backend import ImplicitPrimitives
graph, seconds = MGE.load(sys.argv[1]), []
with single_threaded_blas():
    for _ in range(2):
        primitives = ImplicitPrimitives(graph)
        primitives.weighted_degrees, primitives._weighted_graph.terms
        start = time.perf_counter()
        primitives.prepare(["adjacency_eigenvalues"], int(sys.argv[2]), lambda name: None)
        seconds.append(time.perf_counter() - start)
        values = primitives.adjacency_eigenvalues
print(json.dumps({
    "edges": graph.num_edges,
    "seconds": seconds[-1],
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "values": [*values.magnitudes, values.largest[1]],
}))
"""


def graph_of(network: str, folder: Path) -> Path:
    """The graph of NAME:SPARSITY in a folder, where it is made if it is missing.

    A process of its own makes it: the peak memory that the measured ones report includes what this one once took.
    """
    path = folder / f"{network.replace(':', '-')}.safetensors"
    if not path.exists():
        command = [sys.executable, "-m", "tests.benchmarks.adjacency_spectra", "--make", str(path)]
        subprocess.run([*command, "--networks", network], cwd=REPOSITORY, check=True)
    return path


def make(network: str, path: Path) -> None:
    """Write the graph of NAME:SPARSITY."""
    import torch
    import torchvision

    import sparsetopo
    from sparsetopo.architectures import build

    name, sparsity = network.split(":")
    torch.manual_seed(11)
    if "-" in name:
        model, shape = build(name, (3, 32, 32), 10), (3, 32, 32)
    else:
        model = torchvision.models.get_model(name.removesuffix("_fanin"), weights=None)
        shape = (3, 224, 224)
    if name.endswith("_fanin"):
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
    masks = sparsetopo.prune(model.eval(), "uniform", float(sparsity), seed=1)
    sparsetopo.encode(model, shape, masks).save(path)


def measured(library: Path, graph: Path, threads: int) -> dict:
    """What a fresh process says that imports the library from this folder."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(library / "workflow"),
        "OMP_NUM_THREADS": "1",
        # A cache of compiled loops for each library.
        "SPARSETOPO_CACHE": str(graph.parent / f"cache-{library.name}"),
    }
    command = [sys.executable, "-c", MEASURE, str(graph), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"seconds": float("nan"), "values": [], "error": done.stderr.strip()[-200:]}
    return json.loads(done.stdout)


def main() -> None:
    """Measure every network some times, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=OURS + TORCHVISION)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", metavar="COMMIT", help="measure this commit's library, too")
    parser.add_argument("--folder", type=Path, help="keep graphs here, and find them again")
    parser.add_argument(
        "--make", type=Path, metavar="FILE", help="only write the one network's graph"
    )
    options = parser.parse_args()
    if options.make:
        make(*options.networks, options.make)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        libraries = {"now": REPOSITORY}
        if options.against:
            before = libraries["before"] = Path(temporary) / "before"
            git = ["git", "-C", str(REPOSITORY), "worktree"]
            subprocess.run([*git, "add", "--detach", str(before), options.against], check=True)
        try:
            for network in options.networks:
                graph = graph_of(network, folder)
                report(network, graph, libraries, options.threads, options.rounds)
        finally:
            if options.against:
                subprocess.run([*git, "remove", "--force", str(before)], check=True)


def report(network: str, graph: Path, libraries: dict, threads: int, rounds: int) -> None:
    """Print medians of one network, and how far the values of both libraries differ, relative to the largest."""
    runs: dict[str, list[dict]] = {name: [] for name in libraries}
    for _ in range(rounds):
        for name, library in libraries.items():
            runs[name].append(measured(library, graph, threads))
    seconds = {name: statistics.median(run["seconds"] for run in runs[name]) for name in runs}
    now = runs["now"][0]
    parts = [f"{network}: {now.get('edges', 0):,} edges, {seconds['now']:.2f} s"]
    parts += [f"{now.get('megabytes', 0):.0f} MB", now.get("error", "")]
    if "before" in runs:
        before = runs["before"][0]
        parts.append(f"before {seconds['before']:.2f} s, {before.get('megabytes', 0):.0f} MB")
        parts.append(f"{seconds['before'] / seconds['now']:.2f} times as fast")
        if now["values"] and before["values"]:
            pairs = zip(now["values"], before["values"], strict=True)
            parts.append(
                f"values differ by {max(abs(a - b) for a, b in pairs) / now['values'][0]:.0e}"
            )
        parts.append(before.get("error", ""))
    print("; ".join(part for part in parts if part), flush=True)


if __name__ == "__main__":
    main()
